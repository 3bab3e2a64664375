"""The engines of the runtime by name, one a file; importing this loads none of them."""

from __future__ import annotations

from typing import Final

DEFAULT_ENGINE: Final = "onnxruntime"
ENGINES: Final = {
    "onnxruntime": "sayso.engines.onnx_runtime:OnnxEngine",
    "openvino": "sayso.engines.open_vino:OpenVinoEngine",
    "torch": "sayso_training.torch_engine:TorchEngine",
}
# The extra of each engine that needs one, and the packages that it brings.
EXTRAS: Final = {"openvino": ("openvino", ("openvino", "onnx")), "torch": ("train", ("torch", "transformers"))}
