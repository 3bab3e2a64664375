"""Logits to labels, calibrated probabilities, label sets and spans: pure numpy."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sayso.artifact import ArtifactConfig
from sayso.encode import Window
from sayso.engine import Logits

Floats = NDArray[np.float64]
_WORD = re.compile(r"[^\W_]+(?:[-'’.&/][^\W_]+)*")


@dataclass(frozen=True, slots=True)
class RawSpan:
    """A span in sentence offsets with its mean token probability."""

    role: str
    start: int
    end: int
    probability: float


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


def softmax(logits: Floats) -> Floats:
    """Return the softmax over the last axis."""
    shifted = np.exp(logits - logits.max(-1, keepdims=True))
    return np.asarray(shifted / shifted.sum(-1, keepdims=True))


def unsmooth(logits: Floats, smoothing: float) -> Floats:
    """Return log shares, not normalised, with the training's label smoothing taken back; shape unchanged.

    A net trained on targets (1 - s) * one-hot + s / classes (Szegedy et al. 2016) cannot go above
    1 - s + s / classes, and all its certainty lies close below. Subtracting s / classes from every share spreads
    it again; what falls to nothing keeps a thousandth of s.
    """
    if not smoothing:
        return logits
    return np.asarray(np.log(np.maximum(softmax(logits) - smoothing / logits.shape[-1], smoothing / 1000)))


def sigmoid(logits: Floats) -> Floats:
    """Return the logistic function, without overflow."""
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * logits)))


def merge_logits(rows: Sequence[Floats], weights: Sequence[int]) -> Floats:
    """Return the mean of the windows' logits of one sentence, weighted by their tokens."""
    return np.asarray(np.average(np.stack(rows), axis=0, weights=weights))


def merge_windows(windows: Sequence[tuple[int, dict[str, Floats]]]) -> dict[str, Floats]:
    """Return the merged class logits of one sentence from (length, logits) of its windows."""
    if len(windows) == 1:
        return windows[0][1]
    weights = [length for length, _ in windows]
    heads = [head for head in windows[0][1] if head != "tokens"]
    return {head: merge_logits([logits[head] for _, logits in windows], weights) for head in heads}


def merge_tokens(windows: Sequence[Window], logits: Sequence[Floats]) -> tuple[NDArray[np.int64], Floats]:
    """Return offsets (tokens, 2) and logits (tokens, roles) of one sentence.

    Where windows overlap, a token counts from the window in which it stands farther from the edge.
    """
    if len(windows) == 1:
        real = windows[0].offsets[:, 1] > windows[0].offsets[:, 0]
        return windows[0].offsets[real], logits[0][real]
    best: dict[tuple[int, int], tuple[int, Floats]] = {}
    for window, values in zip(windows, logits, strict=True):
        last = len(window.ids) - 1
        for place, (start, end) in enumerate(window.offsets.tolist()):
            room = min(place, last - place)
            if end > start and ((start, end) not in best or best[start, end][0] < room):
                best[start, end] = (room, values[place])
    order = sorted(best)
    offsets = np.array(order, dtype=np.int64).reshape(-1, 2)
    width = logits[0].shape[-1]
    return offsets, np.array([best[key][1] for key in order], dtype=np.float64).reshape(-1, width)


def find_spans(text: str, offsets: NDArray[np.int64], probabilities: Floats, config: ArtifactConfig) -> list[RawSpan]:
    """Return maximal runs of words at or above the role's floor that reach its threshold somewhere.

    Two thresholds (hysteresis) keep a span whole where one would cut it at a doubtful word, and drop runs of
    doubtful words. A word takes the mean probability of its pieces, so that no span ends inside a word.
    """
    thresholds = np.array([config.thresholds.get(role, 0.5) for role in config.roles])
    if not (probabilities >= thresholds).any():  # most news sentences have no span: spare them the rest
        return []
    starts = _word_starts(text, offsets)
    ends = [*starts[1:], len(offsets)]
    sizes = np.diff([*starts, len(offsets)])
    words = np.add.reduceat(probabilities, starts, axis=0) / sizes[:, None]
    floors = [config.floors.get(role, threshold) for role, threshold in zip(config.roles, thresholds, strict=True)]
    return [
        RawSpan(
            role,
            int(offsets[starts[first], 0]),
            int(offsets[ends[last] - 1, 1]),
            round(float(words[first : last + 1, column].mean()), 4),
        )
        for column, role in enumerate(config.roles)
        for first, last in _runs(words[:, column] >= floors[column])
        if words[first : last + 1, column].max() >= thresholds[column]
    ]


def _word_starts(text: str, offsets: NDArray[np.int64]) -> list[int]:
    """Return the first token of every word: a hyphen, apostrophe or dot between letters does not end one."""
    word_ends = {m.start(): m.end() for m in _WORD.finditer(text)}
    starts: list[int] = []
    word_end = 0
    for number, (start, end) in enumerate(offsets.tolist()):
        if not starts or end > word_end:
            starts.append(number)
            word_end = word_ends.get(start, end)
    return starts


def _runs(flags: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Return (first, last) of every run of true flags."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], flags.view(np.int8), [0]))))
    return [(int(a), int(b) - 1) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def label_set(probabilities: dict[str, float], quantiles: dict[str, float]) -> tuple[str, ...]:
    """Return the labels at or above their conformal quantile, the likeliest first and always in."""
    ranked = sorted(probabilities, key=lambda name: -probabilities[name])
    kept = [name for name in ranked[1:] if probabilities[name] >= quantiles.get(name, 1.1)]
    return (ranked[0], *kept)


def predict_sentence(
    text: str, windows: Sequence[Window], logits: Sequence[dict[str, Floats]], config: ArtifactConfig
) -> Prediction:
    """Combine the windows of one sentence into a prediction."""
    merged = merge_windows([(len(window.ids), row) for window, row in zip(windows, logits, strict=True)])
    shares = {head: _shares(merged[head], head, config) for head in config.heads}
    offsets, tokens = merge_tokens(windows, [row["tokens"] for row in logits])
    scaled = tokens / config.temperatures.get("tokens", 1.0)
    spans = tuple(find_spans(text, offsets, sigmoid(scaled), config))
    attributed = any(span.role in ("source", "cue") for span in spans)
    tags = {head: max(shares[head], key=shares[head].__getitem__) if attributed else None for head in _TAGS}
    label = max(shares["label"], key=shares["label"].__getitem__)
    bias = round(float(sigmoid(merged["bias"] / config.temperatures.get("bias", 1.0))[0]), 4)
    return Prediction(shares, label, label_set(shares["label"], config.quantiles), spans, **tags, bias=bias)


_TAGS = ("kind", "stance", "framing")


def class_shares(logits: Floats, head: str, config: ArtifactConfig) -> Floats:
    """Return the calibrated probabilities of one head from its logits, over the last axis."""
    return softmax(unsmooth(logits, config.smoothings.get(head, 0.0)) / config.temperatures.get(head, 1.0))


def _shares(logits: Floats, head: str, config: ArtifactConfig) -> dict[str, float]:
    values = class_shares(logits, head, config)
    return {name: round(float(value), 4) for name, value in zip(config.heads[head], values, strict=True)}


def by_window(logits: Logits, row: int, length: int) -> dict[str, Floats]:
    """Return one window's logits as float64, its padding cut off."""
    cut = {head: values[row].astype(np.float64) for head, values in logits.items()}
    return cut | {"tokens": cut["tokens"][:length]}
