"""The MLflow run above several: seeds of one configuration, or trials of one study."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import mlflow
from mlflow.entities import Metric, Param

from sayso_training.tracking import TrackingError, environment, flatten, git_state, reaching_store

BATCH = 500  # metrics that MLflow takes at once; it takes 1000, and 100 parameters
PARAMETERS = 100
AGAIN = "(type the same command with --resume when it is back)"


def open_parent(config: dict[str, Any], name: str, experiment: str, uri: str, run_id: str | None) -> str:
    """Create a run that is not the active one, or open it again; return its id.

    Raises:
        TrackingError: when the store refuses.
    """
    with reaching_store(f"{uri} before training (start it, or name another with --tracking-uri)"):
        mlflow.set_tracking_uri(uri)
        client = mlflow.MlflowClient()
        if run_id is not None:
            client.update_run(run_id, status="RUNNING")
            return run_id
        number = mlflow.set_experiment(experiment).experiment_id
        tags = {**git_state(), **{f"env.{key}": value for key, value in environment().items()}}
        run_id = str(client.create_run(number, tags=tags, run_name=name).info.run_id)
        _log_config(client, run_id, config)
    return run_id


def _log_config(client: mlflow.MlflowClient, run_id: str, config: dict[str, Any]) -> None:
    parameters = [Param(key, str(value)) for key, value in flatten(config).items()]
    for first in range(0, len(parameters), PARAMETERS):
        client.log_batch(run_id, params=parameters[first : first + PARAMETERS])
    client.log_dict(run_id, config, "config.json")


def log_to_parent(run_id: str, numbers: dict[str, float], step: int = 0) -> None:
    """Log numbers to a run that is not the active one.

    Raises:
        TrackingError: when the store is lost.
    """
    now = int(time.time() * 1000)
    rows = [Metric(key, value, now, step) for key, value in numbers.items()]
    with reaching_store(AGAIN):
        for first in range(0, len(rows), BATCH):
            mlflow.MlflowClient().log_batch(run_id, metrics=rows[first : first + BATCH])


@contextmanager
def close_parent(run_id: str) -> Iterator[None]:
    """End the run as FINISHED, or as FAILED (KILLED by the keyboard) when what is below it stops early."""
    try:
        yield
    except BaseException as error:
        if not isinstance(error, TrackingError):  # where the store is gone, do not wait for it once more
            with suppress(Exception):
                status = "KILLED" if isinstance(error, KeyboardInterrupt) else "FAILED"
                mlflow.MlflowClient().set_terminated(run_id, status)
        raise
    with reaching_store(AGAIN):
        mlflow.MlflowClient().set_terminated(run_id)
