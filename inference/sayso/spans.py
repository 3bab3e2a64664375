"""Token probabilities to spans of whole words, for many sentences at once: pure numpy."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sayso.artifact import ArtifactConfig
from sayso.encode import Ints, Windows

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
class Spans:
    """The spans of many sentences in columns, ordered by sentence, role and place; each (spans,).

    `sentence` and `role` are numbers; `start` and `end` count code points of the sentence.
    """

    sentence: Ints
    role: Ints
    start: Ints
    end: Ints
    probability: Floats

    def raw(self, roles: Sequence[str]) -> list[RawSpan]:
        """Return the spans as values."""
        columns = (self.role.tolist(), self.start.tolist(), self.end.tolist(), self.probability.tolist())
        return [RawSpan(roles[role], *values) for role, *values in zip(*columns, strict=True)]

    def take(self, sentences: Ints, total: int) -> Spans:
        """Return the spans of the listed sentences (numbers below `total`), renumbered in the order of the list."""
        firsts = np.searchsorted(self.sentence, np.arange(total + 1))
        counts = np.diff(firsts)[sentences]
        owner = np.repeat(np.arange(len(sentences)), counts)
        rows = np.arange(len(owner)) - np.repeat(np.cumsum(counts) - counts, counts) + firsts[sentences][owner]
        return Spans(owner, self.role[rows], self.start[rows], self.end[rows], self.probability[rows])


def find_spans(text: str, offsets: Ints, probabilities: Floats, config: ArtifactConfig) -> list[RawSpan]:
    """Return the spans of one sentence from token offsets (tokens, 2) and probabilities (tokens, roles)."""
    return span_columns([(0, text, offsets, probabilities)], config).raw(config.roles)


def span_columns(rows: Sequence[tuple[int, str, Ints, Floats]], config: ArtifactConfig) -> Spans:
    """Return maximal runs of words at or above the role's floor that reach its threshold somewhere.

    A row is the number of a sentence, its text, token offsets and probabilities. Two thresholds (hysteresis)
    keep a span whole where one would cut it at a doubtful word, and drop runs of doubtful words. A word takes
    the mean probability of its pieces, so that no span ends inside a word.
    """
    rows = [row for row in rows if len(row[2])]
    if not rows:
        none = np.zeros(0, np.int64)
        return Spans(none, none, none, none, np.zeros(0))
    begins = [word_starts(text, offsets) for _, text, offsets, _ in rows]
    words = np.array([len(own) for own in begins])
    before = np.cumsum([0, *(len(offsets) for _, _, offsets, _ in rows)])
    firsts = np.concatenate(begins) + np.repeat(before[:-1], words)
    pieces = np.diff([*firsts, before[-1]])
    offsets = np.concatenate([row[2] for row in rows])
    shares = np.add.reduceat(np.concatenate([row[3] for row in rows]), firsts, axis=0) / pieces[:, None]
    owner = np.repeat([row[0] for row in rows], words)
    runs = [_runs(shares[:, role], owner, *levels) for role, levels in enumerate(_levels(config))]
    role = np.repeat(np.arange(len(runs)), [len(first) for first, _, _ in runs])
    first, last, means = (np.concatenate(parts) for parts in zip(*runs, strict=True))
    order = np.lexsort((first, role, owner[first]))
    first, last = first[order], last[order]
    starts, ends = offsets[firsts[first], 0], offsets[firsts[last] + pieces[last] - 1, 1]
    return Spans(owner[first], role[order], starts, ends, np.round(means[order], 4))


def _levels(config: ArtifactConfig) -> list[tuple[float, float]]:
    """Return (threshold, floor) of every role; a role without a floor has its threshold as one."""
    highs = [config.thresholds.get(role, 0.5) for role in config.roles]
    return [(high, config.floors.get(role, high)) for role, high in zip(config.roles, highs, strict=True)]


def _runs(shares: Floats, owner: Ints, threshold: float, floor: float) -> tuple[Ints, Ints, Floats]:
    """Return first word, last word and mean probability of the runs of one role, no run over two sentences."""
    flags = shares >= floor
    same = owner[1:] == owner[:-1]
    first = np.flatnonzero(flags & ~np.concatenate(([False], flags[:-1] & same)))
    last = np.flatnonzero(flags & ~np.concatenate((flags[1:] & same, [False])))
    if not len(first):
        return first, last, np.zeros(0)
    kept = np.flatnonzero(flags)
    edges = np.searchsorted(kept, first)
    means = np.add.reduceat(shares[kept], edges) / (last - first + 1)
    reached = np.maximum.reduceat(shares[kept], edges) >= threshold
    return first[reached], last[reached], means[reached]


def word_starts(text: str, offsets: Ints) -> list[int]:
    """Return the first token of every word: a hyphen, apostrophe or dot between letters does not end one."""
    word_ends = {m.start(): m.end() for m in _WORD.finditer(text)}
    starts: list[int] = []
    word_end = 0
    for number, (start, end) in enumerate(offsets.tolist()):
        if not starts or end > word_end:
            starts.append(number)
            word_end = word_ends.get(start, end)
    return starts


def merge_tokens(windows: Windows, numbers: Sequence[int], rows: Floats) -> tuple[Ints, Floats]:
    """Return offsets (tokens, 2) and values (tokens, roles) of one sentence from its windows' numbers.

    `rows` has the values of every token of all windows. Where windows overlap, a token counts from the window in
    which it stands farther from the edge.
    """
    parts = [(windows.offsets(n), rows[windows.starts[n] : windows.starts[n + 1]]) for n in numbers]
    if len(parts) == 1:
        offsets, values = parts[0]
        real = offsets[:, 1] > offsets[:, 0]
        return offsets[real], values[real]
    best: dict[tuple[int, int], tuple[int, Floats]] = {}
    for offsets, values in parts:
        for place, (start, end) in enumerate(offsets.tolist()):
            room = min(place, len(offsets) - 1 - place)
            if end > start and ((start, end) not in best or best[start, end][0] < room):
                best[start, end] = (room, values[place])
    order = sorted(best)
    merged = np.array([best[key][1] for key in order], dtype=np.float64).reshape(-1, rows.shape[-1])
    return np.array(order, dtype=np.int64).reshape(-1, 2), merged
