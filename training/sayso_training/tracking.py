"""MLflow: every run is tracked, or it does not start."""

from __future__ import annotations

import hashlib
import os
import platform
import re
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

import mlflow
import orjson
from mlflow.exceptions import MlflowException
from sqlalchemy.exc import SQLAlchemyError
from transformers import TrainerCallback

from sayso.errors import SaysoError
from sayso_data.schema import Example
from sayso_training.soft import SoftExample

DEFAULT_URI = "sqlite:///mlflow.db"
RETRIES = "MLFLOW_HTTP_REQUEST_MAX_RETRIES"


class TrackingError(SaysoError):
    """The tracking store cannot be reached or written."""


def start_run(
    config: dict[str, Any], name: str, experiment: str, uri: str, run_id: str | None, parent: str | None = None
) -> str:
    """Start (or with `run_id` continue) an MLflow run, log the resolved config, and return its id.

    `parent` is the id of the run that this one belongs to. Processor, memory, disk and GPU are logged beside.

    Raises:
        TrackingError: when the store refuses, so that nothing trains untracked.
    """
    try:
        mlflow.set_tracking_uri(uri)
        mlflow.set_experiment(experiment)
        run = mlflow.start_run(run_id=run_id, run_name=name, parent_run_id=parent, log_system_metrics=True)
        if run_id is None:
            mlflow.log_params(flatten(config))
        mlflow.log_dict(config, "config.json")
    except Exception as error:
        raise TrackingError(
            f"the tracking store {uri} does not work ({error}); start it, or name another with --tracking-uri"
        ) from error
    return str(run.info.run_id)


@contextmanager
def reaching_store(lost: str) -> Iterator[None]:
    """Turn what MLflow raises into an error that says what was lost and how to go on."""
    try:
        yield
    except (MlflowException, SQLAlchemyError, OSError) as error:  # requests' are OSErrors
        raise TrackingError(f"lost the tracking store {lost}: {error}") from error


@contextmanager
def ending_marked() -> Iterator[None]:
    """End the active run as FAILED (KILLED by the keyboard) when training ends early, so that none seems to run on."""
    try:
        yield
    except BaseException as error:
        with suppress(Exception), _few_retries(isinstance(error, TrackingError)):
            mlflow.end_run("KILLED" if isinstance(error, KeyboardInterrupt) else "FAILED")
        raise


@contextmanager
def _few_retries(gone: bool) -> Iterator[None]:
    """Where the store is gone, do not wait for it once more."""
    before = os.environ.get(RETRIES)
    if gone:
        os.environ[RETRIES] = "0"
    try:
        yield
    finally:
        os.environ.pop(RETRIES, None)
        if before is not None:
            os.environ[RETRIES] = before


def flatten(values: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return nested settings as dotted keys."""
    flat: dict[str, Any] = {}
    for key, value in values.items():
        flat |= flatten(value, f"{prefix}{key}.") if isinstance(value, dict) else {f"{prefix}{key}": value}
    return flat


def metric_names(values: dict[str, Any]) -> dict[str, float]:
    """Return the numbers of `values` under names that MLflow takes."""
    return {re.sub(r"[^A-Za-z0-9_\-. :/]", "_", k): float(v) for k, v in values.items() if isinstance(v, int | float)}


def data_digest(examples: Iterable[Example | SoftExample]) -> str:
    """Return a SHA-256 over every field of every example, in order."""
    digest = hashlib.sha256()
    for example in examples:
        digest.update(orjson.dumps(asdict(example), option=orjson.OPT_SERIALIZE_NUMPY))
    return digest.hexdigest()


def git_state() -> dict[str, str]:
    """Return the commit and whether the tree is dirty; `unknown` outside a repository."""
    here = Path(__file__).parent
    try:
        commit = _git(here, "rev-parse", "HEAD")
        dirty = str(bool(_git(here, "status", "--porcelain"))).lower()
    except (OSError, subprocess.CalledProcessError):
        return {"git_commit": "unknown", "git_dirty": "unknown"}
    return {"git_commit": commit, "git_dirty": dirty}


def _git(folder: Path, *words: str) -> str:
    return subprocess.run(["git", *words], cwd=folder, check=True, capture_output=True, text=True).stdout.strip()


def environment() -> dict[str, str]:
    """Return the versions that a number depends on."""
    packages = ("sayso", "torch", "transformers", "onnxruntime", "numpy", "mlflow")
    return {"python": platform.python_version(), **{name: version(name) for name in packages}}


class LogToMlflow(TrainerCallback):  # type: ignore[misc]
    """Send what the Trainer logs to the active run; an error there stops the training."""

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, Any] | None = None, **kwargs: Any) -> None:
        """Log numbers at the current step."""
        numbers = {k: float(v) for k, v in (logs or {}).items() if isinstance(v, int | float)}
        lost = (
            f"at step {state.global_step} (checkpoints are kept, type the same command with --resume when it is back)"
        )
        with reaching_store(lost):
            mlflow.log_metrics(numbers, step=state.global_step)
