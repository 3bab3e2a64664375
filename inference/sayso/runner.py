"""The corpus run: shards to worker processes, resumable at any moment, the same bytes every time."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from itertools import chain
from multiprocessing import get_context
from pathlib import Path

from sayso.artifact import load_artifact
from sayso.classifier import Classifier, locate_model
from sayso.corpus import Tally
from sayso.engine import check_engine
from sayso.engines import DEFAULT_ENGINE
from sayso.errors import OutputError
from sayso.manifest import DONE, ERRORS, Manifest, claim_folder, describe, write_whole
from sayso.readers import Fault, ReadOptions, read
from sayso.shards import Layout, Shard, carried_types, cut, score_shard

SHARD_CHARACTERS = 2_000_000  # about half a minute of one core: little is lost, little is overhead
Progress = Callable[[Tally], None]


def run_corpus(
    files: Sequence[str], folder: Path, model: str | None, options: ReadOptions, workers: int,
    overwrite: bool = False, shard_characters: int = SHARD_CHARACTERS, progress: Progress = lambda _: None,
    engine: str = DEFAULT_ENGINE,
) -> Tally:  # fmt: skip
    """Score files into a folder; the same call again goes on where it was stopped.

    Raises:
        OutputError: when the folder holds another run, a worker dies, or the disk is full; what is complete stays.
        InputError: when a file as a whole cannot be read.
        ConfigError, MissingExtraError, ArtifactError: when the engine cannot run the model.
    """
    path = locate_model(model)
    artifact = load_artifact(path)
    check_engine(engine, artifact)
    layout = Layout(folder, artifact.digest)
    shards = cut(chain.from_iterable(read(file, options) for file in files), shard_characters)
    first = next(shards, Shard(0, (), ()))
    manifest = describe(files, layout.model, options, shard_characters, carried_types(first.documents), engine)
    claim_folder(folder, manifest, overwrite)
    (folder / DONE).mkdir(exist_ok=True)
    tally = Tally()
    job = _Job(path, layout, options.unit == "sentence", manifest, engine)
    _score_all(chain([first], shards), job, workers, tally, progress)
    _write_errors(folder, tally.faults)
    return tally


class _Job:
    """What every worker must know."""

    def __init__(self, model: Path, layout: Layout, whole: bool, manifest: Manifest, engine: str) -> None:
        self.model, self.layout, self.whole, self.carried = model, layout, whole, manifest.carried
        self.engine = engine


def _score_all(shards: Iterator[Shard], job: _Job, workers: int, tally: Tally, progress: Progress) -> None:
    waiting: dict[Future[int], int] = {}
    indices: list[int] = []
    with ProcessPoolExecutor(workers, get_context("spawn"), _start_worker, (job,)) as pool:
        try:
            for shard in shards:
                indices.append(shard.index)
                if job.layout.marker(shard.index).exists():
                    continue
                waiting[pool.submit(_work, shard)] = shard.index
                if len(waiting) > workers:  # one shard waits for each free worker; more would only fill memory
                    _collect(waiting, FIRST_COMPLETED)
                    progress(_count(job.layout, indices, set(waiting.values())))
            while waiting:
                _collect(waiting, FIRST_COMPLETED)
                progress(_count(job.layout, indices, set(waiting.values())))
        except KeyboardInterrupt:
            pool.shutdown(wait=True, cancel_futures=True)
            raise
    final = _count(job.layout, indices, set())
    tally.documents, tally.labels, tally.faults = final.documents, final.labels, final.faults


def _collect(waiting: dict[Future[int], int], until: str) -> None:
    done, _ = wait(waiting, return_when=until)
    for future in done:
        waiting.pop(future)
        try:
            future.result()
        except BrokenProcessPool as error:
            raise OutputError("a worker died (out of memory?); type the same command again to go on") from error
        except OSError as error:
            raise OutputError(f"cannot write: {error}; make room and type the same command again to go on") from error


def _count(layout: Layout, indices: Sequence[int], open_shards: set[int]) -> Tally:
    tally = Tally()
    for index in indices:
        if index in open_shards:
            continue
        found = json.loads(layout.marker(index).read_text(encoding="utf-8"))
        tally.documents += found["documents"]
        tally.labels.update(found["labels"])
        tally.faults += [Fault(**fault) for fault in found["faults"]]
    return tally


def _write_errors(folder: Path, faults: Sequence[Fault]) -> None:
    lines = (json.dumps({"file": f.file, "line": f.line, "reason": f.reason}, ensure_ascii=False) for f in faults)
    write_whole(folder / ERRORS, "".join(line + "\n" for line in lines).encode("utf-8", "replace"))


_worker: tuple[Classifier, _Job] | None = None


def _start_worker(job: _Job) -> None:
    global _worker
    os.environ["TOKENIZERS_PARALLELISM"] = "false"  # the workers share the cores already
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides; a shard begun is finished
    _worker = (Classifier.load(job.model, threads=1, engine=job.engine), job)


def _work(shard: Shard) -> int:
    assert _worker is not None
    classifier, job = _worker
    score_shard(shard, classifier, job.layout, job.whole, job.carried)
    return shard.index
