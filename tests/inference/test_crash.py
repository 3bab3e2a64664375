"""Killed or out of disk at any moment, a run says so, keeps what is complete, and ends with the same bytes."""

from __future__ import annotations

import errno
import json
import os
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from sayso import runner
from sayso.errors import OutputError
from sayso.readers import ReadOptions
from sayso.runner import run_corpus

SAMPLE = Path(__file__).resolve().parents[2] / "data" / "sample" / "articles.jsonl"
SMALL = 4000  # characters a shard
# Forks a run twenty times and kills it after a random share of the time that a whole run takes. A model that costs
# nothing, in threads instead of processes, leaves the time to the reading and writing that is tested.
KILLS = """
import os, random, signal, sys, time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
import numpy as np
import pyarrow.parquet
from sayso import pools, runner
from sayso.artifact import DEFAULT_MODEL, load_artifact
from sayso.classifier import Classifier
from sayso.readers import ReadOptions

artifact = load_artifact(DEFAULT_MODEL)

class Zeros:
    token_budget = 1024

    def run(self, batch):
        time.sleep(0.002)
        windows, tokens = batch["input_ids"].shape
        sizes = {head: len(classes) for head, classes in artifact.config.heads.items()} | {"bias": 1}
        logits = {head: np.zeros((windows, size), np.float32) for head, size in sizes.items()}
        return logits | {"tokens": np.zeros((windows, tokens, len(artifact.config.roles)), np.float32)}

classifier = Classifier(artifact, Zeros())
runner.load_artifact = lambda path: artifact
pools.Classifier = type("Loaded", (), {"load": staticmethod(lambda model, threads, engine: classifier)})
pools.signal.signal = lambda *_: None
pools.ProcessPoolExecutor = lambda workers, context, start, arguments: ThreadPoolExecutor(1, "", start, arguments)

def run(folder):
    runner.run_corpus([sys.argv[1]], Path(folder), None, ReadOptions(), 1, shard_characters=2000)

start = time.monotonic()
run(sys.argv[2])
whole = time.monotonic() - start
chance = random.Random(int(sys.argv[4]))
killed = 0
for _ in range(20):
    child = os.fork()
    if child == 0:
        try:
            run(sys.argv[3])
        finally:
            os._exit(0)
    time.sleep(chance.uniform(0, whole / 8))
    os.kill(child, signal.SIGKILL)
    killed += os.WIFSIGNALED(os.waitpid(child, 0)[1])
run(sys.argv[3])
print(killed, len(list(Path(sys.argv[3], "_done").glob("*.json"))))
"""


def contents(folder: Path) -> dict[str, bytes]:
    files = (p for p in sorted(folder.rglob("*")) if p.is_file() and p.suffix != ".tmp")
    return {str(p.relative_to(folder)): p.read_bytes() for p in files}


def sayso(*words: str, limit: int | None = None, stdout: Any = subprocess.PIPE) -> subprocess.CompletedProcess[str]:
    def bound() -> None:
        if limit:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    command = [sys.executable, "-m", "sayso", *words]
    return subprocess.run(command, stdout=stdout, stderr=subprocess.PIPE, text=True, check=False, preexec_fn=bound)


def test_twenty_kills_end_with_the_same_bytes(tmp_path: Path) -> None:
    rows = [json.dumps({"id": str(i), "text": f"Rain fell {i} times. " * 40, "n": i}) for i in range(120)]
    rows[7:7] = rows[70:70] = ["{broken"]
    source = tmp_path / "rows.jsonl"
    source.write_text("\n".join(rows))
    seed = os.environ.get("SAYSO_SEED", "1")
    command = [sys.executable, "-c", KILLS, str(source), str(tmp_path / "whole"), str(tmp_path / "killed"), seed]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    killed, shards = map(int, done.stdout.split())
    assert killed > 0
    assert shards > 30
    assert contents(tmp_path / "killed") == contents(tmp_path / "whole")


def test_a_disk_that_takes_no_more_is_told_and_the_run_goes_on_later(tmp_path: Path) -> None:
    """The size limit of the process stands for the disk: the manifest fits, a table does not."""
    words = ("score", str(SAMPLE), "--threads", "1", "--out")
    full = sayso(*words, str(tmp_path / "out"), limit=6000)
    assert full.returncode == 2
    assert "cannot write" in full.stderr and "make room and type the same command again" in full.stderr
    assert "Traceback" not in full.stderr
    assert "manifest.json" in contents(tmp_path / "out")
    for name in ("out", "whole"):
        assert sayso(*words, str(tmp_path / name)).returncode == 0
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")


@pytest.mark.parametrize("name", ["o.jsonl", "o.jsonl.gz", "o.jsonl.zst", "o.parquet"])
def test_a_file_that_does_not_fit_never_gets_its_name(tmp_path: Path, name: str) -> None:
    done = sayso("score", str(SAMPLE), "--out", str(tmp_path / name), limit=3000)
    assert done.returncode == 2
    assert f"{name} cannot be written" in done.stderr and "Traceback" not in done.stderr
    assert [p.name for p in tmp_path.iterdir()] == [f"{name}.partial"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_full_standard_output_is_one_line() -> None:
    with open("/dev/full", "w") as stdout:
        done = sayso("score", str(SAMPLE), "--quiet", stdout=stdout)
    assert done.returncode == 2
    assert done.stderr.strip() == "sayso: standard output cannot be written: [Errno 28] No space left on device"


@pytest.mark.parametrize("place", ["claim_folder", "_write_errors", "_score_all"])
def test_no_space_anywhere_in_the_run_is_an_output_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    def full(*_: Any) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(runner, "_score_all", lambda *_: 0)
    monkeypatch.setattr(runner, place, full)
    with pytest.raises(OutputError, match="No space left on device; make room and type the same command again"):
        run_corpus([str(SAMPLE)], tmp_path / "out", None, ReadOptions(), 1, shard_characters=SMALL)
