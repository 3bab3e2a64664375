"""The corpus run: shards to workers, resumable at any moment, the same bytes every time."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Future, wait
from dataclasses import asdict
from itertools import chain
from pathlib import Path
from typing import Any

from sayso.artifact import load_artifact
from sayso.classifier import locate_model
from sayso.corpus import Tally
from sayso.engine import check_engine
from sayso.engines import DEFAULT_ENGINE
from sayso.errors import OutputError
from sayso.manifest import DONE, ERRORS, claim_folder, describe, publish, sync
from sayso.pools import Job, OpenPool, Pool, ProcessPool
from sayso.readers import Fault, ReadOptions, read_all
from sayso.shards import Layout, Shard, carried_types, cut

SHARD_CHARACTERS = 2_000_000  # about half a minute of one core: little is lost, little is overhead
Progress = Callable[[Tally], None]


def run_corpus(
    files: Sequence[str], folder: Path, model: str | None, options: ReadOptions, workers: int | None = None,
    overwrite: bool = False, shard_characters: int = SHARD_CHARACTERS, progress: Progress = lambda _: None,
    on_fault: Callable[[Fault], None] = lambda _: None, engine: str = DEFAULT_ENGINE,
    open_pool: OpenPool = ProcessPool,
) -> Tally:  # fmt: skip
    """Score files into a folder; the same call again goes on where it was stopped.

    `workers` None takes as many as the pool finds cores; the pool does not change the bytes. `on_fault` is called
    with each fault of the input, in its order, once all is scored.

    Raises:
        OutputError: when the folder holds another run, a worker dies, or the disk is full; what is complete stays.
        InputError: when a file as a whole cannot be read.
        ConfigError, MissingExtraError, ArtifactError: when the engine cannot run the model.
    """
    path = locate_model(model)
    artifact = load_artifact(path)
    check_engine(engine, artifact)
    layout = Layout(folder, artifact.digest)
    shards = cut(read_all(files, options), shard_characters, options)
    first = next(shards, Shard(0, (), ()))
    manifest = describe(files, layout.model, options, shard_characters, carried_types(first.documents), engine)
    tally = Tally()
    try:
        claim_folder(folder, manifest, overwrite)
        (folder / DONE).mkdir(exist_ok=True)
        job = Job(path, layout, options.unit == "sentence", manifest.carried, engine)
        number = _score_all(chain([first], shards), layout, open_pool(job, workers), tally, progress)
        _write_errors(folder / ERRORS, layout, number, on_fault)
    except BrokenExecutor as error:
        raise OutputError("a worker died (out of memory?); type the same command again to go on") from error
    except OSError as error:
        raise OutputError(f"cannot write: {error}; make room and type the same command again to go on") from error
    return tally


def _score_all(shards: Iterator[Shard], layout: Layout, pool: Pool, tally: Tally, progress: Progress) -> int:
    """Label the shards that have no marker yet, count all of them into `tally`; return how many there are."""
    waiting: dict[Future[bytes], int] = {}
    number = 0
    try:
        for shard in shards:
            number += 1
            if layout.marker(shard.index).exists():
                _count(layout, shard.index, tally)
                continue
            waiting[pool.submit(shard)] = shard.index
            if len(waiting) > pool.workers:  # one shard waits for the next free worker; more would only fill memory
                _collect(waiting, layout, tally)
                progress(tally)
        while waiting:
            _collect(waiting, layout, tally)
            progress(tally)
    finally:
        pool.shutdown()
    return number


def _collect(waiting: dict[Future[bytes], int], layout: Layout, tally: Tally) -> None:
    done, _ = wait(waiting, return_when=FIRST_COMPLETED)
    for future in done:
        index = waiting.pop(future)
        future.result()
        _count(layout, index, tally)


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
