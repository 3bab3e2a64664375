"""Search for settings: Optuna trials, each a child of one MLflow run; poor ones stop early, a stopped study goes on."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import click
import mlflow
import optuna
import yaml
from optuna.trial import TrialState
from pydantic import ValidationError
from transformers import TrainerCallback, set_seed
from transformers.trainer_utils import SaveStrategy

from sayso.errors import ConfigError
from sayso.manifest import write_whole
from sayso_training.checkpoints import DivergedError
from sayso_training.config import TrainConfig
from sayso_training.parent import AGAIN, close_parent, log_to_parent, open_parent
from sayso_training.plots import importance_plot, trials_plot
from sayso_training.run_folder import note_run, previous_run
from sayso_training.space import TuneConfig
from sayso_training.stopping import dev_scores
from sayso_training.tracking import ending_marked, reaching_store, start_run
from sayso_training.train import build_trainer, check_labelled, describe_run, load_splits

BEST, STUDY, RUN = "best.yaml", "study.db", "mlflow_run_id"
LEAST_TRIALS = 4  # complete ones, before importances mean anything
ENDED = (TrialState.COMPLETE, TrialState.PRUNED)


class Prune(TrainerCallback):  # type: ignore[misc]
    """Stop a trial whose dev score is below the median of the others' at the same evaluation."""

    def __init__(self, trial: optuna.Trial, metric: str) -> None:
        self.trial = trial
        self.metric = metric

    def on_evaluate(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Report the newest score."""
        scores = dev_scores(state.log_history, self.metric)
        self.trial.report(scores[-1], len(scores))
        if self.trial.should_prune():
            raise optuna.TrialPruned


def tune(config: TrainConfig, corpora: Path, folder: Path, uri: str, resume: bool) -> optuna.Study:
    """Run the trials that the study in `folder` lacks; write the best settings to `best.yaml` after each.

    With `resume` the study goes on; a trial that was cut off is tried again, and `tune.trials` may be higher.

    Raises:
        ConfigError: without a `tune:` section, for impossible values in it, or when `folder` holds another study.
        TrackingError: when the tracking store does not work.
    """
    settings = search_settings(config)
    kept = config.model_copy(update={"tune": settings.model_copy(update={"trials": 1})})  # may differ when going on
    run_id = previous_run(folder, kept, resume)
    run_id = open_parent(config.model_dump(mode="json"), f"{config.name}-tune", config.experiment, uri, run_id)
    note_run(folder, kept, run_id)
    study = open_study(config, settings, folder)
    with close_parent(run_id):
        left = settings.trials - len(study.get_trials(states=ENDED))
        if left > 0:
            after = note_trial(config, folder, run_id, settings.trials)
            study.optimize(lambda trial: run_trial(trial, config, corpora, uri, run_id), left, callbacks=[after])
        log_study(study, folder, run_id, config.trainer.metric)
    return study


def search_settings(config: TrainConfig) -> TuneConfig:
    """Return the `tune:` section after trying that every value in it is possible.

    Raises:
        ConfigError: naming the key whose value is not.
    """
    if config.tune is None:
        raise ConfigError(f"{config.name} has no tune: section; see experiments/configs/tune.yaml for one")
    for key, dimension in config.tune.space.items():
        for value in dimension.edges:
            with_values(config, {key: value})
    return config.tune


def with_values(config: TrainConfig, values: dict[str, Any]) -> TrainConfig:
    """Return the configuration with dotted keys set, and without its `tune:` section.

    Raises:
        ConfigError: for a value that a setting cannot have.
    """
    settings = config.model_dump(mode="json", exclude={"tune"})
    for key, value in values.items():
        *sections, last = key.split(".")
        place = settings
        for section in sections:
            place = place[section]
        place[last] = value
    try:
        return TrainConfig.model_validate(settings)
    except ValidationError as error:
        raise ConfigError(f"tune.space: {values} cannot be: {error.errors()[0]['msg']}") from error


def open_study(config: TrainConfig, settings: TuneConfig, folder: Path) -> optuna.Study:
    """Open the study of a folder or begin it; what a killed process left unfinished is queued to be tried again."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(
        storage=f"sqlite:///{folder / STUDY}", study_name=config.name, direction="maximize", load_if_exists=True,
        pruner=optuna.pruners.MedianPruner(n_startup_trials=settings.startup),
    )  # fmt: skip
    # The draws of a study that goes on must not be those that it began with.
    study.sampler = optuna.samplers.TPESampler(seed=config.trainer.seed + len(study.trials))
    for trial in study.get_trials(states=(TrialState.RUNNING,)):
        study.tell(trial.number, state=TrialState.FAIL)
        study.enqueue_trial(trial.params)
        with suppress(Exception):  # the run is only marked; its store may know it no more
            mlflow.MlflowClient().set_terminated(trial.user_attrs[RUN], "KILLED")
    return study


def run_trial(trial: optuna.Trial, config: TrainConfig, corpora: Path, uri: str, parent: str) -> float:
    """Train with the trial's settings and return its dev score; keep neither checkpoints nor model.

    Raises:
        optuna.TrialPruned: when the trial falls behind the others, or its loss is not a number.
    """
    space = search_settings(config).space
    own = with_values(config, {key: dimension.suggest(trial, key) for key, dimension in space.items()})
    set_seed(own.trainer.seed)
    splits = load_splits(own.data, corpora, own.trainer.seed)
    check_labelled(own.data, splits)
    with ending_marked(), tempfile.TemporaryDirectory() as work:
        name = f"{config.name}-trial-{trial.number}"
        trial.set_user_attr(RUN, start_run(own.model_dump(mode="json"), name, own.experiment, uri, None, parent))
        describe_run(own, splits)
        trainer = build_trainer(own, splits, Path(work))
        trainer.args.save_strategy = SaveStrategy.NO
        trainer.add_callback(Prune(trial, own.trainer.metric))
        score = _train(trainer, own)
        mlflow.end_run()
    if score is None:
        raise optuna.TrialPruned
    return score


def _train(trainer: Any, config: TrainConfig) -> float | None:
    """Return the score of the weights that `sayso train` would keep; None for a trial that was stopped."""
    try:
        trainer.train()
    except (optuna.TrialPruned, DivergedError) as error:
        mlflow.set_tag("pruned", str(error) or "below the median of the other trials")
        return None
    scores = dev_scores(trainer.state.log_history, config.trainer.metric)
    score = max(scores) if config.trainer.patience else scores[-1]
    mlflow.log_metric("trial_score", score)
    return score


def note_trial(
    config: TrainConfig, folder: Path, run_id: str, trials: int
) -> Callable[[optuna.Study, optuna.trial.FrozenTrial], None]:
    """Return what is done after each trial: a line with the time left, the best so far on disk and in MLflow."""
    start, before = time.monotonic(), 0

    def note(study: optuna.Study, trial: optuna.trial.FrozenTrial) -> None:
        nonlocal before
        before += 1
        left = trials - len(study.get_trials(states=ENDED))
        minutes = (time.monotonic() - start) / before * left / 60
        shown = "stopped early" if trial.value is None else f"{trial.value:.4f}"
        done = study.get_trials(states=(TrialState.COMPLETE,))
        if done:
            write_best(study, config, folder)
            log_to_parent(run_id, {"best_so_far": study.best_value}, trial.number)
            shown += f"; best {study.best_value:.4f} (trial {study.best_trial.number})"
        click.echo(f"trial {trial.number}: {shown}; {left} left, about {minutes:.0f} min", err=True)

    return note


def write_best(study: optuna.Study, config: TrainConfig, folder: Path) -> Path:
    """Write the configuration with the best settings, which `sayso train` takes."""
    best = with_values(config, study.best_params).model_copy(update={"name": f"{config.name}-best"})
    head = (
        f"# Trial {study.best_trial.number} of {config.name}: {config.trainer.metric} {study.best_value:.4f} on dev.\n"
    )
    text = yaml.safe_dump(best.model_dump(mode="json", exclude={"tune"}), sort_keys=False, allow_unicode=True)
    write_whole(folder / BEST, (head + text).encode())
    return folder / BEST


def log_study(study: optuna.Study, folder: Path, run_id: str, metric: str) -> None:
    """Log best settings, plots and scores to the study's run.

    Raises:
        TrackingError: when the store is lost.
    """
    client = mlflow.MlflowClient()
    shares = importances(study)
    with reaching_store(AGAIN):
        client.log_figure(run_id, trials_plot([t.value for t in study.get_trials(states=ENDED)], metric), "trials.png")
        if (folder / BEST).exists():
            client.log_artifact(run_id, str(folder / BEST))
        if shares:
            client.log_figure(run_id, importance_plot(shares), "importance.png")
            log_to_parent(run_id, {f"importance.{key}": share for key, share in shares.items()})


def importances(study: optuna.Study) -> dict[str, float]:
    """Return how much of the score hangs on each setting (shares of 1); empty when there are too few trials to say."""
    if len(study.get_trials(states=(TrialState.COMPLETE,))) < LEAST_TRIALS:
        return {}
    try:
        return dict(optuna.importance.get_param_importances(study))
    except (RuntimeError, ValueError):  # all trials score alike
        return {}


def trials_table(study: optuna.Study, metric: str) -> str:
    """Return the trials as Markdown, the best first, with how much each setting matters."""
    trials = sorted(study.get_trials(states=ENDED), key=lambda t: -1.0 if t.value is None else t.value, reverse=True)
    keys = sorted({key for trial in trials for key in trial.params})
    lines = [f"| trial | {metric} | {' | '.join(keys)} |", f"| --- | --- |{' --- |' * len(keys)}"]
    for trial in trials:
        score = f"{trial.value:.4f}" if trial.state == TrialState.COMPLETE else "stopped early"
        lines.append(f"| {trial.number} | {score} | {' | '.join(_shown(trial.params.get(key)) for key in keys)} |")
    shares = ", ".join(f"{key} {share:.0%}" for key, share in importances(study).items())
    return "\n".join(lines) + (f"\n\nHow much of the score hangs on each: {shares}.\n" if shares else "\n")


def _shown(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
