"""A corpus run resumes, refuses another run, and writes the same bytes whatever happens to it."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest

from sayso import manifest
from sayso.errors import OutputError
from sayso.readers import Fault, ReadOptions
from sayso.runner import run_corpus

SAMPLE = Path(__file__).resolve().parents[2] / "data" / "sample" / "articles.jsonl"
SMALL = 1500  # characters a shard: about two articles


def run(folder: Path, workers: int = 2, **options: object) -> None:
    run_corpus([str(SAMPLE)], folder, None, ReadOptions(**options), workers, shard_characters=SMALL)  # type: ignore[arg-type]


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole") / "out"
    run(folder)
    return folder


def test_tables_read_as_datasets(whole: Path) -> None:
    sentences = ds.dataset(whole / "sentences", partitioning="hive").to_table().to_pylist()
    documents = ds.dataset(whole / "documents", partitioning="hive").to_table().to_pylist()
    articles = {row["id"]: row for row in map(json.loads, SAMPLE.read_text().splitlines())}
    assert {d["doc_id"] for d in documents} == set(articles)
    assert all(articles[s["doc_id"]]["text"][s["start"] : s["end"]] == s["text"] for s in sentences)
    assert sum(d["sentences"] for d in documents) == len(sentences)
    assert all(s["outlet"] == articles[s["doc_id"]]["outlet"] for s in sentences)
    assert all(s["input_bias"] == articles[s["doc_id"]]["bias"] for s in sentences)
    assert all(sum(d["counts"].values()) == d["sentences"] for d in documents)


def test_workers_do_not_change_the_bytes(whole: Path, tmp_path: Path) -> None:
    run(tmp_path / "out", workers=1)
    assert contents(tmp_path / "out") == contents(whole)


def test_rerun_scores_only_what_is_missing(whole: Path, tmp_path: Path) -> None:
    run(tmp_path / "out")
    markers = sorted((tmp_path / "out" / "_done").iterdir())
    assert len(markers) > 5
    markers[3].unlink()
    before = {p: p.stat().st_mtime_ns for p in markers if p.exists()}
    run(tmp_path / "out")
    assert contents(tmp_path / "out") == contents(whole)
    assert {p: p.stat().st_mtime_ns for p in before} == before


SCRIPT = """
import sys
from pathlib import Path
from sayso.readers import ReadOptions
from sayso.runner import run_corpus
if __name__ == "__main__":
    source, out, size = sys.argv[1:]
    run_corpus([source], Path(out), None, ReadOptions(), 2, shard_characters=int(size))
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_stopped_run_goes_on_to_the_same_bytes(whole: Path, tmp_path: Path, number: int) -> None:
    script, out = tmp_path / "go.py", tmp_path / "out"
    script.write_text(SCRIPT)
    for _ in range(3):
        command = [sys.executable, str(script), str(SAMPLE), str(out), str(SMALL)]
        started = subprocess.Popen(command, start_new_session=True, stderr=subprocess.DEVNULL)
        time.sleep(random.uniform(0.8, 2.5))
        os.killpg(started.pid, number) if number == signal.SIGKILL else started.send_signal(number)
        started.wait(timeout=60)
    run(out)
    found = {name: data for name, data in contents(out).items() if not name.endswith(".tmp")}
    assert found == contents(whole)


def test_another_run_in_the_same_folder_is_refused_with_the_difference(whole: Path) -> None:
    before = contents(whole)
    with pytest.raises(OutputError, match="options unit: document then, sentence now"):
        run(whole, unit="sentence")
    assert contents(whole) == before


def test_folder_with_other_files_is_refused(tmp_path: Path) -> None:
    (tmp_path / "precious.txt").write_text("x")
    with pytest.raises(OutputError, match="holds other files"):
        run(tmp_path)


def test_a_run_killed_before_its_manifest_goes_on(whole: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "manifest.json.tmp").write_text("{")
    run(tmp_path / "out")
    assert contents(tmp_path / "out") == contents(whole)


def test_overwrite_starts_anew(whole: Path, tmp_path: Path) -> None:
    run(tmp_path / "out", unit="sentence")
    run_corpus([str(SAMPLE)], tmp_path / "out", None, ReadOptions(), 2, overwrite=True, shard_characters=SMALL)
    assert contents(tmp_path / "out") == contents(whole)


def test_command_writes_a_folder_and_reports_faults(tmp_path: Path) -> None:
    rows = tmp_path / "rows.jsonl"
    rows.write_text('{"id":"a","text":"Rain fell.","n":1}\n{broken\n{"id":"b","text":"Snow fell.","n":"two"}\n')
    command = [sys.executable, "-m", "sayso", "score", str(rows), "--out", str(tmp_path / "out")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    faults = [json.loads(line) for line in (tmp_path / "out" / "errors.jsonl").read_text().splitlines()]
    assert [f["reason"].split(":")[0] for f in faults] == ["broken JSON", "column 'n' holds str, not int64"]
    assert ds.dataset(tmp_path / "out" / "sentences").count_rows() == 2


def test_columns_that_come_late_or_are_taken_are_not_lost_in_silence(tmp_path: Path) -> None:
    rows = [
        {"id": "a", "text": "Rain fell.", "counts": 3},
        {"id": "b", "text": "Snow fell.", "desk": "city", "page": 4},
    ]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    faults: list[Fault] = []
    tally = run_corpus(
        [str(tmp_path / "rows.jsonl")], tmp_path / "out", None, ReadOptions(), 1,
        shard_characters=1, on_fault=faults.append,
    )  # fmt: skip
    assert tally.documents == 2 and [(f.line, f.reason) for f in faults] == [
        (2, "columns that the first documents lack: desk, page: left out")
    ]
    table = pq.read_table(tmp_path / "out" / "documents").to_pylist()
    assert [row["input_counts"] for row in table] == [3, None] and table[0]["counts"]["fact"] == 1


def test_a_folder_left_half_cleared_is_still_a_run(
    whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(whole, tmp_path / "out")
    removed: list[str] = []

    def stopped(path: Path) -> None:
        if removed:
            raise OSError("stopped here")
        removed.append(path.name)
        rmtree(path)

    rmtree = shutil.rmtree
    monkeypatch.setattr(manifest.shutil, "rmtree", stopped)
    with pytest.raises(OutputError, match="stopped here"):
        run_corpus([str(SAMPLE)], tmp_path / "out", None, ReadOptions(), 1, overwrite=True, shard_characters=SMALL)
    monkeypatch.undo()
    assert removed == ["_done"]
    run(tmp_path / "out")
    assert contents(tmp_path / "out") == contents(whole)
