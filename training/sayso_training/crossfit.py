"""Judge the calibration without touching dev: fit on some documents of the split, score on the others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from sklearn.model_selection import GroupKFold

from sayso.artifact import Artifact, ArtifactConfig
from sayso.decode import Floats, Prediction, class_shares, label_set
from sayso.labels import LABELS
from sayso_data.schema import Example
from sayso_training.calibrate import calibrate_classes, raw_logits
from sayso_training.evaluate import calibration_scores, label_scores

Fit = Callable[[ArtifactConfig, dict[str, Floats], Sequence[Example]], ArtifactConfig]


def cross_calibrate(
    artifact: Artifact, examples: Sequence[Example], folds: int = 5, seed: int = 13, fit: Fit = calibrate_classes
) -> dict[str, Any]:
    """Return label and calibration scores of predictions whose calibration never saw their document.

    The network runs once; `fit` is repeated for each of `folds` groups of documents. Adds the mean negative log
    likelihood of the true label, in nats.
    """
    logits = raw_logits(artifact, examples)
    plain = replace(artifact.config, temperatures={}, smoothings={}, quantiles={})
    predictions: list[Prediction] = [_prediction(row, plain) for row in logits["label"]]
    splitter = GroupKFold(folds, shuffle=True, random_state=seed)
    for kept, left in splitter.split(examples, groups=[example.doc for example in examples]):
        part = {head: rows[kept] for head, rows in logits.items()}
        config = fit(plain, part, [examples[i] for i in kept])
        for i in left:
            predictions[i] = _prediction(logits["label"][i], config)
    shares = np.array([p.probabilities["label"][str(e.label)] for p, e in zip(predictions, examples, strict=True)])
    return {
        "sentences": len(examples),
        "label": label_scores([e.label for e in examples], [p.label for p in predictions]),
        "calibration": calibration_scores(examples, predictions),
        "negative_log_likelihood": float(-np.log(np.maximum(shares, 1e-4)).mean()),
    }


def _prediction(logits: Floats, config: ArtifactConfig) -> Prediction:
    values = class_shares(logits, "label", config)
    shares = {name: float(value) for name, value in zip(LABELS, values, strict=True)}
    label = max(shares, key=shares.__getitem__)
    return Prediction({"label": shares}, label, label_set(shares, config.quantiles), (), None, None, None, 0.0)
