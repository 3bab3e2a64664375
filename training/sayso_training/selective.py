"""Selective classification: how the errors fall when the least certain sentences are left to people."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

COVERAGES = (0.8, 0.9, 0.95)
POINTS = 100


def selective_scores(confidence: NDArray[np.float64], correct: NDArray[np.bool_]) -> dict[str, Any]:
    """Return the risk-coverage curve, the area under it (AURC), and accuracy at fixed coverages.

    `confidence` and `correct` have one value a sentence. The risk at coverage k/n is the share of errors among
    the k most certain sentences (El-Yaniv & Wiener 2010); sentences of equal confidence count in shares, so their
    order does not matter. `aurc_random` is the area without any ranking (the error rate), `aurc_best` the
    area when every error is ranked last.
    """
    risks = selective_risks(confidence, correct)
    best = selective_risks(correct.astype(np.float64), correct)
    size = len(risks)
    places = np.unique(np.linspace(1, size, min(POINTS, size)).round().astype(int))
    return {
        "aurc": float(risks.mean()),
        "aurc_random": float(1 - correct.mean()),
        "aurc_best": float(best.mean()),
        "accuracy_at": {f"{c:.2f}": float(1 - risks[max(round(c * size), 1) - 1]) for c in COVERAGES},
        "curve": [{"coverage": float(k / size), "risk": float(risks[k - 1])} for k in places],
    }


def selective_risks(confidence: NDArray[np.float64], correct: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the error rate among the k most certain sentences for k = 1..n."""
    order = np.argsort(-confidence, kind="stable")
    _, groups = np.unique(-confidence[order], return_inverse=True)
    wrong = (~correct[order]).astype(np.float64)
    shared = (np.bincount(groups, wrong) / np.bincount(groups))[groups]
    return np.asarray(np.cumsum(shared) / np.arange(1, len(wrong) + 1))
