"""A model directory's int8 graph turned back into weights to train on."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import helper
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

from sayso.artifact import GRAPH, load_artifact
from sayso.classifier import Classifier
from sayso.errors import ConfigError
from sayso_data.build import load_split
from sayso_training.export import export_model
from sayso_training.model import SaysoModel
from sayso_training.warm import from_graph, graph_weights, load_warm, module_name

NOTHING = Path("unused")
OUTLIERS = [3, 17]


@pytest.fixture(scope="module")
def exported(small_encoder: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Return a torch directory and its model directory; two channels go far, so that export moves them."""
    folder = tmp_path_factory.mktemp("exported")
    torch.manual_seed(7)
    model = SaysoModel.from_encoder(str(small_encoder), 0.1)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter += torch.randn_like(parameter) * 0.1
        for layer in model.encoder.encoder.layer:
            layer.attention.output.LayerNorm.weight[OUTLIERS] *= 60
            layer.intermediate.dense.weight[:, OUTLIERS] /= 60
    model.save_pretrained(folder / "torch")
    PreTrainedTokenizerFast.from_pretrained(small_encoder).save_pretrained(folder / "torch")
    calibration = load_split("sample-calibration", NOTHING)
    return folder / "torch", export_model(folder / "torch", folder / "model", calibration, {}, 128)


def test_every_weight_comes_back_but_for_the_rounding(exported: tuple[Path, Path]) -> None:
    source, model = exported
    wanted = SaysoModel.from_pretrained(source).state_dict()
    found = graph_weights(model / GRAPH)
    nodes = onnx.load(model / GRAPH).graph.node
    assert any(node.name.endswith("_smoothed") for node in nodes)  # else the division would not be tested
    assert {name for name in wanted if not name.startswith("encoder.pooler.")} <= set(found)
    for name, value in wanted.items():
        if name in found:
            step = 4 * value.abs().max() / 255 + 1e-6  # twice that of int8 over the tensor, for the moved channels
            assert (torch.from_numpy(found[name].copy()) - value).abs().max() <= step, name


def test_the_network_answers_as_the_runtime_does(exported: tuple[Path, Path], small_encoder: Path) -> None:
    """An untrained network has many ties: the labels of a trained one are compared in test_run.py."""
    _, model = exported
    warm = load_warm(str(model), str(small_encoder)).eval()
    texts = [row.text for row in load_split("sample", NOTHING)]
    tokenizer = PreTrainedTokenizerFast.from_pretrained(small_encoder)
    batch = tokenizer(texts, padding=True, truncation=True, max_length=128, return_tensors="pt")
    with torch.no_grad():
        full = warm(batch["input_ids"], batch["attention_mask"])["label"].numpy()
    small = np.stack([output.logits["label"] for output in Classifier.load(model).outputs(texts)])
    assert np.abs(full - small).mean() < 0.1 * small.std(0).mean()
    assert (full.argmax(1) == small.argmax(1)).mean() >= 0.95


def test_what_does_not_fit_is_named(exported: tuple[Path, Path], tmp_path: Path) -> None:
    _, model = exported
    BertModel(
        BertConfig(hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64)
    ).save_pretrained(tmp_path / "narrow")
    with pytest.raises(ConfigError, match=r"does not fit the encoder .*set model\.encoder"):
        from_graph(load_artifact(model), str(tmp_path / "narrow"))
    with pytest.raises(ConfigError, match="holds no model; name sayso for the one in the package"):
        load_warm(str(tmp_path / "narrow" / "none"), "unused")
    shutil.copytree(model, tmp_path / "old")
    graph = onnx.load(tmp_path / "old" / GRAPH)
    graph.graph.node.append(helper.make_node("MatMulNBits", ["a", "b"], ["c"], name="packed"))
    onnx.save(graph, tmp_path / "old" / GRAPH)
    with pytest.raises(ConfigError, match="exported by an older sayso; export it again"):
        graph_weights(tmp_path / "old" / GRAPH)


def test_torch_weights_of_a_model_directory_come_first(
    exported: tuple[Path, Path], small_encoder: Path, tmp_path: Path
) -> None:
    source, _ = exported
    calibration = load_split("sample-calibration", NOTHING)
    both = export_model(source, tmp_path / "model", calibration, {}, 128, weights=True)
    wanted = SaysoModel.from_pretrained(source).state_dict()
    for found in (load_warm(str(both), str(small_encoder)), load_warm(str(source), str(small_encoder))):
        assert all(torch.equal(value, wanted[name]) for name, value in found.state_dict().items())


@pytest.mark.parametrize(
    ("node", "module"),
    [
        ("/model/encoder/encoder/layer.0/output/dense/MatMul_quant", "encoder.encoder.layer.0.output.dense"),
        ("/model/label/Gemm_MatMul_quant", "heads.label"),
        ("/model/tokens/MatMul", "tokens"),
    ],
)
def test_nodes_name_their_modules(node: str, module: str) -> None:
    assert module_name(node) == module
