"""Calibration on documents kept back from training: temperatures, span thresholds, conformal quantiles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from sayso.artifact import Artifact, ArtifactConfig, load_artifact
from sayso.classifier import Classifier
from sayso.decode import softmax
from sayso.engines.onnx_runtime import OnnxEngine
from sayso.labels import HEADS, LABELS, ROLES
from sayso.spans import find_spans
from sayso_data.schema import Example
from sayso_training.evaluate import exact_counts, word_counts
from sayso_training.metrics import f1_from_counts

Floats = NDArray[np.float64]
# About 1,100 sentences choose noisily: a wider grid fitted them better and dev worse (cue .848 against .884).
THRESHOLDS, FLOORS = (0.4, 0.5, 0.6), (0.3, 0.4, 0.5)
NEVER = 1.01  # no probability reaches it: a role that nobody annotated stays silent


def calibrate(folder: Path, examples: Sequence[Example]) -> ArtifactConfig:
    """Return the artifact's configuration with temperatures, thresholds and quantiles fitted on `examples`."""
    artifact = load_artifact(folder)
    temperatures = fit_temperatures(artifact, examples)
    warmed = replace(artifact.config, temperatures=temperatures)
    quantiles = fit_quantiles(Artifact(folder, warmed, artifact.digest), examples)
    thresholds, floors = fit_thresholds(Artifact(folder, warmed, artifact.digest), examples)
    return replace(warmed, quantiles=quantiles, thresholds=thresholds, floors=floors)


def raw_logits(artifact: Artifact, examples: Sequence[Example]) -> dict[str, Floats]:
    """Return the logits of every class head, one row an example."""
    classifier = Classifier(artifact, OnnxEngine(artifact))
    rows = classifier.outputs([example.text for example in examples])
    return {head: np.stack([row.logits[head] for row in rows]) for head in HEADS}


def fit_temperatures(artifact: Artifact, examples: Sequence[Example]) -> dict[str, float]:
    """Return the temperature of each class head with the least negative log likelihood (Guo et al. 2017)."""
    logits = raw_logits(artifact, examples)
    found = {}
    for head, classes in HEADS.items():
        known = [i for i, example in enumerate(examples) if getattr(example, head) is not None]
        if known:
            gold = np.array([classes.index(getattr(examples[i], head)) for i in known])
            found[head] = _best_temperature(logits[head][known], gold)
    return found


def _best_temperature(logits: Floats, gold: NDArray[np.int64]) -> float:
    def loss(log_temperature: float) -> float:
        shares = softmax(logits / np.exp(log_temperature))
        return float(-np.log(shares[np.arange(len(gold)), gold] + 1e-12).mean())

    best = minimize_scalar(loss, bounds=(np.log(0.2), np.log(5.0)), method="bounded")
    return round(float(np.exp(best.x)), 4)


def fit_quantiles(artifact: Artifact, examples: Sequence[Example]) -> dict[str, float]:
    """Return the least probability that keeps each label in the set at the artifact's coverage.

    Class-conditional split conformal prediction (Vovk 2012): the k-th smallest probability of the true label
    among the n examples of that class, k = floor((n + 1) * (1 - coverage)).
    """
    shares = softmax(raw_logits(artifact, examples)["label"] / artifact.config.temperatures["label"])
    quantiles = {}
    for column, label in enumerate(LABELS):
        scores = sorted(shares[i, column] for i, example in enumerate(examples) if example.label == label)
        rank = int((len(scores) + 1) * (1 - artifact.config.coverage))
        quantiles[label] = round(float(scores[rank - 1]), 4) if rank else 0.0
    return quantiles


def fit_thresholds(artifact: Artifact, examples: Sequence[Example]) -> tuple[dict[str, float], dict[str, float]]:
    """Return for each role the threshold and floor with the best sum of word-level and exact F1.

    The network runs once; only the decoding is repeated. A role that no example has been annotated for is never
    found: most likely nothing taught it.
    """
    classifier = Classifier(artifact, OnnxEngine(artifact))
    rows = classifier.outputs([example.text for example in examples])
    best = {role: (-1.0, 0.5, 0.5) for role in ROLES}
    for threshold, floor in product(THRESHOLDS, FLOORS):
        if floor > threshold:
            continue
        high, low = dict.fromkeys(ROLES, threshold), dict.fromkeys(ROLES, floor)
        config = replace(artifact.config, thresholds=high, floors=low)
        spans = [find_spans(e.text, row.offsets, row.tokens, config) for e, row in zip(examples, rows, strict=True)]
        for role in ROLES:
            word, exact = (f1_from_counts(*count(examples, spans, role))["f1"] for count in (word_counts, exact_counts))
            best[role] = max(best[role], (word + exact, threshold, floor))
    for role in set(ROLES).difference(*(example.roles for example in examples)):
        best[role] = (0.0, NEVER, NEVER)
    return {role: t for role, (_, t, _) in best.items()}, {role: f for role, (_, _, f) in best.items()}
