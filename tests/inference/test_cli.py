"""The command as a user types it."""

import json
import subprocess
import sys
from pathlib import Path

import pandas as pd
import polars as pl
import pyarrow.parquet as pq
import pytest

TEXT = "The army reportedly shelled the town. “We ran,” said Nadia Petrov. The school reopens on Monday."


def sayso(*words: str, stdin: str | bytes = "") -> subprocess.CompletedProcess[str]:
    data = stdin.encode() if isinstance(stdin, str) else stdin
    done = subprocess.run([sys.executable, "-m", "sayso", *words], input=data, capture_output=True, check=False)
    return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    path = tmp_path / "rows.jsonl"
    path.write_text(json.dumps({"id": "a1", "text": TEXT, "outlet": "Pier", "n": 3}) + "\n")
    return path


def test_standard_input_to_records() -> None:
    done = sayso("score", "-", stdin=TEXT)
    assert done.returncode == 0
    records = [json.loads(line) for line in done.stdout.splitlines()]
    assert [r["label"] for r in records] == ["hedge", "claim", "fact"]
    assert all(TEXT[r["start"] : r["end"]] == r["text"] for r in records)
    assert records[0]["model"].startswith("sha256:")


def test_jsonl_and_parquet_hold_the_same(rows: Path, tmp_path: Path) -> None:
    for name in ("out.jsonl", "out.jsonl.zst", "out.jsonl.gz", "out.parquet"):
        assert sayso("score", str(rows), "--out", str(tmp_path / name)).returncode == 0
        assert not (tmp_path / (name + ".partial")).exists()
    lines = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert lines == pq.read_table(tmp_path / "out.parquet").to_pylist()
    assert lines[0]["outlet"] == "Pier"
    assert lines[0]["n"] == 3
    assert pd.read_parquet(tmp_path / "out.parquet")["label"].tolist() == [r["label"] for r in lines]
    assert pl.read_parquet(tmp_path / "out.parquet")["label"].to_list() == [r["label"] for r in lines]


def test_table(rows: Path) -> None:
    done = sayso("score", str(rows), "--table")
    assert "hedge" in done.stdout
    assert "1 documents, 3 sentences" in done.stderr


def test_sentence_unit_keeps_lines_whole(tmp_path: Path) -> None:
    (tmp_path / "lines.txt").write_text("One fell. Two rose.\nThree stayed.\n")
    done = sayso("score", str(tmp_path / "lines.txt"), "--unit", "sentence")
    assert [json.loads(line)["text"] for line in done.stdout.splitlines()] == ["One fell. Two rose.", "Three stayed."]


def test_broken_line_is_told_and_status_is_1(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('{"text":"Rain fell."}\n{broken\n')
    done = sayso("score", str(path))
    assert done.returncode == 1
    assert "rows.jsonl:2: broken JSON" in done.stderr
    assert len(done.stdout.splitlines()) == 1


def test_output_that_exists_is_kept(rows: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    out.write_text("precious")
    done = sayso("score", str(rows), "--out", str(out))
    assert done.returncode == 2
    assert "--overwrite" in done.stderr
    assert out.read_text() == "precious"
    assert sayso("score", str(rows), "--out", str(out), "--overwrite").returncode == 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["score", "gone.txt"], "no such file: gone.txt"),
        (["score", "-", "--out", "x.xlsx"], "unknown output format"),
        (["score", "-", "--out", "no/such/x.jsonl"], "no folder no/such"),
        (["score", "-", "--model", "nowhere"], "no model directory nowhere"),
        (["score"], "Missing argument"),
        (["scoer"], "No such command"),
        (["score", "-", "--unit", "word"], "'word' is not one of"),
    ],
)
def test_wrong_arguments_end_with_2_and_one_message(words: list[str], message: str) -> None:
    done = sayso(*words, stdin=TEXT)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_empty_document_is_no_error() -> None:
    done = sayso("score", "-")
    assert (done.returncode, done.stdout) == (0, "")


def test_lone_surrogate_in_json_is_reported() -> None:
    done = sayso("score", "-", "--format", "jsonl", stdin='{"text":"a \\ud800 b"}\n{"text":"Rain fell."}\n')
    assert done.returncode == 1
    assert len(done.stdout.splitlines()) == 1


def test_report_writes_one_page_per_document(rows: Path, tmp_path: Path) -> None:
    assert sayso("report", str(rows), "--out", str(tmp_path / "page.html")).returncode == 0
    assert "The school reopens on Monday." in (tmp_path / "page.html").read_text()
    assert sayso("report", str(rows), "--out", str(tmp_path / "page.html")).returncode == 2


def test_every_command_has_help_with_an_example() -> None:
    for command in ("score", "report", "train", "evaluate", "export"):
        done = sayso(command, "--help")
        assert done.returncode == 0
        assert "Example: sayso" in done.stdout, command
