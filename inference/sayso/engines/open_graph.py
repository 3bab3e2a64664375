"""The int8 graph without ONNX Runtime's way of quantising: products of floats with int8 weights.

Other runtimes read the quantising nodes but compute them one by one, forty times slower. They quantise activations
themselves when they see a product with compressed weights, so that is what they get.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import gcd
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sayso.errors import ArtifactError


def open_graph(path: Path) -> tuple[bytes, int]:
    """Return the rewritten graph and the greatest number that divides the inner size of every product.

    `DynamicQuantizeLinear`, `MatMulInteger`, `Cast` and `Mul` become `DequantizeLinear` and `MatMul`, with
    weights of 8 bits a channel; the guard against a softmax over nothing goes, since no window is empty.

    Raises:
        ArtifactError: for a graph whose first layer is packed in blocks, as older exports were.
    """
    import onnx

    model = onnx.load(path)
    graph = _Graph(model.graph)
    nodes = [new for node in model.graph.node for new in graph.rewritten(node)]
    model.graph.ClearField("node")
    model.graph.node.extend(_needed(nodes, [value.name for value in model.graph.output]))
    return model.SerializeToString(), gcd(*graph.inner)


class _Graph:
    """Finds values and neighbours by name, and replaces one node at a time."""

    def __init__(self, graph: Any) -> None:
        from onnx import numpy_helper

        self._array = numpy_helper.to_array
        self._graph = graph
        self._values = {value.name: value for value in graph.initializer}
        self._values |= {node.output[0]: node.attribute[0].t for node in graph.node if node.op_type == "Constant"}
        self._maker = {name: node for node in graph.node for name in node.output}
        self._users = {name: node for node in graph.node for name in node.input}
        self.inner: list[int] = []

    def rewritten(self, node: Any) -> Iterator[Any]:
        """Yield what stands in the place of a node: the node itself where nothing is to be done."""
        from onnx import helper

        if node.op_type == "MatMulInteger":
            yield from self._integer_product(node)
        elif node.op_type == "MatMulNBits":
            raise ArtifactError(
                "the graph was exported by an older sayso; export it again from its torch model: sayso export"
            )
        elif node.op_type == "Where" and getattr(self._maker.get(node.input[0]), "op_type", "") == "IsNaN":
            yield helper.make_node("Identity", [node.input[2]], list(node.output))
        elif not self._scaled_product(node):
            yield node

    def _integer_product(self, node: Any) -> Iterator[Any]:
        scaled = self._users[self._users[node.output[0]].output[0]]
        scales = next(n for n in map(self._maker.get, scaled.input) if n is not None and n.op_type == "Mul")
        scale = next(self._read(name) for name in scales.input if name in self._values)
        weights = self._read(node.input[1])
        source = self._maker[node.input[0]].input[0]
        return self._product(source, weights, np.resize(scale, weights.shape[1]), scaled.output[0])

    def _scaled_product(self, node: Any) -> bool:
        """Say whether a node is the scaling of an integer product, which has been replaced with it."""
        casts = [self._maker.get(name) for name in node.input] if node.op_type == "Mul" else []
        makers = [self._maker.get(cast.input[0]) for cast in casts if cast is not None and cast.op_type == "Cast"]
        return any(maker is not None and maker.op_type == "MatMulInteger" for maker in makers)

    def _product(self, source: str, weights: NDArray[np.int8], scale: NDArray[Any], output: str) -> Iterator[Any]:
        from onnx import helper, numpy_helper

        self.inner.append(weights.shape[0])
        small, scales, full = (f"{output}_{name}" for name in ("int8", "scales", "weights"))
        constants = ((small, weights), (scales, scale.astype(np.float32)))
        self._graph.initializer.extend([numpy_helper.from_array(np.ascontiguousarray(v), n) for n, v in constants])
        yield helper.make_node("DequantizeLinear", [small, scales], [full], axis=1)
        yield helper.make_node("MatMul", [source, full], [output])

    def _read(self, name: str) -> NDArray[Any]:
        return np.asarray(self._array(self._values[name]))


def _needed(nodes: Sequence[Any], outputs: Sequence[str]) -> list[Any]:
    """Return the nodes that the outputs depend on, in order."""
    wanted, kept = set(outputs), []
    for node in reversed(nodes):
        if wanted.intersection(node.output):
            wanted.update(node.input)
            kept.append(node)
    return kept[::-1]
