"""Score predictions of anything - an exported artifact or a baseline - against gold examples."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol

import numpy as np
from sklearn.metrics import confusion_matrix

from sayso.decode import Prediction
from sayso.labels import HEADS, LABELS, ROLES
from sayso.spans import RawSpan
from sayso_data.schema import Example
from sayso_training.metrics import (
    bootstrap_interval,
    ece_floor,
    expected_calibration_error,
    f1_from_counts,
    macro_f1,
    per_class,
    reliability_bins,
)
from sayso_training.selective import selective_scores

TAGS = ("kind", "stance", "framing")
_WORD = re.compile(r"\w+(?:['’-]\w+)*")
SLICES: dict[str, Callable[[Example], str]] = {
    "corpus": lambda e: e.corpus,
    "outlet bias": lambda e: e.outlet_bias or "unknown",
    "topic": lambda e: e.topic or "unknown",
    "length": lambda e: length_class(e.text),
    "drawn": lambda e: "natural" if e.natural else "cue-sampled",
}  # fmt: skip
SET_GROUPS: dict[str, Callable[[Example], str]] = {
    "all": lambda e: "all",
    "class": lambda e: str(e.label),
    "corpus": lambda e: e.corpus,
    "difficulty": lambda e: difficulty(e),
}
SMALLEST_SLICE = 20


class Predictor(Protocol):
    """A model or a baseline: sentences in, predictions out."""

    def predict(self, sentences: Sequence[str]) -> list[Prediction]:
        """Return one prediction a sentence."""
        ...


def evaluate(predictor: Predictor, examples: Sequence[Example]) -> dict[str, Any]:
    """Return every score of `predictor` on `examples` as JSON-ready values.

    Tags are scored on the sentences whose gold has a source or cue, with the tag that the model would give
    such a sentence; spans by exact match and by word, where their role was annotated.
    """
    predictions = predictor.predict([example.text for example in examples])
    labelled = [(e, p) for e, p in zip(examples, predictions, strict=True) if e.label is not None]
    rows, given = [e for e, _ in labelled], [p for _, p in labelled]
    gold, found = [e.label for e in rows], [p.label for p in given]
    return {
        "sentences": len(examples),
        "label": label_scores(gold, found),
        "calibration": calibration_scores(rows, given),
        "tags": {tag: tag_scores(examples, predictions, tag) for tag in TAGS},
        "spans": {role: span_scores(examples, predictions, role) for role in ROLES},
        "slices": slice_scores(rows, gold, found),
        "confusion": confusion_matrix(gold, found, labels=LABELS).tolist(),
    }


def label_scores(gold: Sequence[Any], found: Sequence[Any]) -> dict[str, Any]:
    """Return macro-F1 with its bootstrap interval, accuracy, and the scores of every class."""
    a, b = np.array(gold), np.array(found)
    return {
        "macro_f1": macro_f1(gold, found, LABELS),
        "interval": bootstrap_interval(lambda rows: fast_macro_f1(a[rows], b[rows]), len(gold)),
        "accuracy": float((a == b).mean()),
        "classes": per_class(gold, found, LABELS),
    }


def fast_macro_f1(gold: Any, found: Any) -> float:
    """Return what `macro_f1` returns for two arrays of labels, fast enough to bootstrap."""
    scores = [
        f1_from_counts(int(((gold == c) & (found == c)).sum()), int((found == c).sum()), int((gold == c).sum()))["f1"]
        for c in LABELS
        if (gold == c).any() or (found == c).any()
    ]
    return float(np.mean(scores))


def calibration_scores(examples: Sequence[Example], predictions: Sequence[Prediction]) -> dict[str, Any]:
    """Return ECE, label sets and selective accuracy.

    `ece_floor` is the ECE that a model with these confidences would show on as many sentences if it were
    perfectly calibrated. `sets` has coverage and mean size of the label sets over all, by class and corpus, and on
    `hardest`: fact or claim without a source or cue, where only the writer's judgement tells them apart.
    """
    confidence = np.array([p.probabilities["label"][p.label] for p in predictions])
    correct = np.array([p.label == e.label for p, e in zip(predictions, examples, strict=True)])
    bins = reliability_bins(confidence, correct)
    sets = set_scores(examples, predictions)
    return {
        "ece": expected_calibration_error(bins),
        "ece_floor": ece_floor(confidence),
        "bins": bins,
        "coverage": sets["all"]["all"]["coverage"],
        "coverage_by_class": {name: row["coverage"] for name, row in sets["class"].items()},
        "mean_set_size": sets["all"]["all"]["mean_size"],
        "sets": sets,
        "selective": selective_scores(confidence, correct),
    }


def set_scores(
    examples: Sequence[Example], predictions: Sequence[Prediction]
) -> dict[str, dict[str, dict[str, float]]]:
    """Return coverage, mean size and number of the label sets by group and value; every value is given."""
    covered = np.array([e.label in p.label_set for p, e in zip(predictions, examples, strict=True)])
    sizes = np.array([len(p.label_set) for p in predictions])
    scores: dict[str, dict[str, dict[str, float]]] = {}
    for name, key in SET_GROUPS.items():
        groups: dict[str, list[int]] = {}
        for row, example in enumerate(examples):
            groups.setdefault(key(example), []).append(row)
        scores[name] = {
            value: {
                "coverage": float(covered[rows].mean()),
                "mean_size": float(sizes[rows].mean()),
                "sentences": len(rows),
            }
            for value, rows in sorted(groups.items())
        }
    return scores


def difficulty(example: Example) -> str:
    """Say whether only the writer's judgement decides a sentence: fact or claim with neither source nor cue."""
    marked = any(span.role in ("source", "cue") for span in example.spans)
    return "hardest" if example.label in ("fact", "claim") and not marked else "other"


def tag_scores(examples: Sequence[Example], predictions: Sequence[Prediction], tag: str) -> dict[str, Any]:
    """Return macro-F1 and per-class scores of one tag where gold has it."""
    rows = [(getattr(e, tag), p.probabilities.get(tag)) for e, p in zip(examples, predictions, strict=True)]
    pairs = [(gold, max(shares, key=shares.__getitem__)) for gold, shares in rows if gold and shares]
    if not pairs:
        return {"macro_f1": None, "support": 0}
    gold, found = zip(*pairs, strict=True)
    classes = HEADS[tag]
    return {
        "macro_f1": macro_f1(gold, found, classes),
        "support": len(pairs),
        "classes": per_class(gold, found, classes),
    }


def span_scores(examples: Sequence[Example], predictions: Sequence[Prediction], role: str) -> dict[str, Any]:
    """Return exact-match and word-level precision, recall and F1 of one role."""
    found = [prediction.spans for prediction in predictions]
    counts = {"exact": exact_counts(examples, found, role), "word": word_counts(examples, found, role)}
    return {name: f1_from_counts(*values) for name, values in counts.items()}


def exact_counts(examples: Sequence[Example], found: Sequence[Sequence[RawSpan]], role: str) -> tuple[int, int, int]:
    """Return (true positive, predicted, gold) counts of spans that match to the character."""
    pairs = list(_pairs(examples, found, role))
    return sum(len(a & b) for a, b in pairs), sum(len(b) for _, b in pairs), sum(len(a) for a, _ in pairs)


def _pairs(
    examples: Sequence[Example], found: Sequence[Sequence[RawSpan]], role: str
) -> Iterator[tuple[set[tuple[int, int]], set[tuple[int, int]]]]:
    for example, spans in zip(examples, found, strict=True):
        wanted = {(s.start, s.end) for s in example.spans if s.role == role}
        annotated = role in example.roles or role not in ROLES
        yield wanted, {(s.start, s.end) for s in spans if s.role == role and annotated}


def word_counts(examples: Sequence[Example], found: Sequence[Sequence[RawSpan]], role: str) -> tuple[int, int, int]:
    """Return (true positive, predicted, gold) counts of words that a span of `role` touches."""
    counts = np.zeros(3, dtype=int)
    for example, (wanted, given) in zip(examples, _pairs(examples, found, role), strict=True):
        a, b = words_in(example.text, wanted), words_in(example.text, given)
        counts += [len(a & b), len(b), len(a)]
    return int(counts[0]), int(counts[1]), int(counts[2])


def words_in(text: str, spans: set[tuple[int, int]]) -> set[int]:
    """Return the start offsets of the words that overlap a span."""
    if not spans:
        return set()
    return {m.start() for m in _WORD.finditer(text) if any(m.start() < end and m.end() > start for start, end in spans)}


def slice_scores(examples: Sequence[Example], gold: Sequence[Any], found: Sequence[Any]) -> dict[str, Any]:
    """Return label macro-F1 and size of every slice with enough sentences."""
    scores: dict[str, dict[str, Any]] = {}
    for name, key in SLICES.items():
        groups: dict[str, list[int]] = {}
        for row, example in enumerate(examples):
            groups.setdefault(key(example), []).append(row)
        scores[name] = {
            value: {"sentences": len(rows), "macro_f1": _subset_macro_f1(gold, found, rows)}
            for value, rows in sorted(groups.items())
            if len(rows) >= SMALLEST_SLICE
        }
    return scores


def _subset_macro_f1(gold: Sequence[Any], found: Sequence[Any], rows: Sequence[int]) -> float:
    return macro_f1([gold[i] for i in rows], [found[i] for i in rows], LABELS)


def length_class(text: str) -> str:
    """Return the length slice of a sentence, by its words."""
    words = len(text.split())
    return "up to 12 words" if words <= 12 else "over 30 words" if words > 30 else "13 to 30 words"
