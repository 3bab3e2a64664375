"""The gate before an alias: a candidate against the model that it would replace, both measured here and now."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sayso.artifact import GRAPH
from sayso.classifier import Classifier
from sayso_data.schema import Example
from sayso_training.behaviour import Case, run_suite
from sayso_training.evaluate import evaluate

ROUNDS = 3  # of timing, the two models in turn, so that what else the machine does meets both


@dataclass(frozen=True, slots=True)
class Limits:
    """How much worse than the champion a candidate may be: differences, and ratios candidate to champion.

    The behaviour suite has some thousand cases, an ECE on a few thousand sentences strays by about .01.
    """

    behaviour: float = 0.01
    ece: float = 0.01
    size: float = 1.25
    speed: float = 0.8


@dataclass(frozen=True, slots=True)
class Measured:
    """One model's numbers; `interval` is that of macro-F1, size in MB, speed in sentences a second."""

    model: str
    macro_f1: float
    interval: tuple[float, float]
    behaviour: float
    ece: float
    ece_floor: float
    size: float
    speed: float


@dataclass(frozen=True, slots=True)
class Check:
    """One row of the gate."""

    name: str
    champion: float
    candidate: float
    limit: str
    passed: bool


def measure(
    models: Sequence[Classifier], examples: Sequence[Example], cases: Sequence[Case], rounds: int = ROUNDS
) -> list[Measured]:
    """Score the models on dev examples and behaviour cases, and time them in turn on the same sentences."""
    scores = [evaluate(model, examples) for model in models]
    passed = [run_suite(model, cases)["pass_rate"] for model in models]
    speeds = time_models(models, [example.text for example in examples], rounds)
    return [
        _measured(*row) for row in zip(models, scores, passed, speeds, strict=True)
    ]  # fmt: skip


def _measured(model: Classifier, scores: dict[str, Any], behaviour: float, speed: float) -> Measured:
    label, calibration = scores["label"], scores["calibration"]
    size = (model.artifact.path / GRAPH).stat().st_size / 1e6
    return Measured(
        model.artifact.digest, label["macro_f1"], tuple(label["interval"]), behaviour, calibration["ece"],
        calibration["ece_floor"], size, speed,
    )  # fmt: skip


def time_models(models: Sequence[Classifier], texts: Sequence[str], rounds: int) -> list[float]:
    """Return the best rate of each model over `rounds`, in sentences a second."""
    best = [0.0] * len(models)
    for _ in range(rounds):
        for place, model in enumerate(models):
            start = time.perf_counter()
            model.predict(texts)
            best[place] = max(best[place], len(texts) / (time.perf_counter() - start))
    return best


def compare(champion: Measured, candidate: Measured, limits: Limits) -> list[Check]:
    """Return the rows of the gate.

    Macro-F1 must not be below the champion's 95% bootstrap interval. ECE may be what a perfectly calibrated model
    shows on as many sentences, even where the champion happens to show less.
    """
    least = champion.interval[0]
    behaviour, speed = champion.behaviour - limits.behaviour, champion.speed * limits.speed
    ece = max(champion.ece, candidate.ece_floor) + limits.ece
    size = champion.size * limits.size
    return [
        _at_least("dev macro-F1", champion.macro_f1, candidate.macro_f1, least),
        _at_least("behaviour suite", champion.behaviour, candidate.behaviour, behaviour),
        _at_most("ECE", champion.ece, candidate.ece, ece),
        _at_most("size (MB)", champion.size, candidate.size, size),
        _at_least("speed (sentences/s)", champion.speed, candidate.speed, speed),
    ]


def _at_least(name: str, champion: float, candidate: float, limit: float) -> Check:
    return Check(name, champion, candidate, f">= {_shown(limit)}", candidate >= limit)


def _at_most(name: str, champion: float, candidate: float, limit: float) -> Check:
    return Check(name, champion, candidate, f"<= {_shown(limit)}", candidate <= limit)


def gate_table(rows: Sequence[Check], champion: str, candidate: str) -> str:
    """Return the gate as Markdown; the columns are headed with the two models."""
    lines = [f"| check | {champion} | {candidate} | limit | passed |", "| --- | --- | --- | --- | --- |"]
    lines += [
        f"| {row.name} | {_shown(row.champion)} | {_shown(row.candidate)} | {row.limit} | {_said(row.passed)} |"
        for row in rows
    ]
    return "\n".join(lines) + "\n"


def failed(rows: Sequence[Check]) -> list[str]:
    """Return the names of the checks that did not pass."""
    return [row.name for row in rows if not row.passed]


def gate_json(champion: Measured, candidate: Measured, rows: Sequence[Check]) -> dict[str, Any]:
    """Return everything that the decision rests on as JSON-ready values."""
    return {"champion": asdict(champion), "candidate": asdict(candidate), "checks": [asdict(row) for row in rows]}


def _said(passed: bool) -> str:
    return "yes" if passed else "NO"


def _shown(value: float) -> str:
    return f"{value:,.1f}" if value >= 2 else f"{value:.3f}"
