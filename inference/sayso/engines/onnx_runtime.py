"""ONNX Runtime: the int8 graph on any CPU."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sayso.artifact import GRAPH, Artifact
from sayso.engine import Logits
from sayso.errors import ArtifactError


class OnnxEngine:
    """One ONNX Runtime session of one thread, which several threads may run at once.

    Batches side by side use the cores better than one batch split over them. Feeds only the inputs that the
    graph declares.
    """

    token_budget = 1024  # large enough for matrix speed, small enough for cache

    def __init__(self, artifact: Artifact, threads: int = 1) -> None:
        self._session = _open_session(artifact.path / GRAPH)
        self._inputs = [value.name for value in self._session.get_inputs()]
        self._outputs = [value.name for value in self._session.get_outputs()]
        sizes = {value.name: value.shape[-1] for value in self._session.get_outputs()}
        expected = {name: len(classes) for name, classes in artifact.config.heads.items()}
        expected |= {"bias": 1, "tokens": len(artifact.config.roles)}
        if sizes != expected:
            raise ArtifactError(f"{artifact.path}: the graph gives {sizes}, config.json says {expected}")

    def run(self, batch: dict[str, NDArray[np.int64]]) -> Logits:
        """Return the logits of a padded batch."""
        values = self._session.run(self._outputs, {name: batch[name] for name in self._inputs})
        return dict(zip(self._outputs, values, strict=True))


def _open_session(path: Path):  # type: ignore[no-untyped-def]
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # the native reader raises several private types
        raise ArtifactError(f"{path} cannot be loaded: {error}") from error
