"""OpenVINO: the same int8 weights, activations quantised token by token, the rest in bfloat16 where the CPU has it."""

from __future__ import annotations

from queue import SimpleQueue
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sayso.artifact import GRAPH, Artifact
from sayso.engine import Logits
from sayso.engines.open_graph import open_graph
from sayso.errors import ArtifactError


class OpenVinoEngine:
    """One compiled model with a request, and a core, for each of `threads` batches side by side."""

    token_budget = 1024

    def __init__(self, artifact: Artifact, threads: int = 1) -> None:
        import openvino

        path = artifact.path / GRAPH
        graph, group = open_graph(path)
        core = openvino.Core()
        settings = {
            "INFERENCE_NUM_THREADS": threads, "NUM_STREAMS": threads, "DYNAMIC_QUANTIZATION_GROUP_SIZE": str(group),
        }  # fmt: skip
        if "BF16" in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
            settings["INFERENCE_PRECISION_HINT"] = "bf16"
        try:
            compiled = core.compile_model(core.read_model(graph), "CPU", settings)
        except RuntimeError as error:
            raise ArtifactError(f"OpenVINO cannot load {path}: {error}; use the engine onnxruntime") from error
        self._outputs = {output: output.any_name for output in compiled.outputs}
        self._idle: SimpleQueue[Any] = SimpleQueue()
        for _ in range(threads):
            self._idle.put(compiled.create_infer_request())

    def run(self, batch: dict[str, NDArray[np.int64]]) -> Logits:
        """Return the logits of a padded batch."""
        request = self._idle.get()
        try:
            values = request.infer(batch, share_inputs=True)
            return {name: values[output] for output, name in self._outputs.items()}
        finally:
            self._idle.put(request)
