"""Where the shards of a corpus run are scored: a pool of worker processes here, or whatever else keeps the protocol."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Protocol

from sayso.classifier import Classifier
from sayso.engines import DEFAULT_ENGINE
from sayso.shards import Layout, Shard, score_shard


@dataclass(frozen=True, slots=True)
class Job:
    """What every worker must know; `whole` takes a document for one sentence, `carried` are column types."""

    model: Path
    layout: Layout
    whole: bool
    carried: dict[str, str]
    engine: str = DEFAULT_ENGINE


class Pool(Protocol):
    """Scores shards elsewhere; a future fails with `BrokenExecutor` when its worker died for good."""

    @property
    def workers(self) -> int:
        """Return the number of shards that are scored at once."""
        ...

    def submit(self, shard: Shard) -> Future[bytes]:
        """Score a shard; the future has the marker's content once tables and marker are written."""
        ...

    def shutdown(self) -> None:
        """Drop what has not begun and return when no worker writes any more."""
        ...


OpenPool = Callable[[Job, int | None], Pool]


class ProcessPool:
    """One process a core (or as many as asked), each with its own model."""

    def __init__(self, job: Job, workers: int | None = None) -> None:
        self.workers = workers or os.cpu_count() or 1
        self._pool = ProcessPoolExecutor(self.workers, get_context("spawn"), _start_worker, (job,))

    def submit(self, shard: Shard) -> Future[bytes]:
        """Score a shard in a worker process."""
        return self._pool.submit(_work, shard)

    def shutdown(self) -> None:
        """Drop what waits and let what was begun finish."""
        self._pool.shutdown(cancel_futures=True)


_worker: tuple[Classifier, Job] | None = None


def _start_worker(job: Job) -> None:
    global _worker
    os.environ["TOKENIZERS_PARALLELISM"] = "false"  # the workers share the cores already
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides; a shard begun is finished
    _worker = (Classifier.load(job.model, threads=1, engine=job.engine), job)


def _work(shard: Shard) -> bytes:
    assert _worker is not None
    classifier, job = _worker
    score_shard(shard, classifier, job.layout, job.whole, job.carried)
    return job.layout.marker(shard.index).read_bytes()
