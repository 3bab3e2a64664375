"""The int8 graph: outlying channels move into the weights without changing the network; shallow students."""

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from onnx import helper, numpy_helper
from transformers import BertConfig

from sayso.errors import ConfigError
from sayso_training.export import OUTPUTS, _write_full
from sayso_training.model import SaysoConfig, SaysoModel
from sayso_training.quantize import Batch, channel_ranges, products, quantize, smooth

OUTLIERS = [3, 17]


@pytest.fixture(scope="module")
def model() -> SaysoModel:
    torch.manual_seed(5)
    encoder = BertConfig(
        vocab_size=60, hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=64
    )
    model = SaysoModel(SaysoConfig(encoder=encoder.to_dict())).eval()
    for layer in model.encoder.encoder.layer:
        torch.nn.init.normal_(layer.intermediate.dense.weight, std=0.3)
        with torch.no_grad():
            layer.attention.output.LayerNorm.weight[OUTLIERS] *= 60
            layer.intermediate.dense.weight[:, OUTLIERS] /= 60
    return model


@pytest.fixture(scope="module")
def batches() -> list[Batch]:
    random = np.random.default_rng(1)
    ids = [random.integers(1, 60, (8, 12)) for _ in range(4)]
    return [{"input_ids": i, "attention_mask": (np.arange(12) < 9 + 0 * i).astype(np.int64)} for i in ids]


@pytest.fixture(scope="module")
def full(model: SaysoModel, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("graph") / "full.onnx"
    _write_full(model, path)
    return path


def answers(graph: Path | bytes, batches: list[Batch]) -> list[np.ndarray]:
    session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])
    return [np.concatenate([session.run([name], dict(b))[0] for b in batches]) for name in OUTPUTS]


def test_moving_outliers_leaves_the_network_as_it_was(full: Path, batches: list[Batch]) -> None:
    graph = onnx.load(full)
    ranges = channel_ranges(graph, batches)
    assert len(products(graph)) == len(ranges) == 2 * 4
    smooth(graph, ranges)
    after = channel_ranges(graph, batches)
    name = next(p.source for p in products(onnx.load(full)) if "intermediate" in p.nodes[0])
    assert ranges[name][OUTLIERS].min() > 20 * np.median(ranges[name])
    moved = after[f"{name}_smoothed"]
    assert moved.max() < 1.6 * np.median(ranges[name])
    for before, now in zip(answers(full, batches), answers(graph.SerializeToString(), batches), strict=True):
        assert np.allclose(before, now, atol=2e-4)


def one_product(path: Path) -> Path:
    """Write a graph of one product of embeddings, two of whose channels are 60 times as large as the others."""
    random = np.random.default_rng(2)
    table, weights = (random.normal(size=size).astype(np.float32) for size in ((60, 32), (32, 16)))
    gain = np.ones(32, dtype=np.float32)
    gain[OUTLIERS] = 60
    weights[OUTLIERS] /= 60
    whole, real = onnx.TensorProto.INT64, onnx.TensorProto.FLOAT
    nodes = [
        helper.make_node("Gather", ["table", "input_ids"], ["rows"], name="gather"),
        helper.make_node("Mul", ["rows", "gain"], ["x"], name="gain"),
        helper.make_node("MatMul", ["x", "w"], ["y"], name="/encoder/layer.0/dense/MatMul"),
    ]
    inputs = [helper.make_tensor_value_info(n, whole, ["b", "t"]) for n in ("input_ids", "attention_mask")]
    output = helper.make_tensor_value_info("y", real, ["b", "t", 16])
    constants = [numpy_helper.from_array(v, n) for v, n in ((table, "table"), (gain, "gain"), (weights, "w"))]
    graph = helper.make_graph(nodes, "product", inputs, [output], constants)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), path)
    return path


def test_int8_comes_closer_to_fp32(batches: list[Batch], tmp_path: Path) -> None:
    full = one_product(tmp_path / "full.onnx")
    quantize(full, tmp_path / "plain.onnx")
    quantize(full, tmp_path / "smoothed.onnx", batches)
    exact, plain, smoothed = (
        onnxruntime.InferenceSession(tmp_path / f"{name}.onnx").run(None, dict(batches[0]))[0]
        for name in ("full", "plain", "smoothed")
    )
    assert np.abs(smoothed - exact).mean() < 0.2 * np.abs(plain - exact).mean()


def test_a_shallow_student_keeps_the_layers_named(model: SaysoModel, tmp_path: Path) -> None:
    shallow = SaysoModel(model.config)
    shallow.load_state_dict(model.state_dict())
    shallow.keep_layers((1,))
    shallow.save_pretrained(tmp_path)
    again = SaysoModel.from_pretrained(tmp_path)
    assert len(again.encoder.encoder.layer) == 1 and len(model.encoder.encoder.layer) == 2
    kept, origin = again.encoder.encoder.layer[0], model.encoder.encoder.layer[1]
    assert torch.equal(kept.output.dense.weight, origin.output.dense.weight)
    with pytest.raises(ConfigError, match="the encoder has layers 0 to 0"):
        shallow.keep_layers((0, 1))
