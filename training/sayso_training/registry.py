"""The registered model: versions, aliases, and changes of an alias that two people cannot make at once."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mlflow
from mlflow.exceptions import MlflowException

from sayso.errors import SaysoError
from sayso_training.run_folder import RUN_ID

REGISTERED = "sayso"
REPLACES, REPORT = "replaces", "promotion.json"
STALE = 600  # seconds after which the lock of a process that died is taken away; a change takes seconds
PATIENCE = 60  # seconds to wait for another's change of the alias


class PromotionError(SaysoError):
    """A model cannot be promoted or rolled back."""


@dataclass(frozen=True, slots=True)
class Place:
    """One alias of one registered model."""

    name: str
    alias: str

    @property
    def lock(self) -> str:
        """Return the name of the registered model that stands for the right to change this alias."""
        return f"{self.name}-{self.alias}-lock"


def find_run(run: str) -> str:
    """Return the MLflow run id of an id or a run folder.

    Raises:
        PromotionError: when the store has no such run, or it did not finish.
    """
    file = Path(run) / RUN_ID
    run_id = file.read_text(encoding="utf-8").strip() if file.exists() else run
    try:
        found = mlflow.MlflowClient().get_run(run_id)
    except MlflowException as error:
        raise PromotionError(
            f"{mlflow.get_tracking_uri()} has no run {run_id} ({error.error_code}); name a run id or a folder of "
            "sayso train, and its --tracking-uri"
        ) from error
    if found.info.status != "FINISHED":
        raise PromotionError(
            f"run {run_id} is {found.info.status}, not FINISHED; end it with: sayso train CONFIG --resume"
        )
    return run_id


def logged_model(run_id: str) -> Any:
    """Return the whole MLflow model of a run.

    Raises:
        PromotionError: when the run has none.
    """
    client = mlflow.MlflowClient()
    experiment = client.get_run(run_id).info.experiment_id
    found = client.search_logged_models([experiment], f"source_run_id = '{run_id}'")
    ready = [model for model in found if model.status == "READY"]
    if not ready:
        raise PromotionError(f"run {run_id} has no model; promote a run of sayso train, not one above several")
    return ready[0]


def alias_version(place: Place) -> Any | None:
    """Return the version that an alias names, None when there is none."""
    try:
        return mlflow.MlflowClient().get_model_version_by_alias(place.name, place.alias)
    except MlflowException as error:
        if error.error_code in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
            return None
        raise


def version_of_run(name: str, run_id: str) -> Any | None:
    """Return the newest version of a run, None when it is not registered."""
    versions = mlflow.MlflowClient().search_model_versions(f"name = '{name}' and run_id = '{run_id}'")
    return max(versions, key=lambda version: int(version.version), default=None)


def set_alias(place: Place, run_id: str, expected: str | None, tags: dict[str, str]) -> str:
    """Register the model of a run with `tags`, give it the alias, and return its version.

    `expected` is the version that the alias named when the decision was made. A version comes into being by one
    request, whole and with its tags; the alias follows by another.

    Raises:
        PromotionError: when the alias meanwhile names another version, or another change does not end.
    """
    client = mlflow.MlflowClient()
    with suppress(MlflowException):  # it is there
        client.create_registered_model(place.name)
    with locked(place):
        check_unchanged(place, expected)
        version = version_of_run(place.name, run_id)
        if version is None:
            model = logged_model(run_id)
            version = client.create_model_version(
                place.name, f"models:/{model.model_id}", run_id, tags=tags, model_id=model.model_id
            )
        for key, value in tags.items():
            client.set_model_version_tag(place.name, version.version, key, value)
        client.set_registered_model_alias(place.name, place.alias, version.version)
    return str(version.version)


def check_unchanged(place: Place, expected: str | None) -> None:
    """Refuse to go on when the alias does not name the expected version any more."""
    now = alias_version(place)
    found = str(now.version) if now else None
    if found != expected:
        raise PromotionError(
            f"{place.name}@{place.alias} names version {found or 'none'} by now, not {expected or 'none'}: somebody "
            "else promoted meanwhile; type the command again to be compared with that version"
        )


def roll_back(place: Place) -> tuple[str, str]:
    """Give the alias back to the version before; return the versions it leaves and names.

    Raises:
        PromotionError: when there is no version before.
    """
    client = mlflow.MlflowClient()
    with locked(place):
        now = alias_version(place)
        before = now.tags.get(REPLACES, "") if now else ""
        if now is None or not before:
            what = f"version {now.version}, which replaced none" if now else "no version"
            raise PromotionError(f"{place.name}@{place.alias} names {what}; there is nothing to roll back to")
        client.set_registered_model_alias(place.name, place.alias, before)
        client.set_model_version_tag(place.name, now.version, "rolled_back", time.strftime("%Y-%m-%dT%H:%M:%S%z"))
    return str(now.version), before


@contextmanager
def locked(place: Place) -> Iterator[None]:
    """Hold the right to change an alias, for two requests of others must not come between mine.

    MLflow sets an alias unasked, but creates a registered model of one name only once, also for many at a time: that
    is the lock. One that a dead process left behind goes after `STALE` seconds.

    Raises:
        PromotionError: when another holds it for longer than `PATIENCE` seconds.
    """
    client = mlflow.MlflowClient()
    deadline = time.monotonic() + PATIENCE
    while not _take(client, place):
        _remove_stale(client, place)
        if time.monotonic() > deadline:
            raise PromotionError(f"{place.name}@{place.alias} is being changed by {_holder(client, place)}; try later")
        time.sleep(0.2)
    try:
        yield
    finally:
        with suppress(MlflowException):
            client.delete_registered_model(place.lock)


def _take(client: mlflow.MlflowClient, place: Place) -> bool:
    tags = {"holder": f"{socket.gethostname()} process {os.getpid()}", "since": str(time.time())}
    try:
        client.create_registered_model(place.lock, tags, f"sayso promote is changing {place.name}@{place.alias}")
    except MlflowException as error:
        if error.error_code == "RESOURCE_ALREADY_EXISTS":
            return False
        raise
    return True


def _remove_stale(client: mlflow.MlflowClient, place: Place) -> None:
    with suppress(MlflowException):  # its holder removed it meanwhile
        since = float(client.get_registered_model(place.lock).tags["since"])
        if time.time() - since > STALE:
            client.delete_registered_model(place.lock)


def _holder(client: mlflow.MlflowClient, place: Place) -> str:
    with suppress(MlflowException):
        return str(client.get_registered_model(place.lock).tags["holder"])
    return "another process"
