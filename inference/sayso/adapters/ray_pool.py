"""A corpus run on a Ray cluster: shards become tasks, started again elsewhere when a worker or machine dies."""

from __future__ import annotations

import shutil
import socket
from concurrent.futures import BrokenExecutor, Future
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import uuid4

from sayso import __version__
from sayso.adapters.model_files import ModelFiles, load_packed, pack_model
from sayso.classifier import Classifier
from sayso.errors import ConfigError, MissingExtraError, OutputError
from sayso.manifest import ATTEMPTS, MANIFEST, publish
from sayso.pools import Job, OpenPool
from sayso.shards import Layout, Shard, score_shard

RETRIES = 3  # of one shard, for workers that die; an error that Python raises is not tried again
DRAIN_SECONDS = 60.0  # how long a shutdown waits for workers to let go of the folder


@dataclass(frozen=True, slots=True)
class _Order:
    """What a task must know besides its shard: the job, where the model is in the object store, whose version asks."""

    job: Job
    model: Any
    version: str


def ray_pool(address: str) -> OpenPool:
    """Return a way to open a pool on the cluster at `auto`, `local` (a new one on this machine) or `ray://HOST:PORT`.

    Raises:
        MissingExtraError: without Ray.
    """
    try:
        import ray  # noqa: F401
    except ImportError as error:
        raise MissingExtraError("scoring on Ray", "ray") from error
    return lambda job, workers: RayPool(job, workers, address)


class RayPool:
    """Scores each shard in a Ray task of one CPU; workers write into the run's folder, which they must all see."""

    def __init__(self, job: Job, workers: int | None, address: str) -> None:
        import ray

        self._owned = _connect(address, workers)
        self.workers = workers or max(int(ray.cluster_resources().get("CPU", 1)), 1)
        layout = replace(job.layout, folder=job.layout.folder.absolute())
        self._attempts = layout.folder / ATTEMPTS
        model = ray.put(pack_model(job.model, job.engine))
        self._order = _Order(replace(job, layout=layout), model, __version__)
        self._task = ray.remote(_work).options(num_cpus=1, max_retries=RETRIES)
        self._open: dict[Any, Future[bytes]] = {}

    def submit(self, shard: Shard) -> Future[bytes]:
        """Score a shard in a task; the future fails with `BrokenExecutor` when Ray gave up on it."""
        found: Future[bytes] = Future()
        reference = self._task.remote(self._order, shard)
        self._open[reference] = found
        reference.future().add_done_callback(lambda done: self._settle(reference, done))
        return found

    def _settle(self, reference: Any, done: Future[bytes]) -> None:
        found = self._open.pop(reference)
        error = done.exception()
        if error is None:
            found.set_result(done.result())
        else:
            found.set_exception(_plain(error))

    def shutdown(self) -> None:
        """Cancel what is open (Ray cannot tell what has begun) and wait until no task writes any more."""
        import ray

        references = list(self._open)
        for reference in references:
            ray.cancel(reference)
        if references:
            ray.wait(references, num_returns=len(references), timeout=DRAIN_SECONDS)
        shutil.rmtree(self._attempts, ignore_errors=True)
        if self._owned:
            ray.shutdown()


def _connect(address: str, workers: int | None) -> bool:
    """Connect to a cluster; say whether this call did it."""
    import ray

    if ray.is_initialized():
        return False
    own = {"num_cpus": workers, "include_dashboard": False} if address == "local" else {}
    try:
        ray.init(address=address, log_to_driver=False, **own)
    except Exception as error:  # Ray raises its own types, and plain ones for a node that does not start
        remedy = "type it again when the machine is less busy" if own else "start one: ray start --head, or --ray local"
        raise ConfigError(f"no Ray cluster at {address!r}: {error}; {remedy}") from error
    return True


def _plain(error: BaseException) -> BaseException:
    """Return what a task raised as Python has it, and what became of its worker as `BrokenExecutor`."""
    from ray.exceptions import RayTaskError

    if isinstance(error, RayTaskError):
        cause: BaseException = error.cause
        return cause
    return BrokenExecutor(str(error))


_models: dict[Any, tuple[Classifier, TemporaryDirectory[str]]] = {}


def _work(order: _Order, shard: Shard) -> bytes:
    """Score one shard; runs on any machine of the cluster."""
    job = order.job
    _check_machine(job.layout.folder, order.version)
    marker = job.layout.marker(shard.index)
    if not marker.exists():  # an earlier attempt may have got as far as that
        _score_apart(shard, _classifier(order), job)
    return marker.read_bytes()


def _check_machine(folder: Path, version: str) -> None:
    if not (folder / MANIFEST).exists():
        raise OutputError(
            f"{socket.gethostname()} does not see {folder}; with --ray every machine writes into the folder: "
            "name one on a file system that all of them mount at the same path"
        )
    if version != __version__:
        raise OutputError(
            f"{socket.gethostname()} has sayso {__version__}, this run is of sayso {version}; install the same there"
        )


def _classifier(order: _Order) -> Classifier:
    if order.model not in _models:
        import ray

        files: ModelFiles = ray.get(order.model)
        _models.clear()
        _models[order.model] = load_packed(files, order.job.engine)
    return _models[order.model][0]


def _score_apart(shard: Shard, classifier: Classifier, job: Job) -> None:
    """Score into a folder of this attempt, then move the files, the marker last.

    A machine that Ray gave up may only be cut off and still write: two attempts must not share a file.
    """
    apart = Layout(job.layout.folder / ATTEMPTS / uuid4().hex, job.layout.model)
    apart.marker(shard.index).parent.mkdir(parents=True)
    score_shard(shard, classifier, apart, job.whole, job.carried)
    for source, target in zip(_files(apart, shard.index), _files(job.layout, shard.index), strict=True):
        target.parent.mkdir(parents=True, exist_ok=True)
        publish(source, target)
    shutil.rmtree(apart.folder)


def _files(layout: Layout, index: int) -> tuple[Path, Path, Path]:
    return layout.table("sentences", index), layout.table("documents", index), layout.marker(index)
