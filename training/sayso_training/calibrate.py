"""Calibration on documents kept back from training: probabilities, span thresholds, conformal quantiles."""

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
from sayso.decode import class_shares, softmax, unsmooth
from sayso.engines.onnx_runtime import OnnxEngine
from sayso.labels import HEADS, LABELS, ROLES
from sayso.spans import find_spans
from sayso_data.schema import Example
from sayso_training.evaluate import exact_counts, word_counts
from sayso_training.metrics import f1_from_counts

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
# About 1,100 sentences choose noisily: a wider grid fitted them better and dev worse (cue .848 against .884).
THRESHOLDS, FLOORS = (0.4, 0.5, 0.6), (0.3, 0.4, 0.5)
NEVER = 1.01  # no probability reaches it: a role that nobody annotated stays silent
# Fitted, not read from the run: soft labels of teachers are smoother than any setting says.
SMOOTHINGS = (0.0, 0.02, 0.05, 0.1)
CLASS_SLACK = 0.02  # every class may be covered this much less than the whole


def calibrate(folder: Path, examples: Sequence[Example]) -> ArtifactConfig:
    """Return the artifact's configuration with temperatures, thresholds and quantiles fitted on `examples`."""
    artifact = load_artifact(folder)
    config = calibrate_classes(artifact.config, raw_logits(artifact, examples), examples)
    thresholds, floors = fit_thresholds(Artifact(folder, config, artifact.digest), examples)
    return replace(config, thresholds=thresholds, floors=floors)


def calibrate_classes(config: ArtifactConfig, logits: dict[str, Floats], examples: Sequence[Example]) -> ArtifactConfig:
    """Return `config` with the class heads fitted on `logits` (one row an example a head)."""
    smoothings, temperatures = fit_scaling(logits, examples)
    scaled = replace(config, smoothings=smoothings, temperatures=temperatures)
    known = [i for i, example in enumerate(examples) if example.label is not None]
    gold = np.array([LABELS.index(str(examples[i].label)) for i in known])
    quantiles = fit_quantiles(class_shares(logits, "label", scaled)[known], gold, config.coverage)
    return replace(scaled, quantiles=quantiles)


def raw_logits(artifact: Artifact, examples: Sequence[Example]) -> dict[str, Floats]:
    """Return the logits of every class head, one row an example."""
    classifier = Classifier(artifact, OnnxEngine(artifact))
    rows = classifier.outputs([example.text for example in examples])
    return {head: np.stack([row.logits[head] for row in rows]) for head in HEADS}


def fit_scaling(logits: dict[str, Floats], examples: Sequence[Example]) -> tuple[dict[str, float], dict[str, float]]:
    """Return for each class head the smoothing to take back and the temperature (Guo et al. 2017) after it.

    The pair with the least negative log likelihood; neither changes which class is the likeliest.
    """
    smoothings, temperatures = {}, {}
    for head, classes in HEADS.items():
        known = [i for i, example in enumerate(examples) if getattr(example, head) is not None]
        if known:
            gold = np.array([classes.index(getattr(examples[i], head)) for i in known])
            fits = [(*_best_temperature(unsmooth(logits[head][known], s), gold), s) for s in SMOOTHINGS]
            _, temperatures[head], smoothings[head] = min(fits)
    return smoothings, temperatures


def _best_temperature(logits: Floats, gold: Ints) -> tuple[float, float]:
    def loss(log_temperature: float) -> float:
        shares = softmax(logits / np.exp(log_temperature))
        return float(-np.log(shares[np.arange(len(gold)), gold] + 1e-12).mean())

    best = minimize_scalar(loss, bounds=(np.log(0.2), np.log(5.0)), method="bounded")
    return float(best.fun), round(float(np.exp(best.x)), 4)


def fit_quantiles(shares: Floats, gold: Ints, coverage: float) -> dict[str, float]:
    """Return the least probability that keeps each label in the set, from (sentences, labels) and gold columns.

    Split conformal prediction by threshold (Sadinle et al. 2019): one threshold covers `coverage` of all
    sentences, and a class that it covers less than `coverage` - CLASS_SLACK takes its own (Vovk 2012). Against
    thresholds by class alone and against APS and RAPS (Romano et al. 2020; Angelopoulos et al. 2021) the sets
    are smaller at the same coverage.
    """
    true = shares[np.arange(len(gold)), gold]
    overall = _quantile(true, 1 - coverage)
    own = [_quantile(true[gold == column], 1 - coverage + CLASS_SLACK) for column in range(len(LABELS))]
    return {label: round(min(overall, value), 4) for label, value in zip(LABELS, own, strict=True)}


def _quantile(scores: Floats, share: float) -> float:
    """Return the k-th smallest of n scores, k = floor((n + 1) * share); 0 where there is no such score."""
    rank = int((len(scores) + 1) * share + 1e-9)
    return float(np.sort(scores)[rank - 1]) if rank else 0.0


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
