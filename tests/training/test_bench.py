"""The benchmark runs end to end and writes every number that it promises."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from sayso.errors import InputError, OutputError
from sayso_training.bench import BASELINE, SORTED, read_sentences
from sayso_training.bench_cli import bench

FIELDS = {
    "sentences", "sentences_per_second", "slowest", "fastest", "sentences_per_cpu_second", "stages", "peak_bytes",
    "of_ceiling", "ratio", "ratio_sorted", "agreement_fp32",
}  # fmt: skip


def test_bench_writes_json_and_plot(tmp_path: Path) -> None:
    rows = tmp_path / "rows.jsonl"
    texts = [
        "Rain fell. The mayor said that roads may close.",
        "Snow fell on the pass.",
        "Nobody was hurt, police said.",
    ]
    rows.write_text("".join(json.dumps({"id": f"d{i}", "text": text}) + "\n" for i, text in enumerate(texts)))
    out = tmp_path / "bench.json"
    done = CliRunner().invoke(bench, [str(rows), "--rounds", "1", "--out", str(out)], standalone_mode=False)
    assert done.exception is None, done.exception
    found = json.loads(out.read_text())
    assert {BASELINE, SORTED, "onnxruntime"} <= set(found["contenders"])
    for row in found["contenders"].values():
        assert set(row) == FIELDS
        assert row["sentences"] == 4 and row["agreement_fp32"] is None
        assert row["slowest"] == row["fastest"] > 0 and row["peak_bytes"] > 1e7
        assert set(row["stages"]) == {"split", "tokenise", "inference", "decode", "write"}
        assert sum(row["stages"].values()) == pytest.approx(1)
        assert set(row["of_ceiling"]) == {"int8", "bf16"}
    assert found["contenders"][BASELINE]["ratio"] == 1
    assert out.with_suffix(".png").read_bytes().startswith(b"\x89PNG")
    assert "agreement with fp32 was not measured" in done.output


def test_bench_does_not_overwrite(tmp_path: Path) -> None:
    out = tmp_path / "bench.json"
    out.write_text("{}")
    done = CliRunner().invoke(bench, ["--out", str(out)], standalone_mode=False)
    assert isinstance(done.exception, OutputError)
    assert out.read_text() == "{}"


def test_a_file_without_text_is_refused(tmp_path: Path) -> None:
    rows = tmp_path / "rows.jsonl"
    rows.write_text('{"id":"a","text":"..."}\n')
    with pytest.raises(InputError, match="holds no sentence"):
        read_sentences(rows, 10)
