"""The search for settings: its section, its trials, and going on after a stop."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import mlflow
import optuna
import pytest
import yaml
from click.testing import CliRunner, Result

from sayso.errors import ConfigError
from sayso_training import tune as tune_module
from sayso_training.checkpoints import DivergedError
from sayso_training.config import TrainConfig, load_config
from sayso_training.tune import Prune, importances, open_study, search_settings, trials_table
from sayso_training.tune_cli import tune_command

CONFIG = Path(__file__).resolve().parents[2] / "experiments" / "configs" / "tiny.yaml"


def write_config(folder: Path, space: dict[str, Any], trials: int = 2, **more: Any) -> Path:
    values = yaml.safe_load(CONFIG.read_text())
    path = folder / "search.yaml"
    path.write_text(yaml.safe_dump({**values, "tune": {"trials": trials, "space": space, **more}}))
    return path


@pytest.mark.parametrize(
    ("space", "message"),
    [
        ({"trainer.learning_speed": {"low": 1, "high": 2}}, "no setting is called trainer.learning_speed"),
        ({"trainer": {"low": 1, "high": 2}}, "no setting is called trainer"),
        ({"trainer.epochs": {"low": 2, "high": 1}}, "low 2, high 1, .* is no range"),
        ({"trainer.epochs": {"low": 1, "high": 2, "steps": 1}}, "steps: Extra inputs"),
        ({}, "at least 1"),
    ],
)
def test_a_wrong_space_is_refused(tmp_path: Path, space: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        load_config(write_config(tmp_path, space))


def test_impossible_values_are_found_before_the_first_trial(tmp_path: Path) -> None:
    config = load_config(write_config(tmp_path, {"trainer.batch_size": {"choices": [8, "many"]}}))
    with pytest.raises(ConfigError, match=r"'trainer.batch_size': 'many'.* cannot be"):
        search_settings(config)
    with pytest.raises(ConfigError, match="has no tune: section; see experiments/configs"):
        search_settings(load_config(CONFIG))


def test_draws_keep_to_the_space(tmp_path: Path) -> None:
    space = {
        "trainer.epochs": {"low": 1, "high": 4}, "trainer.learning_rate": {"low": 0.00001, "high": 0.001, "log": True},
        "trainer.bf16": {"choices": [True, False]},
    }  # fmt: skip
    config = load_config(write_config(tmp_path, space))
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=1))
    for _ in range(20):
        trial = study.ask()
        drawn = {key: dimension.suggest(trial, key) for key, dimension in search_settings(config).space.items()}
        own = tune_module.with_values(config, drawn)
        assert own.trainer.epochs in (1, 2, 3, 4) and 0.00001 <= own.trainer.learning_rate <= 0.001
        assert own.tune is None and isinstance(own.trainer.bf16, bool)


def test_a_poor_trial_is_stopped(tmp_path: Path) -> None:
    config = load_config(write_config(tmp_path, {"trainer.epochs": {"low": 1, "high": 4}}, startup=2))
    study = open_study(config, search_settings(config), tmp_path)
    state: Any = type("State", (), {"log_history": []})()
    for score in (0.7, 0.8, 0.2):
        trial = study.ask()
        state.log_history = [{"eval_label_macro_f1": score}]
        if score == 0.2:
            with pytest.raises(optuna.TrialPruned):
                Prune(trial, "label_macro_f1").on_evaluate(None, state, None)
        else:
            Prune(trial, "label_macro_f1").on_evaluate(None, state, None)
            study.tell(trial, score)


def test_importances_find_the_setting_that_matters() -> None:
    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.RandomSampler(seed=2))
    study.optimize(lambda t: t.suggest_float("a", 0, 1) * 10 + t.suggest_float("b", 0, 1) * 0.01, 3)
    assert importances(study) == {}
    study.optimize(lambda t: t.suggest_float("a", 0, 1) * 10 + t.suggest_float("b", 0, 1) * 0.01, 40)
    assert importances(study)["a"] > 0.7
    assert "How much of the score hangs on each: a " in trials_table(study, "score")


def sayso_tune(folder: Path, encoder: Path, *words: str) -> Result:
    sets = ("--set", f"model.encoder={encoder}", "--set", "trainer.epochs=1")
    arguments = [str(folder / "search.yaml"), *sets, "--output", str(folder / "study"), *words]
    done = CliRunner().invoke(tune_command, arguments, standalone_mode=False)
    if done.exception:
        raise done.exception
    return done


def test_a_study_is_tracked_and_goes_on_after_a_stop(
    small_encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_config(tmp_path, {"trainer.head_learning_rate": {"low": 0.0005, "high": 0.01, "log": True}})
    first = sayso_tune(tmp_path, small_encoder)
    assert "| trial | label_macro_f1 | trainer.head_learning_rate |" in first.output
    best = load_config(tmp_path / "study" / "best.yaml")
    assert best.name == "tiny-best" and best.tune is None and 0.0005 <= best.trainer.head_learning_rate <= 0.01
    assert isinstance(best, TrainConfig) and best.model.encoder == str(small_encoder)

    study = optuna.load_study(study_name="tiny", storage=f"sqlite:///{tmp_path}/study/study.db")
    cut_off = study.ask()  # what a killed process leaves behind
    drawn = cut_off.suggest_float("trainer.head_learning_rate", 0.0005, 0.01, log=True)
    with pytest.raises(ConfigError, match="add --resume"):
        sayso_tune(tmp_path, small_encoder)
    with pytest.raises(ConfigError, match=r"trainer\.batch_size: 16 then, 8 now"):
        sayso_tune(tmp_path, small_encoder, "--resume", "--set", "trainer.batch_size=8")

    diverging = iter([True, False])
    train = tune_module.build_trainer

    def first_diverges(*arguments: Any) -> Any:
        trainer = train(*arguments)
        if next(diverging):
            monkeypatch.setattr(type(trainer), "train", lambda self: (_ for _ in ()).throw(DivergedError("nan")))
        else:
            monkeypatch.undo()
            monkeypatch.chdir(tmp_path)
        return trainer

    monkeypatch.setattr(tune_module, "build_trainer", first_diverges)
    sayso_tune(tmp_path, small_encoder, "--resume", "--set", "tune.trials=4")
    trials = study.get_trials()
    assert [t.state.name for t in trials] == ["COMPLETE", "COMPLETE", "FAIL", "PRUNED", "COMPLETE"]
    assert trials[3].params["trainer.head_learning_rate"] == drawn

    runs = mlflow.search_runs(experiment_names=["sayso"], output_format="list")
    (parent,) = (run for run in runs if "mlflow.parentRunId" not in run.data.tags)
    children = [run for run in runs if run.data.tags.get("mlflow.parentRunId") == parent.info.run_id]
    assert len(children) == 4 and {run.info.status for run in runs} == {"FINISHED"}
    assert [run.data.tags.get("pruned") for run in children].count("nan") == 1
    assert parent.data.metrics["best_so_far"] == pytest.approx(study.best_value)
    names = {file.path for file in mlflow.MlflowClient().list_artifacts(parent.info.run_id)}
    assert {"best.yaml", "trials.png", "config.json"} <= names
