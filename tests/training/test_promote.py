"""Promotion through the gate, rollback and their failures, against a real MLflow server."""

from __future__ import annotations

import json
import shutil
import threading
import time
from pathlib import Path
from typing import Any

import mlflow
import pytest
from click.testing import CliRunner, Result
from mlflow.exceptions import MlflowException
from mlflow_server import Server

from sayso.adapters.mlflow import log_model
from sayso.artifact import CONFIG, DEFAULT_MODEL
from sayso.classifier import Classifier
from sayso.errors import ArtifactError
from sayso_training import promote as promote_module
from sayso_training import registry
from sayso_training.behaviour import load_suite
from sayso_training.finish import log_once
from sayso_training.gate import Check, Limits, Measured, compare, failed, gate_table
from sayso_training.models_cli import models
from sayso_training.promote import promote
from sayso_training.registry import Place, PromotionError, alias_version, set_alias
from sayso_training.tracking import TrackingError

CHAMPION = Measured("a", 0.85, (0.83, 0.87), 0.95, 0.02, 0.012, 23.0, 500.0)


@pytest.fixture
def name(server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, request: pytest.FixtureRequest) -> str:
    """Return the name of a registered model of the test's own; the suite is cut to a few cases."""
    cases = load_suite()[:40]
    monkeypatch.setattr(promote_module, "load_suite", lambda: cases)
    monkeypatch.chdir(tmp_path)
    mlflow.set_tracking_uri(server.uri)
    mlflow.set_experiment("promotion")
    return f"sayso-{request.node.name[:40]}"


def new_run(temperature: float | None = None, folder: Path | None = None) -> str:
    """Log the shipped model, with another temperature where one is given, and return the id of the finished run."""
    model = DEFAULT_MODEL
    if temperature is not None:
        assert folder is not None
        model = folder / f"model-{time.monotonic_ns()}"
        shutil.copytree(DEFAULT_MODEL, model)
        values = json.loads((model / CONFIG).read_text())
        values["temperatures"]["label"] = temperature
        (model / CONFIG).write_text(json.dumps(values))
    with mlflow.start_run() as run:
        log_model(model)
    return str(run.info.run_id)


def sayso_promote(server: Server, name: str, *words: str) -> Result:
    arguments = [*words, "--name", name, "--on", "sample-dev", "--tracking-uri", server.uri]
    done = CliRunner().invoke(promote, arguments, standalone_mode=False)
    if done.exception:
        raise done.exception
    return done


def champion(name: str) -> Any:
    return alias_version(Place(name, "champion"))


def versions(name: str) -> list[Any]:
    return list(mlflow.MlflowClient().search_model_versions(f"name = '{name}'"))


@pytest.fixture
def steady(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the clock out of tests that do not look at speed, for what else the machine does would decide them."""
    monkeypatch.setattr("sayso_training.gate.time_models", lambda models, texts, rounds: [100.0] * len(models))


def test_promote_refuse_force_and_roll_back(server: Server, name: str, steady: None, tmp_path: Path) -> None:
    first, poor = new_run(), new_run(9.0, tmp_path)
    done = sayso_promote(server, name, first)
    assert done.return_value == 0 and "| check | package |" in done.output
    assert champion(name).run_id == first
    assert {"macro_f1", "ece", "behaviour", "git_commit", "digest"} <= set(champion(name).tags)
    assert champion(name).tags["gate"] == "passed"

    refused = sayso_promote(server, name, poor)
    assert refused.return_value == 1
    assert "| ECE |" in refused.output and "| NO |" in refused.output and "not promoted: ECE" in refused.output
    assert len(versions(name)) == 1 and champion(name).run_id == first

    assert sayso_promote(server, name, poor, "--force").return_value == 0
    assert champion(name).run_id == poor
    assert champion(name).tags["gate"] == "forced" and champion(name).tags["failed_checks"] == "ECE"
    with pytest.raises(PromotionError, match="names this run already, as version 2"):
        sayso_promote(server, name, poor)
    found = Classifier.load(f"models:/{name}@champion")
    assert found.artifact.config.temperatures["label"] == 9.0

    assert "names version 1 again, no longer 2" in sayso_promote(server, name, "--rollback").output
    assert champion(name).run_id == first
    with pytest.raises(PromotionError, match="version 1, which replaced none; there is nothing to roll back to"):
        sayso_promote(server, name, "--rollback")

    listed = CliRunner().invoke(models, ["--name", name, "--tracking-uri", server.uri, "--json"], standalone_mode=False)
    shipped, *_, second, one = json.loads(listed.output)
    assert shipped["used"] == "default of sayso score" and shipped["digest"] == one["digest"]
    assert one["used"] == f"models:/{name}@champion" and one["macro_f1"] > 0.5
    assert second["used"] == "-" and "rolled back" in second["note"] and "gate forced" in second["note"]
    report = mlflow.artifacts.load_dict(f"runs:/{poor}/{registry.REPORT}")
    assert report["checks"][2]["name"] == "ECE" and not report["checks"][2]["passed"]


def test_of_two_writers_one_wins_and_leaves_no_trace_of_the_other(server: Server, name: str) -> None:
    place = Place(name, "champion")
    first = set_alias(place, new_run(), None, {})
    runs = [new_run(), new_run(), new_run()]
    gate, results = threading.Barrier(len(runs)), []

    def write(run: str) -> None:
        gate.wait()
        try:
            results.append(set_alias(place, run, first, {registry.REPLACES: first}))
        except PromotionError as error:
            results.append(error)

    threads = [threading.Thread(target=write, args=(run,)) for run in runs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    errors = [result for result in results if isinstance(result, PromotionError)]
    assert len(errors) == 2 and all("type the command again to be compared with that version" in str(e) for e in errors)
    assert sorted(int(version.version) for version in versions(name)) == [1, 2]
    assert int(champion(name).version) == 2
    assert not mlflow.MlflowClient().search_registered_models(f"name = '{place.lock}'")


def test_a_lock_is_waited_for_and_one_of_a_dead_process_goes(
    server: Server, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    place, client, run = Place(name, "champion"), mlflow.MlflowClient(), new_run()
    client.create_registered_model(place.lock, {"holder": "elsewhere process 7", "since": str(time.time())})
    monkeypatch.setattr(registry, "PATIENCE", 0.5)
    with pytest.raises(PromotionError, match="is being changed by elsewhere process 7; try later"):
        set_alias(place, run, None, {})
    assert versions(name) == []
    client.set_registered_model_tag(place.lock, "since", str(time.time() - registry.STALE - 1))
    assert set_alias(place, run, None, {}) == "1"


def test_a_store_lost_before_the_alias_leaves_a_whole_version_that_is_taken_up(
    server: Server, name: str, steady: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = new_run()

    def down(*_: Any) -> None:
        raise MlflowException("connection refused")

    with monkeypatch.context() as broken:
        broken.setattr(mlflow.MlflowClient, "set_registered_model_alias", down)
        with pytest.raises(TrackingError, match="before the alias was changed; type the same command"):
            sayso_promote(server, name, run)
    assert champion(name) is None
    (version,) = versions(name)
    assert version.status == "READY" and version.tags["gate"] == "passed"
    assert sayso_promote(server, name, run).return_value == 0
    assert len(versions(name)) == 1 and champion(name).version == version.version


def test_damaged_unfinished_and_unknown_runs_are_never_registered(server: Server, name: str, tmp_path: Path) -> None:
    run = new_run(1.5, tmp_path)
    (graph,) = (
        path for path in (server.folder / "artifacts").rglob("model.onnx")
        if registry.logged_model(run).model_id in path.parts and "code" not in path.parts
    )  # fmt: skip
    data = bytearray(graph.read_bytes())
    data[len(data) // 2] ^= 255
    graph.write_bytes(data)
    with pytest.raises(ArtifactError, match="is damaged"):
        sayso_promote(server, name, run)
    unfinished = pytest.raises(PromotionError, match="is RUNNING, not FINISHED; end it with")
    with mlflow.start_run() as going, unfinished:
        sayso_promote(server, name, going.info.run_id)
    with pytest.raises(PromotionError, match="has no model"):
        sayso_promote(server, name, going.info.run_id)
    with pytest.raises(PromotionError, match="has no run nowhere"):
        sayso_promote(server, name, "nowhere")
    assert versions(name) == []


def test_a_model_that_was_cut_off_while_it_was_logged_is_replaced(server: Server, name: str) -> None:
    with mlflow.start_run() as run:
        half = mlflow.initialize_logged_model(name="sayso")
        assert half.status == "PENDING"
        log_once(DEFAULT_MODEL)
        log_once(DEFAULT_MODEL)
    found = mlflow.MlflowClient().search_logged_models([run.info.experiment_id], f"source_run_id = '{run.info.run_id}'")
    assert [model.status for model in found] == ["READY"]
    assert registry.logged_model(run.info.run_id).model_id != half.model_id


@pytest.mark.parametrize(
    ("change", "fails"),
    [
        ({"macro_f1": 0.831}, []),
        ({"macro_f1": 0.829}, ["dev macro-F1"]),
        ({"behaviour": 0.941}, []),
        ({"behaviour": 0.93}, ["behaviour suite"]),
        ({"ece": 0.029}, []),
        ({"ece": 0.031}, ["ECE"]),
        ({"ece": 0.05, "ece_floor": 0.045}, []),
        ({"size": 30.0, "speed": 399.0}, ["size (MB)", "speed (sentences/s)"]),
    ],
)
def test_the_gate(change: dict[str, Any], fails: list[str]) -> None:
    values = {name: getattr(CHAMPION, name) for name in Measured.__dataclass_fields__}
    assert failed(compare(CHAMPION, Measured(**values | change), Limits())) == fails


def test_the_table_says_what_failed() -> None:
    table = gate_table([Check("ECE", 0.02, 0.5, "<= 0.030", False)], "version 3", "run abc")
    assert "| check | version 3 | run abc | limit | passed |" in table
    assert "| ECE | 0.020 | 0.500 | <= 0.030 | NO |" in table


def test_models_lists_local_runs_and_damaged_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copytree(DEFAULT_MODEL, tmp_path / "runs" / "mine" / "model")
    shutil.copytree(DEFAULT_MODEL, tmp_path / "runs" / "other" / "model")
    (tmp_path / "runs" / "other" / "model" / "tokenizer.json").write_text("{}")
    done = CliRunner().invoke(models, [], standalone_mode=False)
    assert done.exception is None, done.exception
    _, _, shipped, *_, mine, other = done.output.strip().splitlines()
    assert "default of sayso score" in shipped
    assert mine.startswith("| runs/mine/model | 0.8") and "damaged" in other
    assert not (tmp_path / "mlflow.db").exists()
