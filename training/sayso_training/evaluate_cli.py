"""`sayso evaluate`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from sayso.artifact import DEFAULT_MODEL, load_artifact
from sayso.classifier import Classifier, locate_model
from sayso.errors import ConfigError
from sayso_data.build import load_split
from sayso_data.cli import DATA_OPTION
from sayso_training.audit import audit, audit_json, audit_table
from sayso_training.baselines import CueRules, TfidfLogistic
from sayso_training.behaviour import behaviour_table, load_suite, run_suite
from sayso_training.card import calibration_table, scores_table
from sayso_training.crossfit import cross_calibrate
from sayso_training.evaluate import Predictor, evaluate
from sayso_training.source_eval import evaluate_sources, scores_markdown
from sayso_training.source_polnear import polnear_markdown, polnear_sources

Report = tuple[Any, str]  # JSON-ready values, and the same as Markdown
BASELINES = ("rules", "tfidf")


@click.command("evaluate")
@click.argument("model", default=str(DEFAULT_MODEL), metavar="[MODEL]")
@click.option("--on", "split", default="dev", show_default=True, help="Split to score: dev, calibration or sample.")
@click.option("--behaviour", is_flag=True, help="Run the behaviour suite instead: pass rate of every template.")
@click.option("--audit", "shortcuts", is_flag=True, help="Look for shortcuts instead: cues, names, outlets, quotes.")
@click.option("--cross-calibrate", "folds", is_flag=True,
              help="Judge the calibration instead: fit and score by document folds.")  # fmt: skip
@click.option("--sources", is_flag=True, help="Score the linking of sources instead: --on dev, test or polnear.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of Markdown.")
@DATA_OPTION
def evaluate_command(
    model: str, split: str, behaviour: bool, shortcuts: bool, folds: bool, sources: bool, as_json: bool, directory: Path
) -> None:
    """Score a model directory, an MLflow address, or a baseline (`rules`, `tfidf`) on labelled sentences.

    Example: sayso evaluate --on sample --audit
    """
    if behaviour + shortcuts + folds + sources > 1:
        raise ConfigError("--behaviour, --audit, --cross-calibrate, --sources print different tables; type one of them")
    chosen = {_behaviour: behaviour, _audit: shortcuts, _calibration: folds, _sources: sources}
    report = next((report for report, wanted in chosen.items() if wanted), _scores)
    values, table = report(model, directory, split)
    click.echo(json.dumps(values, indent=1) if as_json else table)


def _behaviour(model: str, directory: Path, split: str) -> Report:
    report = run_suite(_predictor(model, directory, split), load_suite())
    return report, behaviour_table(report)


def _audit(model: str, directory: Path, split: str) -> Report:
    rows = audit(_predictor(model, directory, split), load_split(split, directory))
    return audit_json(rows), audit_table(rows)


def _scores(model: str, directory: Path, split: str) -> Report:
    scores = evaluate(_predictor(model, directory, split), load_split(split, directory))
    return scores, scores_table(scores)


def _calibration(model: str, directory: Path, split: str) -> Report:
    if model in BASELINES:
        raise ConfigError(f"{model} has no calibration to judge; name a model directory")
    scores = cross_calibrate(load_artifact(locate_model(model)), load_split(split, directory))
    return scores, calibration_table(scores)


def _sources(model: str, directory: Path, split: str) -> Report:
    if model in BASELINES:
        raise ConfigError(f"{model} gives no records of an article; name a model directory")
    analyse = Classifier.load(model).analyze
    if split == "polnear":
        values = polnear_sources(analyse, directory)
        return values, polnear_markdown(values)
    tables = evaluate_sources(split, analyse)
    return tables, scores_markdown(tables)


def _predictor(model: str, directory: Path, split: str) -> Predictor:
    if model == "rules":
        return CueRules()
    if model == "tfidf":
        if split in ("train", "calibration"):
            raise ConfigError("tfidf trains on train; evaluate it on dev or sample")
        return TfidfLogistic(load_split("train", directory))
    return Classifier.load(model)
