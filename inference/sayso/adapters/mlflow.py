"""A model directory as an MLflow model: loaded, served and run on Spark by MLflow's own commands.

`predict` takes a list of strings or a DataFrame with the one column `text`, and returns a DataFrame with a row a text:
`label`, `probabilities`, `label_set`, `spans` (role, start, end, text, probability), `tags` (kind, stance, framing),
`bias`, `model`; with the parameter `unit="document"` the one column `sentences`, a list of records. A missing text is
an empty one. `model_config={"threads": 4}` runs that many batches side by side, as `Classifier.load` does; default 1.
"""

from __future__ import annotations

from dataclasses import asdict
from importlib.metadata import requires
from pathlib import Path
from typing import Any

import sayso
from sayso.artifact import load_artifact
from sayso.classifier import Classifier, locate_model
from sayso.decode import Prediction
from sayso.errors import InputError, MissingExtraError
from sayso.labels import LABELS
from sayso.records import Document
from sayso.writers import record_schema

UNITS = ("sentence", "document")
COLUMNS = (0, "0", "text")  # how MLflow and its clients name a single column of text
EXAMPLE = ["The army reportedly shelled the town.", "Residents said the bridge was open."]


def save_model(path: str | Path, model_dir: str | Path | None = None, **options: Any) -> None:
    """Write an MLflow model to the new folder `path`; `options` go to `mlflow.pyfunc.save_model`.

    `model_dir` is a model directory, an MLflow address, or None for the model in the package.

    Raises:
        MissingExtraError: without MLflow.
        ArtifactError: when the model directory is damaged.
    """
    _mlflow().pyfunc.save_model(path=str(path), **_settings(model_dir), **options)


def log_model(model_dir: str | Path | None = None, name: str = "sayso", **options: Any) -> Any:
    """Log an MLflow model to the active run (or a new one) and return MLflow's ModelInfo.

    `options` go to `mlflow.pyfunc.log_model`, `registered_model_name` among them.

    Raises:
        MissingExtraError: without MLflow.
        ArtifactError: when the model directory is damaged.
    """
    return _mlflow().pyfunc.log_model(name=name, **_settings(model_dir), **options)


def _mlflow() -> Any:
    try:
        import mlflow.pyfunc
    except ImportError as error:
        raise MissingExtraError("an MLflow model", "train") from error
    return mlflow


def _settings(model_dir: str | Path | None) -> dict[str, Any]:
    artifact = load_artifact(locate_model(model_dir))
    return {
        "python_model": str(Path(__file__).with_name("mlflow_model.py")),
        "artifacts": {"model": str(artifact.path)},
        "code_paths": [str(Path(sayso.__file__).parent)],  # a server or executor need not have sayso installed
        "signature": _signature(),
        "input_example": EXAMPLE,
        "pip_requirements": [line for line in requires("sayso") or [] if "extra ==" not in line],
        "model_config": {"threads": 1},
        "metadata": {"sayso_version": sayso.__version__, "model": artifact.digest},
    }


def _signature() -> Any:
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, DataType, ParamSchema, ParamSpec, Schema
    from mlflow.types.schema import Array, Object, Property

    def struct(**kinds: Any) -> Any:
        return Object([Property(name, kind) for name, kind in kinds.items()])

    text, share, whole = DataType.string, DataType.double, DataType.long
    columns = {
        "label": text, "probabilities": struct(**dict.fromkeys(LABELS, share)), "label_set": Array(text),
        "spans": Array(struct(role=text, start=whole, end=whole, text=text, probability=share)),
        "tags": struct(kind=text, stance=text, framing=text), "bias": share, "model": text,
    }  # fmt: skip
    return ModelSignature(
        inputs=Schema([ColSpec(text)]),  # without a name, so that lists of strings are taken too
        outputs=Schema([ColSpec(kind, name) for name, kind in columns.items()]),
        params=ParamSchema([ParamSpec("unit", text, "sentence")]),
    )


def predict_frame(classifier: Classifier, frame: Any, unit: str) -> Any:
    """Return the DataFrame that the MLflow model gives for one column of texts.

    Raises:
        InputError: for another unit, or a column that is not `text`.
    """
    import pandas as pd

    if unit not in UNITS:
        raise InputError(f"unit is {unit!r}; known: {', '.join(UNITS)}")
    column = frame.columns[0]
    if column not in COLUMNS:
        raise InputError(f"the first column is {column!r}; pass one column of texts named 'text'")
    texts = [value if isinstance(value, str) else "" for value in frame[column]]
    if unit == "document":
        found = classifier.analyze_documents(Document("", text) for text in texts)
        return pd.DataFrame({"sentences": [[_record(s.to_dict()) for s in own] for own in found]})
    model = classifier.artifact.digest
    return pd.DataFrame([_row(t, p, model) for t, p in zip(texts, classifier.predict(texts), strict=True)])


def _record(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name not in LEFT_OUT}


LEFT_OUT = ("doc_id", "source_side")  # rows have no id; Spark cannot have a null struct from MLflow


def _row(text: str, found: Prediction, model: str) -> dict[str, Any]:
    return {
        "label": found.label, "probabilities": found.probabilities["label"], "label_set": list(found.label_set),
        "spans": [asdict(span) | {"text": text[span.start : span.end]} for span in found.spans],
        "tags": {"kind": found.kind, "stance": found.stance, "framing": found.framing},
        "bias": found.bias, "model": model,
    }  # fmt: skip


def document_type() -> str:
    """Return the `result_type` of a Spark UDF with `params={"unit": "document"}`, as Spark's type language."""
    fields = (field for field in record_schema() if field.name not in LEFT_OUT)
    return f"struct<sentences: array<struct<{', '.join(f'{f.name}: {_ddl(f.type)}' for f in fields)}>>>"


def _ddl(kind: Any) -> str:
    import pyarrow.types as is_

    if is_.is_struct(kind):
        return f"struct<{', '.join(f'{field.name}: {_ddl(field.type)}' for field in kind)}>"
    if is_.is_list(kind):
        return f"array<{_ddl(kind.value_type)}>"
    return {"string": "string", "int64": "bigint", "double": "double"}[str(kind)]
