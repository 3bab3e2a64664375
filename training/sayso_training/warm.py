"""Models to go on from: a torch directory, or a model directory whose int8 graph is turned back into weights."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import numpy_helper
from tokenizers import Tokenizer
from transformers import AutoConfig, AutoTokenizer

from sayso.artifact import DEFAULT_MODEL, GRAPH, TOKENIZER, WEIGHTS, Artifact, load_artifact
from sayso.classifier import locate_model
from sayso.errors import ConfigError
from sayso_training.model import SENTENCE_HEADS, SaysoConfig, SaysoModel
from sayso_training.quantize import FACTOR, SMOOTHED
from sayso_training.torch_engine import load_weights

SHIPPED = "sayso"
Tensors = dict[str, NDArray[np.float32]]
_LAYER = re.compile(r"encoder\.encoder\.layer\.(\d+)\.")
_UNUSED = "encoder.pooler."  # a part of BERT that no head reads, so that the graph lacks it


def load_warm(name: str, encoder: str) -> SaysoModel:
    """Return the model `name`: `sayso` (the one in the package), a directory, or an MLflow address.

    A torch directory of a run is loaded as it is; of a model directory the weights are taken from
    `model.safetensors` where there is one, else from the int8 graph. `encoder` gives the shape of the network.

    Raises:
        ConfigError: for a directory that is neither, or a graph that does not fit `encoder`.
        ArtifactError: when the model directory is damaged.
    """
    folder = DEFAULT_MODEL if name == SHIPPED else locate_model(name)
    if (folder / GRAPH).exists():
        artifact = load_artifact(folder)
        return load_weights(artifact) if (folder / WEIGHTS).exists() else from_graph(artifact, encoder)
    if not (folder / "model.safetensors").exists():
        raise ConfigError(
            f"model.warm_start is {name!r}, which holds no model; name {SHIPPED} for the one in the package, "
            "a model directory or the torch directory of a run"
        )
    model: SaysoModel = SaysoModel.from_pretrained(folder)
    return model


def from_graph(artifact: Artifact, encoder: str) -> SaysoModel:
    """Return the network of a model directory with the weights that its int8 graph stands for.

    Raises:
        ConfigError: when graph and `encoder` do not fit.
    """
    state = {name: torch.from_numpy(value.copy()) for name, value in graph_weights(artifact.path / GRAPH).items()}
    layers = {match[1] for match in map(_LAYER.match, state) if match}
    settings = AutoConfig.from_pretrained(encoder).to_dict() | {"num_hidden_layers": len(layers)}
    model = SaysoModel(SaysoConfig(encoder=settings))
    wanted = {name: value.shape for name, value in model.state_dict().items() if not name.startswith(_UNUSED)}
    unfit = sorted(name for name, shape in wanted.items() if name not in state or state[name].shape != shape)
    if unfit or not _same_words(artifact, encoder):
        what = f"{len(unfit)} weights, {unfit[0]} first" if unfit else "its vocabulary"
        raise ConfigError(
            f"{artifact.path} does not fit the encoder {encoder} ({what}); set model.encoder to the encoder that it "
            "was trained from, see its README.md"
        )
    model.load_state_dict({name: state[name] for name in wanted}, strict=False)
    return model


def _same_words(artifact: Artifact, encoder: str) -> bool:
    ours = Tokenizer.from_file(str(artifact.path / TOKENIZER)).get_vocab()
    return bool(AutoTokenizer.from_pretrained(encoder).get_vocab() == ours)


def graph_weights(path: Path) -> Tensors:
    """Return the weights of an exported graph by their names in the torch model.

    Embeddings and biases keep their names; matrices are named after the module of their node. What was multiplied
    into a matrix for the sake of int8 (`sayso_training.quantize`) is divided out again.

    Raises:
        ConfigError: for a graph of before outlying channels were moved, whose first layer is packed in blocks.
    """
    graph = onnx.load(path).graph
    if any(node.op_type == "MatMulNBits" for node in graph.node):
        raise ConfigError(f"{path} was exported by an older sayso; export it again from its torch model: sayso export")
    tensors = {value.name: numpy_helper.to_array(value) for value in graph.initializer}
    for node in graph.node:  # equal tensors are kept once
        if node.op_type == "Identity" and node.input[0] in tensors:
            tensors[node.output[0]] = tensors[node.input[0]]
    return dict(_named(tensors)) | {name: matrix for node in graph.node for name, matrix in _matrix(node, tensors)}


def _named(tensors: dict[str, NDArray[np.float32]]) -> Iterator[tuple[str, NDArray[np.float32]]]:
    for name, value in tensors.items():
        if name.startswith("model.") and value.dtype == np.float32 and not name.endswith("_scale"):
            yield name.removeprefix("model."), value
        elif name.startswith("model.") and name.endswith("weight_quantized"):
            plain = name.removesuffix("_quantized")
            yield plain.removeprefix("model."), dequantised(plain, tensors)


def dequantised(name: str, tensors: Tensors) -> NDArray[np.float32]:
    """Return the float32 tensor that the int8 tensor `name` stands for, by tensor or by (last) channel."""
    values, zero = (tensors[f"{name}_{part}"].astype(np.float32) for part in ("quantized", "zero_point"))
    return np.asarray((values - zero) * tensors[f"{name}_scale"], dtype=np.float32)


def _matrix(node: onnx.NodeProto, tensors: Tensors) -> Iterator[tuple[str, NDArray[np.float32]]]:
    """Yield the (out, in) weight of a product with a constant, under its name in torch."""
    if node.op_type not in ("MatMul", "MatMulInteger") or node.input[1] not in tensors:
        return
    whole = node.op_type == "MatMulInteger"
    name = node.input[1].removesuffix("_quantized")
    matrix = dequantised(name, tensors) if whole else tensors[name]
    source = node.input[0].removesuffix("_quantized")
    if source.endswith(SMOOTHED):
        matrix = matrix * tensors[source.removesuffix(SMOOTHED) + FACTOR][:, None]
    yield f"{module_name(node.name)}.weight", np.ascontiguousarray(matrix.T)


def module_name(node: str) -> str:
    """Return the torch module of a product's node: /model/encoder/.../dense/MatMul_quant, /model/label/Gemm_MatMul."""
    path = node.removeprefix("/model/").rpartition("/")[0].replace("/", ".")
    return f"heads.{path}" if path in SENTENCE_HEADS else path
