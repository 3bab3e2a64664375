"""Fetch a model directory from an MLflow registry or run; needs the `train` extra."""

from __future__ import annotations

from pathlib import Path

from sayso.artifact import GRAPH
from sayso.errors import ArtifactError, MissingExtraError


def download_model(address: str) -> Path:
    """Return the local directory of `models:/NAME@ALIAS`, `models:/NAME/VERSION` or `runs:/ID/PATH`.

    The address may be that of a model directory, or of an MLflow model (`sayso.adapters.mlflow`) around one.

    Raises:
        MissingExtraError: without MLflow.
        ArtifactError: when the registry does not have it, or has something else.
    """
    try:
        import mlflow
    except ImportError as error:
        raise MissingExtraError(f"loading {address}", "train") from error
    try:
        folder = Path(mlflow.artifacts.download_artifacts(artifact_uri=address))
    except Exception as error:  # MLflow raises its own and its stores' types
        raise ArtifactError(f"{address} cannot be fetched from {mlflow.get_tracking_uri()}: {error}") from error
    found = [path for path in (folder, *sorted(folder.glob("artifacts/*"))) if (path / GRAPH).is_file()]
    if not found:
        raise ArtifactError(f"{address} holds no sayso model; log one with sayso.adapters.mlflow.log_model")
    return found[0]
