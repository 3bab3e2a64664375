"""Decoded sentences in their documents, in columns; as records where one wants values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

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
    document's sentences, and its code points there; `decoded` has a row for each sentence.
    """

    documents: Sequence[Document]
    owner: Ints
    index: Ints
    start: Ints
    end: Ints
    decoded: Decoded
    artifact: Artifact

    @classmethod
    def of(cls, documents: Sequence[Document], places: Places, decoded: Decoded, artifact: Artifact) -> Labelled:
        """Build from the (start, end) of the sentences of each document."""
        counts = np.array([len(own) for own in places], dtype=np.int64)
        flat = np.array([span for own in places for span in own], dtype=np.int64).reshape(-1, 2)
        owner = np.repeat(np.arange(len(documents)), counts)
        index = np.arange(len(flat)) - np.repeat(np.cumsum(counts) - counts, counts)
        return cls(documents, owner, index, flat[:, 0], flat[:, 1], decoded, artifact)

    def texts(self) -> list[str]:
        """Return the text of each sentence."""
        return self._slices(self.owner, self.start, self.end)

    def span_places(self) -> tuple[Ints, Ints, list[str]]:
        """Return start and end of each span in its document, and its text."""
        spans = self.decoded.spans
        shift = self.start[spans.sentence]
        start, end = spans.start + shift, spans.end + shift
        return start, end, self._slices(self.owner[spans.sentence], start, end)

    def _slices(self, owner: Ints, start: Ints, end: Ints) -> list[str]:
        texts = [document.text for document in self.documents]
        return [texts[d][a:b] for d, a, b in zip(owner.tolist(), start.tolist(), end.tolist(), strict=True)]

    def sentences(self) -> list[list[Sentence]]:
        """Return the records of each document."""
        predictions = self.decoded.predictions(self.artifact.config)
        places = zip(self.owner.tolist(), self.index.tolist(), self.start.tolist(), self.end.tolist(), strict=True)
        found: list[list[Sentence]] = [[] for _ in self.documents]
        for (owner, index, start, end), prediction in zip(places, predictions, strict=True):
            record = _place(self.documents[owner], index, start, end, prediction, self.artifact.digest)
            found[owner].append(record)
        return found


def _place(document: Document, index: int, start: int, end: int, found: Prediction, model: str) -> Sentence:
    spans: dict[str, list[Span]] = {role: [] for role in ROLES}
    for raw in found.spans:
        left, right = start + raw.start, start + raw.end
        spans[raw.role].append(Span(left, right, document.text[left:right], raw.probability))
    return Sentence(
        doc_id=document.id, sentence_index=index, start=start, end=end, text=document.text[start:end],
        label=found.label, probabilities=found.probabilities["label"], label_set=found.label_set,
        **{PLURAL[role]: tuple(values) for role, values in spans.items()},  # type: ignore[arg-type]
        source_kind=found.kind, source_stance=found.stance, source_framing=found.framing,
        bias=found.bias, model=model,
    )  # fmt: skip
