"""A damaged model directory is refused with the name of what is wrong."""

import json
import shutil
from pathlib import Path

import pytest

from sayso.artifact import DEFAULT_MODEL, load_artifact
from sayso.classifier import Classifier
from sayso.errors import ArtifactError


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return Path(shutil.copytree(DEFAULT_MODEL, tmp_path / "model"))


def test_shipped_model_loads_and_is_small() -> None:
    assert load_artifact(DEFAULT_MODEL).digest.startswith("sha256:")
    assert sum(f.stat().st_size for f in DEFAULT_MODEL.iterdir()) <= 30_000_000


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json", "model.onnx"])
def test_missing_file_is_named(model: Path, name: str) -> None:
    (model / name).unlink()
    with pytest.raises(ArtifactError, match=name):
        load_artifact(model)


@pytest.mark.parametrize("name", ["tokenizer.json", "model.onnx"])
def test_truncated_file_is_named_with_its_digest(model: Path, name: str) -> None:
    (model / name).write_bytes((model / name).read_bytes()[:1000])
    with pytest.raises(ArtifactError, match=rf"{name} is damaged: its sha256 is"):
        load_artifact(model)


@pytest.mark.parametrize("text", ["{", "[]", '{"nonsense": 1}'])
def test_broken_config_is_refused(model: Path, text: str) -> None:
    (model / "config.json").write_text(text)
    with pytest.raises(ArtifactError, match=r"config\.json"):
        load_artifact(model)


@pytest.mark.parametrize(("key", "value", "message"), [("schema_version", 99, "99"), ("roles", ["source"], "roles")])
def test_other_schema_is_refused(model: Path, key: str, value: object, message: str) -> None:
    config = json.loads((model / "config.json").read_text())
    (model / "config.json").write_text(json.dumps(config | {key: value}))
    with pytest.raises(ArtifactError, match=message):
        load_artifact(model)


def test_label_count_must_fit_the_graph(model: Path) -> None:
    config = json.loads((model / "config.json").read_text())
    config["heads"]["kind"].append("robot")
    (model / "config.json").write_text(json.dumps(config))
    with pytest.raises(ArtifactError, match="the graph gives"):
        Classifier.load(model)


def test_missing_directory_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="leave --model off"):
        Classifier.load(tmp_path / "nowhere")
