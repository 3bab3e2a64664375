"""The end of a run: export the trained model, score it, log model, scores and plots; cut off, it can be repeated."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import mlflow

from sayso.adapters.mlflow import log_model
from sayso.artifact import CARD, METRICS, load_artifact
from sayso.classifier import Classifier
from sayso_data.build import load_split
from sayso_training.card import model_card
from sayso_training.config import TrainConfig
from sayso_training.evaluate import evaluate
from sayso_training.export import export_model, int8_agreement
from sayso_training.plots import confusion_plot, reliability_plot, risk_coverage_plot
from sayso_training.tracking import flatten, metric_names, reaching_store

PLOTS = {"confusion": confusion_plot, "reliability": reliability_plot, "risk_coverage": risk_coverage_plot}
MODEL = "sayso"  # name of the MLflow model of a run


def finish(config: TrainConfig, torch_dir: Path, target: Path, corpora: Path) -> dict[str, Any]:
    """Export to `target`, score it on dev, log all to the active run, end the run, and return the scores.

    A model directory that is there already is whole, from a run that was cut off afterwards, and is only logged.

    Raises:
        TrackingError: when the store is lost; the model directory stays.
    """
    if not target.exists():
        _export(config, torch_dir, target, corpora)
    scores: dict[str, Any] = json.loads((target / METRICS).read_text(encoding="utf-8"))
    with reaching_store(f"after training ({target} is kept, type the same command with --resume when it is back)"):
        mlflow.log_metrics(metric_names(flatten(scores, "dev.")), step=0)
        for name, plot in PLOTS.items():
            mlflow.log_figure(plot(scores), f"{name}.png")
        mlflow.log_artifacts(str(target), "model")
        log_once(target)
        mlflow.end_run()
    return scores


def _export(config: TrainConfig, torch_dir: Path, target: Path, corpora: Path) -> None:
    """Write a model directory with its scores; it gets its name when all of it is there."""
    partial = target.with_name(f"{target.name}.part")
    shutil.rmtree(partial, ignore_errors=True)
    origin = {"name": config.name, "encoder": config.model.encoder, **run_origin()}
    calibration = load_split(config.data.calibration, corpora)
    export_model(torch_dir, partial, calibration, origin, config.model.max_length)
    write_scores(partial, config.data.dev, corpora, torch_dir)
    os.replace(partial, target)


def log_once(target: Path) -> None:
    """Log the MLflow model of the active run, unless it has one; one that was cut off while it was logged goes."""
    run = mlflow.active_run().info
    client = mlflow.MlflowClient()
    found = client.search_logged_models([run.experiment_id], f"source_run_id = '{run.run_id}'")
    for model in found:
        if model.status != "READY":
            client.delete_logged_model(model.model_id)
    if not any(model.status == "READY" for model in found):
        log_model(target, MODEL)


def run_origin() -> dict[str, str]:
    """Return the id and tags (commit, environment, data digest) of the active MLflow run."""
    run = mlflow.active_run()
    if run is None:
        return {}
    tags = mlflow.get_run(run.info.run_id).data.tags
    return {"mlflow_run_id": run.info.run_id, **{k: v for k, v in tags.items() if not k.startswith("mlflow.")}}


def write_scores(model: Path, split: str, corpora: Path, torch_dir: Path) -> dict[str, Any]:
    """Score a model directory through the runtime; write `metrics.json` and the model card into it."""
    examples = load_split(split, corpora)
    scores = evaluate(Classifier.load(model), examples)
    scores["int8_agreement"] = int8_agreement(torch_dir, model, [example.text for example in examples])
    (model / METRICS).write_text(json.dumps(scores, indent=1) + "\n", encoding="utf-8")
    config = load_artifact(model).config
    (model / CARD).write_text(model_card(config, scores, config.origin.get("name", "sayso")), encoding="utf-8")
    return scores
