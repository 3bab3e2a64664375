"""Runs that are killed, run out of disk, meet damaged checkpoints or lose their server, and go on all the same."""

from __future__ import annotations

import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import mlflow
import pytest
import torch
from click.testing import CliRunner
from mlflow.exceptions import MlflowException
from mlflow_server import Server
from safetensors.torch import load_file

from sayso.errors import ConfigError
from sayso_training import finish
from sayso_training import trainer as trainer_module
from sayso_training.checkpoints import MARK, DivergedError, TrainingError, last_whole, mark_whole
from sayso_training.cli import train
from sayso_training.config import TrainerConfig, load_config
from sayso_training.stopping import BEST, KeepBest, best_place, dev_scores
from sayso_training.tracking import TrackingError
from sayso_training.train import Splits, build_trainer, load_splits
from sayso_training.trainer import precision

CONFIG = Path(__file__).resolve().parents[2] / "experiments" / "configs" / "tiny.yaml"
TOLERANCE = 1e-5  # of a weight, after a run that was killed and one that was not; the same machine, two threads


def words(folder: Path, encoder: Path, *more: str) -> list[str]:
    settings = (
        f"model.encoder={encoder}", "trainer.epochs=4", "trainer.save_steps=6", "trainer.eval_steps=4",
        "trainer.logging_steps=2", "trainer.patience=50", "trainer.head_learning_rate=0.003",
    )  # fmt: skip
    sets = [word for setting in settings for word in ("--set", setting)]
    return [
        str(CONFIG),
        "--output",
        str(folder / "run"),
        "--tracking-uri",
        f"sqlite:///{folder}/mlflow.db",
        *sets,
        *more,
    ]


def sayso_train(arguments: list[str]) -> None:
    done = CliRunner().invoke(train, arguments, standalone_mode=False)
    if done.exception:
        raise done.exception


def start(folder: Path, arguments: list[str], limit: int | None = None) -> subprocess.Popen[str]:
    def bound() -> None:
        if limit:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    command = [sys.executable, "-m", "sayso", "train", *arguments]
    return subprocess.Popen(command, cwd=folder, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True,
                            preexec_fn=bound)  # fmt: skip


def the_run(folder: Path) -> Any:
    mlflow.set_tracking_uri(f"sqlite:///{folder}/mlflow.db")
    (found,) = mlflow.search_runs(experiment_names=["sayso"], output_format="list")
    return found


@pytest.fixture(scope="module")
def whole(small_encoder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a run that nothing interrupted."""
    folder = tmp_path_factory.mktemp("whole")
    monkey = pytest.MonkeyPatch()
    monkey.chdir(folder)
    sayso_train(words(folder, small_encoder))
    monkey.undo()
    return folder


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return load_file(folder / "run" / "torch" / "model.safetensors")


def furthest(one: Path, other: Path) -> float:
    a, b = weights(one), weights(other)
    return max(float((a[name] - b[name]).abs().max()) for name in a)


def test_a_killed_run_goes_on_to_the_same_result(
    whole: Path, small_encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    process = start(tmp_path, words(tmp_path, small_encoder))
    deadline = time.monotonic() + 900
    while not list((tmp_path / "run").glob(f"checkpoint-*/{MARK}")):
        assert process.poll() is None and time.monotonic() < deadline, process.communicate()[1]
        time.sleep(0.001)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert not (tmp_path / "run" / "torch").exists()
    before = the_run(tmp_path)
    assert before.info.status == "RUNNING"
    monkeypatch.chdir(tmp_path)
    sayso_train(words(tmp_path, small_encoder, "--resume"))
    after, calm = the_run(tmp_path), the_run(whole)
    assert after.info.run_id == before.info.run_id and after.info.status == "FINISHED"
    assert furthest(whole, tmp_path) <= TOLERANCE
    for name in ("best_evaluation", "best_label_macro_f1", "dev.label.macro_f1", "dev.calibration.ece"):
        mlflow.set_tracking_uri(f"sqlite:///{tmp_path}/mlflow.db")
        assert after.data.metrics[name] == pytest.approx(calm.data.metrics[name], abs=1e-3), name


def test_a_run_tells_mlflow_what_it_learned_from_and_how_the_machine_did(whole: Path) -> None:
    run = the_run(whole)
    found = {i.tags[0].value: i.dataset for i in run.inputs.dataset_inputs}
    assert {k: d.name for k, d in found.items()} == {
        "training": "sample-train", "evaluation": "sample-dev", "calibration": "sample-calibration"
    }  # fmt: skip
    assert found["training"].digest == run.data.tags["data_digest"][:36]
    (model,) = mlflow.MlflowClient().search_logged_models([run.info.experiment_id])
    info = mlflow.models.get_model_info(f"models:/{model.model_id}")
    assert info.signature is not None and info.saved_input_example_info is not None


def test_a_finished_run_is_not_done_again_and_other_settings_are_refused(
    whole: Path, small_encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(whole)
    before = (whole / "run" / "torch" / "model.safetensors").stat().st_mtime_ns
    sayso_train(words(whole, small_encoder, "--resume"))
    assert (whole / "run" / "torch" / "model.safetensors").stat().st_mtime_ns == before
    with pytest.raises(ConfigError, match=r"trainer\.seed: 13 then, 14 now"):
        sayso_train(words(whole, small_encoder, "--resume", "--set", "trainer.seed=14"))


def copy_without_end(whole: Path, folder: Path) -> list[Path]:
    """Copy a run as it was before its end; return its checkpoints."""
    shutil.copytree(whole, folder, dirs_exist_ok=True)
    for name in ("torch", "model"):
        shutil.rmtree(folder / "run" / name)
    return sorted((folder / "run").glob("checkpoint-*"), key=lambda path: int(path.name.split("-")[1]))


def test_a_damaged_checkpoint_is_left_out(
    whole: Path,
    small_encoder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    *_, last = copy_without_end(whole, tmp_path)
    data = bytearray((last / "optimizer.pt").read_bytes())
    data[len(data) // 2] ^= 255
    (last / "optimizer.pt").write_bytes(data)
    monkeypatch.chdir(tmp_path)
    assert last_whole(tmp_path / "run") != last
    assert f"{last.name} is left out, optimizer.pt changed after it was written" in capsys.readouterr().err
    sayso_train(words(tmp_path, small_encoder, "--resume"))
    assert furthest(whole, tmp_path) <= TOLERANCE


def test_checkpoints_that_were_cut_off(tmp_path: Path) -> None:
    for step in (5, 10, 15):
        (tmp_path / f"checkpoint-{step}").mkdir()
        (tmp_path / f"checkpoint-{step}" / "trainer_state.json").write_text("{}")
    mark_whole(tmp_path / "checkpoint-5")
    (tmp_path / "checkpoint-15" / "trainer_state.json").unlink()
    assert last_whole(tmp_path) == tmp_path / "checkpoint-10"  # killed before its mark was written
    assert not (tmp_path / "checkpoint-15").exists()
    (tmp_path / "checkpoint-10" / "trainer_state.json").unlink()
    (tmp_path / "checkpoint-5" / MARK).write_text("[]")
    with pytest.raises(TrainingError, match=r"no checkpoint is whole.*to train from the start, remove"):
        last_whole(tmp_path)
    assert last_whole(tmp_path / "none") is None


def test_a_full_disk_is_told_and_the_run_goes_on_later(
    whole: Path, small_encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The size limit of the process stands for the disk: the tracking store fits, the weights do not."""
    process = start(tmp_path, words(tmp_path, small_encoder), limit=3_000_000)
    _, errors = process.communicate(timeout=900)
    assert process.returncode == 2, errors
    assert "cannot be written" in errors and "make room and type the same command with --resume" in errors
    assert "Traceback" not in errors
    assert the_run(tmp_path).info.status == "FAILED"
    monkeypatch.chdir(tmp_path)
    with monkeypatch.context() as broken:
        broken.setattr(finish, "log_model", lost)
        with pytest.raises(
            TrackingError, match=r"after training \(.*model is kept, type the same command with --resume"
        ):
            sayso_train(words(tmp_path, small_encoder, "--resume"))
    exported = (tmp_path / "run" / "model" / "model.onnx").stat().st_mtime_ns
    sayso_train(words(tmp_path, small_encoder, "--resume"))
    assert (tmp_path / "run" / "model" / "model.onnx").stat().st_mtime_ns == exported
    assert the_run(tmp_path).info.status == "FINISHED"
    assert furthest(whole, tmp_path) <= TOLERANCE


def lost(*_: Any) -> None:
    raise MlflowException("connection refused")


def test_a_loss_that_is_no_number_stops_the_run(
    small_encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []
    whole_loss = trainer_module.multitask_loss

    def broken(*arguments: Any) -> dict[str, torch.Tensor]:
        calls.append(1)
        losses = whole_loss(*arguments)
        return losses if len(calls) < 8 else {name: value * float("nan") for name, value in losses.items()}

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(trainer_module, "multitask_loss", broken)
    with pytest.raises(DivergedError, match=r"the loss is nan at step 8 .*trainer\.learning_rate=0\.0001"):
        sayso_train(words(tmp_path, small_encoder))
    assert the_run(tmp_path).info.status == "FAILED"
    assert not (tmp_path / "run" / "model").exists()


def test_a_server_that_goes_down_loses_nothing(
    own_server: Server, whole: Path, small_encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
    monkeypatch.chdir(tmp_path)
    mark = trainer_module.MultiTaskTrainer._save_checkpoint

    def then_down(*arguments: Any, **named: Any) -> None:
        mark(*arguments, **named)
        own_server.kill()

    arguments = words(tmp_path, small_encoder, "--tracking-uri", own_server.uri)
    with monkeypatch.context() as broken:
        broken.setattr(trainer_module.MultiTaskTrainer, "_save_checkpoint", then_down)
        with pytest.raises(TrackingError, match=r"lost the tracking store at step \d+ .*--resume"):
            sayso_train(arguments)
    assert mlflow.active_run() is None
    own_server.start()
    sayso_train([*arguments, "--resume"])
    (run,) = mlflow.search_runs(experiment_names=["sayso"], output_format="list")
    assert run.info.status == "FINISHED"
    assert furthest(whole, tmp_path) <= TOLERANCE


class Network(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(1))


def test_early_stopping_keeps_the_best_weights(tmp_path: Path) -> None:
    model, keep = Network(), KeepBest(tmp_path, "label_macro_f1", 2)
    state = SimpleNamespace(log_history=[], global_step=0)
    stops = []
    for number, score in enumerate((0.4, 0.6, 0.5, 0.6, 0.9)):
        model.weight.data.fill_(number)
        state.log_history += [{"loss": 1.0}, {"eval_label_macro_f1": score}]
        control = SimpleNamespace(should_training_stop=False)
        keep.on_evaluate(None, state, control, model=model)
        stops.append(control.should_training_stop)
        if number == 2:
            (tmp_path / "checkpoint-3").mkdir()
            state.global_step = 3
            keep.on_save(None, state, control)
    assert stops == [False, False, False, True, False]  # a score no better does not count; training would have ended
    assert load_file(tmp_path / "checkpoint-3" / BEST)["weight"].item() == 1
    assert load_file(tmp_path / BEST)["weight"].item() == 4
    with pytest.raises(ConfigError, match=r"'speed', which dev does not score; known: label_macro_f1"):
        dev_scores(state.log_history, "speed")
    assert best_place([0.1, 0.3, 0.3]) == 1


def test_training_ends_early_and_the_model_is_the_best(
    small_encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At a rate of nothing no evaluation is better than the first: one more, then the end."""
    monkeypatch.chdir(tmp_path)
    rates = ("trainer.learning_rate=0", "trainer.head_learning_rate=0", "trainer.patience=1", "trainer.eval_steps=3")
    sayso_train(words(tmp_path, small_encoder, *(word for rate in rates for word in ("--set", rate))))
    run = the_run(tmp_path)
    assert run.data.metrics["best_evaluation"] == 1
    steps = [point.step for point in mlflow.MlflowClient().get_metric_history(run.info.run_id, "eval_label_macro_f1")]
    assert steps == [3, 6]


def test_accumulated_gradients_are_those_of_the_whole_batch(
    small_encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    mlflow.set_tracking_uri(f"sqlite:///{tmp_path}/mlflow.db")
    mlflow.set_experiment("sayso")  # else the number of an earlier test's experiment stays
    norms = []
    for batch, times in ((8, 1), (2, 4)):
        settings = (
            f"model.encoder={small_encoder}", "model.dropout=0", "trainer.bf16=false", "trainer.max_steps=2",
            f"trainer.batch_size={batch}", f"trainer.gradient_accumulation={times}", "trainer.logging_steps=1",
        )  # fmt: skip
        config = load_config(CONFIG, settings)
        torch.manual_seed(1)
        splits = load_splits(config.data, Path("unused"), 1)
        alike = Splits([splits.train[0]] * 16, splits.dev[:4], [])  # so that every batch is the same
        trainer = build_trainer(config, alike, tmp_path / f"{batch}")
        for part in trainer.model.encoder.modules():
            if isinstance(part, torch.nn.Dropout):
                part.p = 0.0
        trainer.train()
        assert trainer.state.global_step == 2
        norms.append([row["grad_norm"] for row in trainer.state.log_history if "grad_norm" in row])
    assert norms[0] == pytest.approx(norms[1], rel=1e-3)
    assert len(norms[0]) == 2


def test_mixed_precision_is_what_the_machine_can(monkeypatch: pytest.MonkeyPatch) -> None:
    assert precision(TrainerConfig()) == {"bf16": True, "fp16": False}
    assert precision(TrainerConfig(bf16=False)) == {"bf16": False, "fp16": False}
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda: False)
    assert precision(TrainerConfig()) == {"bf16": False, "fp16": True}


def test_several_seeds_give_mean_and_spread_under_one_run(
    small_encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    few = ("--set", "trainer.epochs=1", "--seeds", "2")
    done = CliRunner().invoke(train, words(tmp_path, small_encoder, *few), standalone_mode=False)
    assert done.exception is None, done.exception
    assert "| label macro-F1 |" in done.output
    assert re.search(r"\d+/\d+ \[\d\d:\d\d<\d\d:\d\d", done.output)  # time spent and time left
    mlflow.set_tracking_uri(f"sqlite:///{tmp_path}/mlflow.db")
    runs = mlflow.search_runs(experiment_names=["sayso"], output_format="list")
    (parent,) = (run for run in runs if "mlflow.parentRunId" not in run.data.tags)
    children = [run for run in runs if run.data.tags.get("mlflow.parentRunId") == parent.info.run_id]
    assert {run.data.params["trainer.seed"] for run in children} == {"13", "14"}
    assert {run.info.status for run in runs} == {"FINISHED"}
    scores = [run.data.metrics["dev.label.macro_f1"] for run in children]
    assert parent.data.metrics["dev.label.macro_f1.mean"] == pytest.approx(sum(scores) / 2)
    assert parent.data.metrics["dev.label.macro_f1.sd"] == pytest.approx(abs(scores[0] - scores[1]) / 2**0.5)
    before = os.stat(tmp_path / "run" / "seed-13" / "torch" / "model.safetensors").st_mtime_ns
    more = ("--set", "trainer.epochs=1", "--seeds", "3", "--resume")
    sayso_train(words(tmp_path, small_encoder, *more))
    assert os.stat(tmp_path / "run" / "seed-13" / "torch" / "model.safetensors").st_mtime_ns == before
    assert len(mlflow.search_runs(experiment_names=["sayso"], output_format="list")) == 4
    with pytest.raises(ConfigError, match="holds runs of several seeds; add --seeds"):
        sayso_train(words(tmp_path, small_encoder, "--set", "trainer.epochs=1", "--resume"))
