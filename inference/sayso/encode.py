"""Sentences to tokens: exact offsets, overlapping windows for long sentences, batches by token budget."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from sayso.errors import ArtifactError

Ints = NDArray[np.int64]
_SURROGATES = re.compile("[\ud800-\udfff]")
STRIDE = 32  # tokens that neighbouring windows share
CHUNK = 4096  # characters tokenised at a time, so that no sentence can exhaust memory


class Encoding(Protocol):
    """What the tokenizer gives for one window: a number and a place (start, end) for every token."""

    @property
    def ids(self) -> list[int]:
        """Return the number of each token."""
        ...

    @property
    def offsets(self) -> list[tuple[int, int]]:
        """Return the (start, end) of each token, (0, 0) for special ones."""
        ...


@dataclass(frozen=True, slots=True)
class Windows:
    """Stretches of sentences that fit the model: a row a window, and `ids` one after the other.

    `sentences` (windows,) numbers the sentence of each window, in order; `starts` (windows + 1,) is the first
    token of each in `ids` (tokens,), special tokens included.
    """

    sentences: Ints
    starts: Ints
    ids: NDArray[np.int32]
    parts: Sequence[tuple[int, Encoding]]

    @classmethod
    def of(cls, sentences: Sequence[int], parts: Sequence[tuple[int, Encoding]]) -> Windows:
        """Build from the sentence of each part; a part is where it begins in the sentence, and its tokens."""
        ids = [encoding.ids for _, encoding in parts]
        starts = np.cumsum([0, *map(len, ids)], dtype=np.int64)
        flat = np.fromiter(chain.from_iterable(ids), np.int32, int(starts[-1]))
        return cls(np.array(sentences, np.int64), starts, flat, parts)

    def __len__(self) -> int:
        """Return the number of windows."""
        return len(self.parts)

    @property
    def lengths(self) -> Ints:
        """Return the tokens of each window, (windows,)."""
        return np.diff(self.starts)

    def of_sentences(self, count: int) -> Ints:
        """Return the first window of each of `count` sentences and the end of the last, (count + 1,)."""
        return np.searchsorted(self.sentences, np.arange(count + 1))

    def offsets(self, window: int) -> Ints:
        """Return (tokens, 2): start and end of each token in its sentence, (0, 0) for special tokens."""
        at, encoding = self.parts[window]
        found = np.array(encoding.offsets, dtype=np.int64).reshape(-1, 2)
        return np.where(found[:, 1:] > found[:, :1], found + at, 0)


class Encoder:
    """Tokenise sentences into windows of at most `max_length` tokens."""

    def __init__(self, tokenizer: Path, max_length: int) -> None:
        from tokenizers import Tokenizer

        try:
            self._tokenizer = Tokenizer.from_file(str(tokenizer))
        except Exception as error:  # the Rust reader raises bare Exception
            raise ArtifactError(f"{tokenizer} is not a tokenizer file: {error}") from error
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(max_length, stride=min(STRIDE, max_length // 4))

    def windows(self, sentences: Sequence[str]) -> Windows:
        """Return the windows of all sentences, in order; every sentence has at least one.

        Lone surrogates, which no tokenizer accepts, stand as U+FFFD, so offsets stay exact.
        """
        pieces = [(i, at, piece) for i, text in enumerate(sentences) for at, piece in _chunks(_clean(text))]
        encodings = self._tokenizer.encode_batch([piece for _, _, piece in pieces])
        rows = [
            (index, (at, part))
            for (index, at, _), encoding in zip(pieces, encodings, strict=True)
            for part in (encoding, *encoding.overflowing)
        ]
        return Windows.of([index for index, _ in rows], [part for _, part in rows])


def _clean(text: str) -> str:
    return _SURROGATES.sub("\ufffd", text)


def _chunks(text: str) -> Iterator[tuple[int, str]]:
    """Cut a text of abnormal length at white space near each CHUNK characters."""
    start = 0
    while len(text) - start > CHUNK:
        cut = text.rfind(" ", start + CHUNK // 2, start + CHUNK)
        cut = cut if cut > 0 else start + CHUNK
        yield start, text[start:cut]
        start = cut
    yield start, text[start:]


def batches(lengths: Ints, budget: int) -> Iterator[Ints]:
    """Yield arrays of window numbers of similar length, each at most `budget` tokens with padding."""
    order = np.argsort(lengths, kind="stable")
    ascending = lengths[order]
    start = 0
    while start < len(order):
        most = ascending[start : start + max(1, budget // max(1, int(ascending[start])))]
        padded = most * np.arange(1, len(most) + 1)
        count = max(1, int(np.searchsorted(padded, budget, side="right")))
        yield order[start : start + count]
        start += count


def pad(windows: Windows, numbers: Ints, pad_id: int) -> tuple[dict[str, Ints], NDArray[np.bool_], Ints]:
    """Return the model's input, which of its places hold a token, and the number of each token in `ids`.

    `input_ids` and `attention_mask` are (windows, tokens of the longest), and so is the mask of places.
    """
    lengths = windows.lengths[numbers]
    column = np.arange(lengths.max())
    filled = column < lengths[:, None]
    tokens = (windows.starts[numbers][:, None] + column)[filled]
    ids = np.full(filled.shape, pad_id, dtype=np.int64)
    ids[filled] = windows.ids[tokens]
    return {"input_ids": ids, "attention_mask": filled.astype(np.int64)}, filled, tokens
