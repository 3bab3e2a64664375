"""Decoded sentences in their documents, in columns; as records where one wants values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from sayso.artifact import Artifact
from sayso.decode import Decoded, Prediction
from sayso.encode import Ints
from sayso.labels import ROLES
from sayso.records import PLURAL, Document, Sentence, Span

Places = Sequence[Sequence[tuple[int, int]]]


@dataclass(frozen=True, slots=True)
class Labelled:
    """The labelled sentences of several documents, in order.

    `owner`, `index`, `start` and `end` (sentences,) are the number of a sentence's document, its place among that
    document's sentences, and its code points there; `decoded` has a row for each sentence. A document may be a piece
    of a long one: `first` (documents,) is how many sentences its earlier pieces had, and what is given out counts
    from the beginning of the whole.
    """

    documents: Sequence[Document]
    owner: Ints
    index: Ints
    start: Ints
    end: Ints
    first: Ints
    decoded: Decoded
    artifact: Artifact

    @classmethod
    def of(cls, documents: Sequence[Document], places: Places, decoded: Decoded, artifact: Artifact) -> Labelled:
        """Build from the (start, end) of the sentences of each document."""
        counts = np.array([len(own) for own in places], dtype=np.int64)
        flat = np.array([span for own in places for span in own], dtype=np.int64).reshape(-1, 2)
        owner = np.repeat(np.arange(len(documents)), counts)
        index = np.arange(len(flat)) - np.repeat(np.cumsum(counts) - counts, counts)
        first = np.zeros(len(documents), dtype=np.int64)
        return cls(documents, owner, index, flat[:, 0], flat[:, 1], first, decoded, artifact)

    def continued(self, before: int) -> Labelled:
        """Return the same with `first` filled in; `before` is what the previous batch's `pending` gave."""
        counts = np.bincount(self.owner, minlength=len(self.documents)).tolist()
        first = []
        for document, count in zip(self.documents, counts, strict=True):
            first.append(before)
            before = before + count if document.more else 0
        return replace(self, first=np.array(first, dtype=np.int64))

    @property
    def pending(self) -> int:
        """Return how many sentences the last document has so far when more of it follows, else 0."""
        if not self.documents or not self.documents[-1].more:
            return 0
        return int(self.first[-1] + (self.owner == len(self.documents) - 1).sum())

    def indices(self) -> Ints:
        """Return the number of each sentence in its whole document."""
        return np.asarray(self.index + self.first[self.owner])

    def places(self) -> tuple[Ints, Ints]:
        """Return start and end of each sentence in its whole document."""
        offset = self._offsets()[self.owner]
        return self.start + offset, self.end + offset

    def texts(self) -> list[str]:
        """Return the text of each sentence."""
        return self._slices(self.owner, self.start, self.end)

    def span_places(self) -> tuple[Ints, Ints, list[str]]:
        """Return start and end of each span in its whole document, and its text."""
        spans = self.decoded.spans
        owner, shift = self.owner[spans.sentence], self.start[spans.sentence]
        start, end = spans.start + shift, spans.end + shift
        offset = self._offsets()[owner]
        return start + offset, end + offset, self._slices(owner, start, end)

    def _offsets(self) -> Ints:
        return np.array([document.offset for document in self.documents], dtype=np.int64)

    def _slices(self, owner: Ints, start: Ints, end: Ints) -> list[str]:
        texts = [document.text for document in self.documents]
        return [texts[d][a:b] for d, a, b in zip(owner.tolist(), start.tolist(), end.tolist(), strict=True)]

    def sentences(self) -> list[list[Sentence]]:
        """Return the records of each document."""
        predictions = self.decoded.predictions(self.artifact.config)
        found: list[list[Sentence]] = [[] for _ in self.documents]
        rows = zip(self.owner.tolist(), self.indices().tolist(), self.start.tolist(), self.end.tolist(), strict=True)
        for (owner, index, start, end), prediction in zip(rows, predictions, strict=True):
            found[owner].append(_place(self.documents[owner], index, start, end, prediction, self.artifact.digest))
        return found

    def scored(self) -> list[tuple[Document, list[Sentence]]]:
        """Return each document with its records."""
        return list(zip(self.documents, self.sentences(), strict=True))


def _place(document: Document, index: int, start: int, end: int, found: Prediction, model: str) -> Sentence:
    spans: dict[str, list[Span]] = {role: [] for role in ROLES}
    for raw in found.spans:
        left, right = start + raw.start, start + raw.end
        text = document.text[left:right]
        spans[raw.role].append(Span(document.offset + left, document.offset + right, text, raw.probability))
    return Sentence(
        doc_id=document.id, sentence_index=index, start=document.offset + start, end=document.offset + end,
        text=document.text[start:end], label=found.label, probabilities=found.probabilities["label"],
        label_set=found.label_set,
        **{PLURAL[role]: tuple(values) for role, values in spans.items()},  # type: ignore[arg-type]
        source_kind=found.kind, source_stance=found.stance, source_framing=found.framing,
        bias=found.bias, model=model,
    )  # fmt: skip
