"""Fp32 graph to int8: weights per channel, activations as they come, outlying channels scaled into the weights."""

from __future__ import annotations

import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnx import helper, numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic

Floats = NDArray[np.float32]
Batch = Mapping[str, NDArray[np.int64]]
CEILING = 1.5  # times the median channel's range; 1 to 4 measured, see experiments/LOG.md
ENCODER = "encoder/layer"
FACTOR, SMOOTHED = "_factor", "_smoothed"  # after the name of an input: what it is multiplied with, and the product


@dataclass(frozen=True, slots=True)
class Product:
    """One tensor and the matrix products that take it as input, with the names of their weights."""

    source: str
    nodes: tuple[str, ...]
    weights: tuple[str, ...]


def quantize(full: Path, target: Path, batches: Sequence[Batch] = ()) -> None:
    """Write the int8 graph of the fp32 graph `full`.

    Activations are quantised by one scale a batch, which a few outlying channels would take for themselves. `batches`
    (token ids and mask) show how far each channel goes; what goes far is divided there and multiplied in the
    weights, which changes nothing in fp32 (SmoothQuant, Xiao et al. 2023). Without batches nothing is moved.
    """
    with tempfile.TemporaryDirectory() as work:
        smoothed = Path(work) / "smoothed.onnx"
        graph = onnx.load(full)
        smooth(graph, channel_ranges(graph, batches))
        onnx.save(graph, smoothed)
        quantize_dynamic(smoothed, target, per_channel=True, weight_type=QuantType.QInt8)


def products(graph: onnx.ModelProto) -> list[Product]:
    """Return the encoder's products with a constant matrix of their own, those of one input together."""
    used = Counter(name for node in graph.graph.node for name in node.input)
    constants = {value.name for value in graph.graph.initializer if used[value.name] == 1}
    found: dict[str, list[onnx.NodeProto]] = defaultdict(list)
    for node in graph.graph.node:
        if node.op_type == "MatMul" and ENCODER in node.name and node.input[1] in constants:
            found[node.input[0]].append(node)
    return [
        Product(source, tuple(n.name for n in nodes), tuple(n.input[1] for n in nodes))
        for source, nodes in found.items()
    ]


def channel_ranges(graph: onnx.ModelProto, batches: Iterable[Batch]) -> dict[str, Floats]:
    """Return the largest absolute value of every channel, (channels), of every input of `products`."""
    watched = onnx.ModelProto()
    watched.CopyFrom(graph)
    names = [product.source for product in products(graph)]
    watched.graph.output.extend(helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None) for name in names)
    session = onnxruntime.InferenceSession(watched.SerializeToString(), providers=["CPUExecutionProvider"])
    ranges: dict[str, Floats] = {}
    for batch in batches:
        real = batch["attention_mask"].astype(bool)
        for name, values in zip(names, session.run(names, dict(batch)), strict=True):
            peak = np.abs(values[real]).max(0)
            ranges[name] = np.maximum(ranges.get(name, peak), peak)
    return ranges


def smooth(graph: onnx.ModelProto, ranges: Mapping[str, Floats]) -> None:
    """Divide the channels that go beyond `CEILING` times the median, and multiply their rows of the weights."""
    weights = {value.name: value for value in graph.graph.initializer}
    for product in products(graph):
        if product.source not in ranges:
            continue
        reach = ranges[product.source]
        scale = np.maximum(1, reach / (CEILING * np.median(reach))).astype(np.float32)
        for name in product.weights:
            matrix = numpy_helper.to_array(weights[name]) * scale[:, None]
            weights[name].CopyFrom(numpy_helper.from_array(matrix, name))
        _divide(graph, product, scale)


def _divide(graph: onnx.ModelProto, product: Product, scale: Floats) -> None:
    """Put the division before the first product and let all of them read its result."""
    factor, result = f"{product.source}{FACTOR}", f"{product.source}{SMOOTHED}"
    graph.graph.initializer.append(numpy_helper.from_array(np.float32(1) / scale, factor))
    users = [i for i, node in enumerate(graph.graph.node) if node.name in product.nodes]
    for i in users:
        graph.graph.node[i].input[0] = result
    graph.graph.node.insert(min(users), helper.make_node("Mul", [product.source, factor], [result], name=result))
