"""Sentences to tokens: exact offsets, overlapping windows for long sentences, batches by token budget."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
from numpy.typing import NDArray

from sayso.errors import ArtifactError

_SURROGATES = re.compile("[\ud800-\udfff]")
STRIDE = 32  # tokens that neighbouring windows share
TOKEN_BUDGET = 1024  # tokens a batch: large enough for matrix speed, small enough for cache
CHUNK = 4096  # characters tokenised at a time, so that no sentence can exhaust memory


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of one sentence that fits the model; offsets count code points of the sentence.

    `ids` includes the special tokens; `offsets` has a row (start, end) for every id, (0, 0) for special ones.
    """

    sentence: int
    ids: NDArray[np.int64]
    offsets: NDArray[np.int64]


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

    def windows(self, sentences: Sequence[str]) -> list[Window]:
        """Return the windows of all sentences, in order; every sentence has at least one.

        Lone surrogates, which no tokenizer accepts, stand as U+FFFD, so offsets stay exact.
        """
        pieces = [(i, at, piece) for i, text in enumerate(sentences) for at, piece in _chunks(_clean(text))]
        encodings = self._tokenizer.encode_batch([piece for _, _, piece in pieces])
        return [
            _window(index, at, part)
            for (index, at, _), encoding in zip(pieces, encodings, strict=True)
            for part in (encoding, *encoding.overflowing)
        ]


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


def _window(sentence: int, at: int, encoding: object) -> Window:
    ids = np.array(encoding.ids, dtype=np.int64)  # type: ignore[attr-defined]
    offsets = np.array(encoding.offsets, dtype=np.int64).reshape(-1, 2)  # type: ignore[attr-defined]
    real = offsets[:, 1] > offsets[:, 0]
    return Window(sentence, ids, cast(NDArray[np.int64], np.where(real[:, None], offsets + at, 0)))


def batches(windows: Sequence[Window], budget: int = TOKEN_BUDGET) -> Iterator[list[int]]:
    """Yield lists of window numbers of similar length, each at most `budget` tokens with padding."""
    order = sorted(range(len(windows)), key=lambda i: (len(windows[i].ids), i))
    batch: list[int] = []
    for number in order:
        if batch and len(windows[number].ids) * (len(batch) + 1) > budget:
            yield batch
            batch = []
        batch.append(number)
    if batch:
        yield batch


def pad(windows: Sequence[Window], pad_id: int) -> dict[str, NDArray[np.int64]]:
    """Return `input_ids` and `attention_mask`, each (windows, tokens of the longest)."""
    width = max(len(window.ids) for window in windows)
    ids = np.full((len(windows), width), pad_id, dtype=np.int64)
    mask = np.zeros_like(ids)
    for row, window in enumerate(windows):
        ids[row, : len(window.ids)] = window.ids
        mask[row, : len(window.ids)] = 1
    return {"input_ids": ids, "attention_mask": mask}
