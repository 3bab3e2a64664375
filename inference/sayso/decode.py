"""Logits to labels, calibrated probabilities, label sets and tags, for many sentences at once: pure numpy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from sayso.artifact import ArtifactConfig
from sayso.encode import Ints, Windows
from sayso.engine import Logits
from sayso.spans import Floats, RawSpan, Spans, merge_tokens, span_columns

TAGS = ("kind", "stance", "framing")


@dataclass(frozen=True, slots=True)
class Prediction:
    """What the model says of one sentence, before it is placed in a document."""

    probabilities: dict[str, dict[str, float]]
    label: str
    label_set: tuple[str, ...]
    spans: tuple[RawSpan, ...]
    kind: str | None
    stance: str | None
    framing: str | None
    bias: float


@dataclass(frozen=True, slots=True)
class Decoded:
    """What the model says of many sentences, in columns.

    `shares` are the probabilities of each head (sentences, classes) and `best` the number of its likeliest
    class (sentences,), for a tag -1 without a source or cue. Row i of `ranked` (sentences, labels) lists the
    numbers of the labels, the likeliest first, and of `kept` whether each is in the label set.
    """

    shares: dict[str, Floats]
    best: dict[str, Ints]
    ranked: Ints
    kept: NDArray[np.bool_]
    bias: Floats
    spans: Spans

    def __len__(self) -> int:
        """Return the number of sentences."""
        return len(self.bias)

    def take(self, rows: Ints) -> Decoded:
        """Return the listed sentences, in the order of the list; one may be listed again."""
        return Decoded(
            {head: values[rows] for head, values in self.shares.items()},
            {head: values[rows] for head, values in self.best.items()},
            self.ranked[rows], self.kept[rows], self.bias[rows], self.spans.take(rows, len(self)),
        )  # fmt: skip

    def predictions(self, config: ArtifactConfig) -> list[Prediction]:
        """Return one prediction a sentence."""
        shares = {
            h: [dict(zip(config.heads[h], row, strict=True)) for row in v.tolist()] for h, v in self.shares.items()
        }
        best = {head: class_names(numbers, config.heads[head]) for head, numbers in self.best.items()}
        spans = _split(self.spans.raw(config.roles), self.spans.sentence, len(self))
        sets = self.label_sets(config.heads["label"])
        return [
            Prediction(
                {head: rows[i] for head, rows in shares.items()}, str(best["label"][i]), sets[i], spans[i],
                best["kind"][i], best["stance"][i], best["framing"][i], bias,
            )
            for i, bias in enumerate(self.bias.tolist())
        ]  # fmt: skip

    def label_sets(self, names: Sequence[str]) -> list[tuple[str, ...]]:
        """Return the label set of each sentence, the likeliest first."""
        pairs = zip(self.ranked.tolist(), self.kept.tolist(), strict=True)
        return [tuple(names[n] for n, keep in zip(*row, strict=True) if keep) for row in pairs]


def class_names(numbers: Ints, names: Sequence[str]) -> list[str | None]:
    """Return the name of each class number, None for -1."""
    table = [*names, None]
    return [table[number] for number in numbers.tolist()]


def _split(spans: list[RawSpan], owners: Ints, count: int) -> list[tuple[RawSpan, ...]]:
    edges = np.searchsorted(owners, np.arange(count + 1)).tolist()
    return [tuple(spans[a:b]) for a, b in pairwise(edges)]


def decode(texts: Sequence[str], windows: Windows, logits: Logits, config: ArtifactConfig) -> Decoded:
    """Turn logits (a row a window; for `tokens` a row a token of all windows) into what they say of each text."""
    merged = merge_windows(windows, logits, len(texts))
    shares = {head: np.round(class_shares(merged, head, config), 4) for head in config.heads}
    spans = _spans(texts, windows, logits, config)
    best = {head: values.argmax(1) for head, values in shares.items()}
    sourced = spans.sentence[np.isin(spans.role, [config.roles.index(role) for role in ("source", "cue")])]
    attributed = np.isin(np.arange(len(texts)), sourced)
    best |= {head: np.where(attributed, best[head], -1) for head in TAGS}
    bias = np.round(sigmoid(merged["bias"][:, 0]), 4)
    return Decoded(shares, best, *label_sets(shares["label"], config), bias, spans)


def class_shares(merged: dict[str, Floats], head: str, config: ArtifactConfig) -> Floats:
    """Return the calibrated probabilities of a head, (sentences, classes)."""
    return softmax(unsmooth(merged[head], config.smoothings.get(head, 0.0)) / config.temperatures.get(head, 1.0))


def unsmooth(logits: Floats, smoothing: float) -> Floats:
    """Return log shares, not normalised, with the training's label smoothing taken back; shape unchanged.

    A net trained on targets (1 - s) * one-hot + s / classes (Szegedy et al. 2016) cannot go above
    1 - s + s / classes, and all its certainty lies close below. Subtracting s / classes from every share spreads
    it again; what falls to nothing keeps a thousandth of s.
    """
    if not smoothing:
        return logits
    return np.asarray(np.log(np.maximum(softmax(logits) - smoothing / logits.shape[-1], smoothing / 1000)))


def softmax(logits: Floats) -> Floats:
    """Return the softmax over the last axis."""
    shifted = np.exp(logits - logits.max(-1, keepdims=True))
    return np.asarray(shifted / shifted.sum(-1, keepdims=True))


def sigmoid(logits: Floats) -> Floats:
    """Return the logistic function, without overflow."""
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * logits)))


def merge_windows(windows: Windows, logits: Logits, count: int) -> dict[str, Floats]:
    """Return the class logits of `count` sentences: the mean of their windows', weighted by tokens."""
    edges = windows.of_sentences(count)
    heads = {head: values for head, values in logits.items() if head != "tokens"}
    merged = {head: values[edges[:-1]].astype(np.float64) for head, values in heads.items()}
    for sentence in np.flatnonzero(np.diff(edges) > 1).tolist():
        own = slice(edges[sentence], edges[sentence + 1])
        for head, values in heads.items():
            rows = values[own].astype(np.float64)
            merged[head][sentence] = np.average(rows, axis=0, weights=windows.lengths[own])
    return merged


def label_sets(shares: Floats, config: ArtifactConfig) -> tuple[Ints, NDArray[np.bool_]]:
    """Return labels ranked and which of them are in the set: at or above their conformal quantile, or the first."""
    quantiles = np.array([config.quantiles.get(name, 1.1) for name in config.heads["label"]])
    ranked = np.argsort(-shares, axis=1, kind="stable")
    kept = np.take_along_axis(shares >= quantiles, ranked, axis=1)
    kept[:, 0] = True
    return ranked, kept


def _spans(texts: Sequence[str], windows: Windows, logits: Logits, config: ArtifactConfig) -> Spans:
    """Find the spans; half of all news sentences have none, and one test over the batch spares them the rest."""
    shares = sigmoid(logits["tokens"].astype(np.float64))
    thresholds = np.array([config.thresholds.get(role, 0.5) for role in config.roles])
    high = np.flatnonzero((shares >= thresholds).any(1))
    hot = np.unique(windows.sentences[np.searchsorted(windows.starts, high, side="right") - 1])
    edges = windows.of_sentences(len(texts))
    rows = [(i, texts[i], *merge_tokens(windows, range(edges[i], edges[i + 1]), shares)) for i in hot.tolist()]
    return span_columns(rows, config)
