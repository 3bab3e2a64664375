"""The corpus run: shards to worker processes, resumable at any moment, the same bytes every time."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict
from itertools import chain
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from sayso.artifact import load_artifact
from sayso.classifier import Classifier, locate_model
from sayso.corpus import Tally
from sayso.errors import OutputError
from sayso.manifest import DONE, ERRORS, Manifest, claim_folder, describe, publish, sync
from sayso.readers import Fault, ReadOptions, read_all
from sayso.shards import Layout, Shard, carried_types, cut, score_shard

SHARD_CHARACTERS = 2_000_000  # about half a minute of one core: little is lost, little is overhead
Progress = Callable[[Tally], None]


def run_corpus(
    files: Sequence[str], folder: Path, model: str | None, options: ReadOptions, workers: int,
    overwrite: bool = False, shard_characters: int = SHARD_CHARACTERS, progress: Progress = lambda _: None,
    on_fault: Callable[[Fault], None] = lambda _: None,
) -> Tally:  # fmt: skip
    """Score files into a folder; the same call again goes on where it was stopped.

    `on_fault` is called with each fault of the input, in its order, once all is scored.

    Raises:
        OutputError: when the folder holds another run, a worker dies, or the disk is full; what is complete stays.
        InputError: when a file as a whole cannot be read.
    """
    path = locate_model(model)
    layout = Layout(folder, load_artifact(path).digest)
    shards = cut(read_all(files, options), shard_characters, options)
    first = next(shards, Shard(0, (), ()))
    manifest = describe(files, layout.model, options, shard_characters, carried_types(first.documents))
    tally = Tally()
    job = _Job(path, layout, options.unit == "sentence", manifest)
    try:
        claim_folder(folder, manifest, overwrite)
        (folder / DONE).mkdir(exist_ok=True)
        number = _score_all(chain([first], shards), job, workers, tally, progress)
        _write_errors(folder / ERRORS, layout, number, on_fault)
    except BrokenProcessPool as error:
        raise OutputError("a worker died (out of memory?); type the same command again to go on") from error
    except OSError as error:
        raise OutputError(f"cannot write: {error}; make room and type the same command again to go on") from error
    return tally


class _Job:
    """What every worker must know."""

    def __init__(self, model: Path, layout: Layout, whole: bool, manifest: Manifest) -> None:
        self.model, self.layout, self.whole, self.carried = model, layout, whole, manifest.carried


def _score_all(shards: Iterator[Shard], job: _Job, workers: int, tally: Tally, progress: Progress) -> int:
    """Label the shards that have no marker yet, count all of them into `tally`; return how many there are."""
    waiting: dict[Future[int], int] = {}
    number = 0
    with ProcessPoolExecutor(workers, get_context("spawn"), _start_worker, (job,)) as pool:
        try:
            for shard in shards:
                number += 1
                if job.layout.marker(shard.index).exists():
                    _count(job.layout, shard.index, tally)
                    continue
                waiting[pool.submit(_work, shard)] = shard.index
                if len(waiting) > workers:  # one shard waits for each free worker; more would only fill memory
                    _collect(waiting, job.layout, tally)
                    progress(tally)
            while waiting:
                _collect(waiting, job.layout, tally)
                progress(tally)
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise
    return number


def _collect(waiting: dict[Future[int], int], layout: Layout, tally: Tally) -> None:
    done, _ = wait(waiting, return_when=FIRST_COMPLETED)
    for future in done:
        waiting.pop(future)
        _count(layout, future.result(), tally)


def _marker(layout: Layout, index: int) -> dict[str, Any]:
    path = layout.marker(index)
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return found
    except ValueError as error:
        raise OutputError(f"{path} is damaged ({error}); remove it and type the same command again") from error


def _count(layout: Layout, index: int, tally: Tally) -> None:
    found = _marker(layout, index)
    tally.documents += found["documents"]
    tally.labels.update(found["labels"])
    tally.faults += len(found["faults"])


def _write_errors(path: Path, layout: Layout, shards: int, on_fault: Callable[[Fault], None]) -> None:
    """Write the faults of all shards, one JSON object a line, in the order of the input."""
    partial = path.with_name(path.name + ".tmp")
    with partial.open("wb") as stream:
        for index in range(shards):
            for values in _marker(layout, index)["faults"]:
                fault = Fault(**values)
                stream.write(json.dumps(asdict(fault), ensure_ascii=False).encode("utf-8", "replace") + b"\n")
                on_fault(fault)
        sync(stream.fileno())
    publish(partial, path)


_worker: tuple[Classifier, _Job] | None = None


def _start_worker(job: _Job) -> None:
    global _worker
    os.environ["TOKENIZERS_PARALLELISM"] = "false"  # the workers share the cores already
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides; a shard begun is finished
    _worker = (Classifier.load(job.model, threads=1), job)


def _work(shard: Shard) -> int:
    assert _worker is not None
    classifier, job = _worker
    score_shard(shard, classifier, job.layout, job.whole, job.carried)
    return shard.index
