"""The corpus run: shards to a pool of workers, resumable at any moment, the same bytes every time."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Future, wait
from itertools import chain
from pathlib import Path

from sayso.artifact import load_artifact
from sayso.classifier import locate_model
from sayso.corpus import Tally
from sayso.errors import OutputError
from sayso.manifest import DONE, ERRORS, claim_folder, describe, write_whole
from sayso.pools import Job, OpenPool, Pool, ProcessPool
from sayso.readers import Fault, ReadOptions, read
from sayso.shards import Layout, Shard, carried_types, cut

SHARD_CHARACTERS = 2_000_000  # about half a minute of one core: little is lost, little is overhead
Progress = Callable[[Tally], None]


def run_corpus(
    files: Sequence[str], folder: Path, model: str | None, options: ReadOptions, workers: int | None = None,
    overwrite: bool = False, shard_characters: int = SHARD_CHARACTERS, progress: Progress = lambda _: None,
    open_pool: OpenPool = ProcessPool,
) -> Tally:  # fmt: skip
    """Score files into a folder; the same call again goes on where it was stopped.

    `workers` None takes as many as the pool finds cores. The pool does not change the bytes.

    Raises:
        OutputError: when the folder holds another run, a worker dies, or the disk is full; what is complete stays.
        InputError: when a file as a whole cannot be read.
    """
    path = locate_model(model)
    layout = Layout(folder, load_artifact(path).digest)
    shards = cut(chain.from_iterable(read(file, options) for file in files), shard_characters)
    first = next(shards, Shard(0, (), ()))
    manifest = describe(files, layout.model, options, shard_characters, carried_types(first.documents))
    claim_folder(folder, manifest, overwrite)
    (folder / DONE).mkdir(exist_ok=True)
    tally = Tally()
    pool = open_pool(Job(path, layout, options.unit == "sentence", manifest.carried), workers)
    try:
        _score_all(chain([first], shards), layout, pool, tally, progress)
    finally:
        pool.shutdown()
    _write_errors(folder, tally.faults)
    return tally


def _score_all(shards: Iterator[Shard], layout: Layout, pool: Pool, tally: Tally, progress: Progress) -> None:
    waiting: dict[Future[bytes], int] = {}
    faults: dict[int, list[Fault]] = {}
    for shard in shards:
        if layout.marker(shard.index).exists():
            faults[shard.index] = _add(tally, layout.marker(shard.index).read_bytes())
            continue
        waiting[pool.submit(shard)] = shard.index
        if len(waiting) > pool.workers:  # one shard waits for the next free worker; more would only fill memory
            faults |= _collect(waiting, tally)
            progress(tally)
    while waiting:
        faults |= _collect(waiting, tally)
        progress(tally)
    tally.faults = list(chain.from_iterable(faults[index] for index in sorted(faults)))


def _collect(waiting: dict[Future[bytes], int], tally: Tally) -> dict[int, list[Fault]]:
    done, _ = wait(waiting, return_when=FIRST_COMPLETED)
    try:
        return {waiting.pop(future): _add(tally, future.result()) for future in done}
    except BrokenExecutor as error:
        raise OutputError("a worker died (out of memory?); type the same command again to go on") from error
    except OSError as error:
        raise OutputError(f"cannot write: {error}; make room and type the same command again to go on") from error


def _add(tally: Tally, marker: bytes) -> list[Fault]:
    """Add what a shard's marker says to the tally; return its faults, which come in no order."""
    found = json.loads(marker)
    faults = [Fault(**fault) for fault in found["faults"]]
    tally.documents += found["documents"]
    tally.labels.update(found["labels"])
    tally.faults += faults
    return faults


def _write_errors(folder: Path, faults: Sequence[Fault]) -> None:
    lines = (json.dumps({"file": f.file, "line": f.line, "reason": f.reason}, ensure_ascii=False) for f in faults)
    write_whole(folder / ERRORS, "".join(line + "\n" for line in lines).encode("utf-8", "replace"))
