"""Judge the calibration without touching dev: fit on some documents of the split, score on the others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from sklearn.model_selection import GroupKFold

from sayso.artifact import Artifact, ArtifactConfig
from sayso.decode import Prediction, class_shares, label_sets
from sayso.labels import LABELS
from sayso.spans import Floats
from sayso_data.schema import Example
from sayso_training.calibrate import calibrate_classes, raw_logits
from sayso_training.evaluate import calibration_scores, label_scores

Logits = dict[str, Floats]
Fit = Callable[[ArtifactConfig, Logits, Sequence[Example]], ArtifactConfig]


def cross_calibrate(
    artifact: Artifact, examples: Sequence[Example], folds: int = 5, seed: int = 13, fit: Fit = calibrate_classes
) -> dict[str, Any]:
    """Return label and calibration scores of predictions whose calibration never saw their document.

    The network runs once; `fit` is repeated for each of `folds` groups of documents. Adds the mean negative log
    likelihood of the true label, in nats.
    """
    logits = raw_logits(artifact, examples)
    plain = replace(artifact.config, temperatures={}, smoothings={}, quantiles={})
    predictions: dict[int, Prediction] = {}
    splitter = GroupKFold(folds, shuffle=True, random_state=seed)
    for kept, left in splitter.split(examples, groups=[example.doc for example in examples]):
        config = fit(plain, _rows(logits, kept), [examples[i] for i in kept])
        predictions |= zip(left.tolist(), _predictions(_rows(logits, left), config), strict=True)
    return _scores(examples, [predictions[i] for i in range(len(examples))])


def _rows(logits: Logits, rows: Any) -> Logits:
    return {head: values[rows] for head, values in logits.items()}


def _predictions(logits: Logits, config: ArtifactConfig) -> list[Prediction]:
    """Decode the labels as the runtime does; the other fields of a prediction are left empty."""
    shares = np.round(class_shares(logits, "label", config), 4)
    ranked, kept = label_sets(shares, config)
    return [
        Prediction(
            {"label": dict(zip(LABELS, row.tolist(), strict=True))}, LABELS[order[0]],
            tuple(LABELS[n] for n in order[keep]), (), None, None, None, 0.0,
        )
        for row, order, keep in zip(shares, ranked, kept, strict=True)
    ]  # fmt: skip


def _scores(examples: Sequence[Example], predictions: Sequence[Prediction]) -> dict[str, Any]:
    true = np.array([p.probabilities["label"][str(e.label)] for p, e in zip(predictions, examples, strict=True)])
    return {
        "sentences": len(examples),
        "label": label_scores([e.label for e in examples], [p.label for p in predictions]),
        "calibration": calibration_scores(examples, predictions),
        "negative_log_likelihood": float(-np.log(np.maximum(true, 1e-4)).mean()),
    }
