"""Scores of predictions against gold: one implementation for training, baselines and artifacts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import f1_score, precision_recall_fscore_support

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


def macro_f1(gold: Sequence[Any] | Ints, predicted: Sequence[Any] | Ints, classes: Sequence[Any]) -> float:
    """Return the mean F1 over the classes that occur in gold or prediction; 0 without rows."""
    present = [c for c in classes if c in set(gold) | set(predicted)]
    if not present:
        return 0.0
    return float(f1_score(gold, predicted, labels=present, average="macro", zero_division=0))


def per_class(gold: Sequence[str], predicted: Sequence[str], classes: Sequence[str]) -> dict[str, dict[str, float]]:
    """Return precision, recall, F1 and support of every class."""
    columns = precision_recall_fscore_support(gold, predicted, labels=list(classes), zero_division=0)
    names = ("precision", "recall", "f1", "support")
    return {c: {n: float(columns[k][i]) for k, n in enumerate(names)} for i, c in enumerate(classes)}


def f1_from_counts(true_positive: int, predicted: int, gold: int) -> dict[str, float]:
    """Return precision, recall and F1 of counts; a ratio with an empty denominator is 0."""
    precision = true_positive / predicted if predicted else 0.0
    recall = true_positive / gold if gold else 0.0
    total = precision + recall
    return {
        "precision": precision,
        "recall": recall,
        "f1": 2 * precision * recall / total if total else 0.0,
        "support": float(gold),
    }


def reliability_bins(confidence: Floats, correct: NDArray[np.bool_], bins: int = 15) -> list[dict[str, float]]:
    """Return mean confidence, accuracy and size of every equal-width bin that has rows."""
    places = np.clip((confidence * bins).astype(int), 0, bins - 1)
    return [
        {
            "confidence": float(confidence[places == b].mean()),
            "accuracy": float(correct[places == b].mean()),
            "sentences": int((places == b).sum()),
        }
        for b in range(bins)
        if (places == b).any()
    ]


def expected_calibration_error(bins: Sequence[dict[str, float]]) -> float:
    """Return the ECE (Guo et al. 2017) of reliability bins."""
    total = sum(b["sentences"] for b in bins)
    return sum(abs(b["confidence"] - b["accuracy"]) * b["sentences"] for b in bins) / total if total else 0.0


def ece_floor(confidence: Floats, samples: int = 200, seed: int = 13) -> float:
    """Return the mean ECE of a perfectly calibrated model with these confidences.

    Not 0: a bin of few sentences strays from its mean by chance (Roelofs et al. 2022), so ECE is read against
    this number.
    """
    random = np.random.default_rng(seed)
    draws = (random.random(len(confidence)) < confidence for _ in range(samples))
    return float(np.mean([expected_calibration_error(reliability_bins(confidence, draw)) for draw in draws]))


def bootstrap_interval(
    statistic: Callable[[Ints], float], size: int, samples: int = 1000, seed: int = 13
) -> tuple[float, float]:
    """Return the 95% percentile interval of `statistic` over resampled row numbers (Efron 1979)."""
    random = np.random.default_rng(seed)
    values = [statistic(random.integers(0, size, size)) for _ in range(samples)]
    low, high = np.percentile(values, [2.5, 97.5])
    return float(low), float(high)
