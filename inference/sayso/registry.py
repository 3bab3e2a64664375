"""Fetch a model directory from an MLflow registry or run; needs the `train` extra."""

from __future__ import annotations

from pathlib import Path

from sayso.errors import ArtifactError, MissingExtraError


def download_model(address: str) -> Path:
    """Return the local directory of `models:/NAME@ALIAS`, `models:/NAME/VERSION` or `runs:/ID/PATH`.

    Raises:
        MissingExtraError: without MLflow.
        ArtifactError: when the registry does not have it.
    """
    try:
        import mlflow
    except ImportError as error:
        raise MissingExtraError(f"loading {address}", "train") from error
    try:
        return Path(mlflow.artifacts.download_artifacts(artifact_uri=address))
    except Exception as error:  # MLflow raises its own and its stores' types
        raise ArtifactError(f"{address} cannot be fetched from {mlflow.get_tracking_uri()}: {error}") from error
