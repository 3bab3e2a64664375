"""What a run learned from and was measured on, as MLflow datasets: name, digest, size, columns and classes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import mlflow
import pandas as pd
from mlflow.data.pandas_dataset import PandasDataset

from sayso_data.schema import Example
from sayso_training.config import DataConfig
from sayso_training.soft import SoftExample
from sayso_training.tracking import data_digest

DIGEST = 36  # characters that MLflow takes


def log_datasets(
    config: DataConfig, train: Sequence[Example | SoftExample], dev: Sequence[Example], calibration: Sequence[Example]
) -> None:
    """Log the three parts to the active run; their sentences stay where they are."""
    for name, rows, context in (
        (str(config.train), train, "training"),
        (str(config.dev), dev, "evaluation"),
        (str(config.calibration), calibration, "calibration"),
    ):
        mlflow.log_input(as_dataset(name, rows), context=context)


def as_dataset(name: str, examples: Sequence[Example | SoftExample]) -> PandasDataset:
    """Return examples as an MLflow dataset with a row a sentence; `digest` covers every field of every example."""
    rows = [(e.text, e.corpus, e.doc, getattr(e, "label", None) or "not annotated") for e in examples]
    frame = pd.DataFrame(rows, columns=["text", "corpus", "doc", "label"])
    source = str(Path(name).resolve()) if Path(name).is_file() else None
    return mlflow.data.from_pandas(
        frame, source=source, targets="label", name=Path(name).name, digest=data_digest(examples)[:DIGEST]
    )
