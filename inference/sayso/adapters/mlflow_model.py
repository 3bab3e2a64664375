"""The file that MLflow copies into a logged model and runs to load it (models from code, no pickle)."""

from __future__ import annotations

from mlflow.models import set_model
from mlflow.pyfunc import PythonModel, PythonModelContext

from sayso.adapters.mlflow import predict_frame
from sayso.classifier import Classifier


class SaysoModel(PythonModel):  # type: ignore[misc]
    """A sayso classifier behind MLflow's `predict`."""

    def load_context(self, context: PythonModelContext) -> None:
        """Load the model directory among the artifacts; `model_config` may name `threads`."""
        self._classifier = Classifier.load(context.artifacts["model"], threads=context.model_config["threads"])

    def predict(self, context, model_input, params=None):  # type: ignore[no-untyped-def]  # MLflow reads types as schema
        """Return a row a text: see `sayso.adapters.mlflow`."""
        return predict_frame(self._classifier, model_input, (params or {}).get("unit", "sentence"))


set_model(SaysoModel())
