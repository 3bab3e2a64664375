"""A long document, which is labelled piece by piece, as rows of the two tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from sayso.corpus import moved
from sayso.labels import KINDS, LABELS
from sayso.records import Document, Sentence
from sayso.tables import document_schema
from sayso.writers import clean_surrogates, record_schema


class LongDocument:
    """Takes the pieces of one document after the other, in order."""

    def __init__(self, model: str) -> None:
        self._model = model
        self._summary = _Summary()

    def add(self, piece: Document, sentences: Sequence[Sentence]) -> tuple[Any, Any]:
        """Return the sentence table of a piece, and the document table: one row after the last piece, else none."""
        placed = [moved(sentence, piece.offset, self._summary.sentences()) for sentence in sentences]
        self._summary.add(sentences)
        rows: list[dict[str, Any]] = []
        if not piece.more:
            rows, self._summary = [self._summary.row(piece, self._model)], _Summary()
        return _table([s.to_dict() for s in placed], record_schema()), _table(rows, document_schema())


def _table(rows: list[dict[str, Any]], schema: Any) -> Any:
    import pyarrow as pa

    return pa.Table.from_pylist([clean_surrogates(row) for row in rows], schema=schema)


class _Summary:
    """Counts over the sentences of one document, whose pieces come one after the other."""

    def __init__(self) -> None:
        self._labels: Counter[str] = Counter()
        self._kinds: Counter[str] = Counter()
        self._names: set[str] = set()
        self._bias = 0.0

    def sentences(self) -> int:
        """Return the number of sentences counted so far."""
        return self._labels.total()

    def add(self, sentences: Sequence[Sentence]) -> None:
        """Count the sentences of a piece."""
        self._labels.update(s.label for s in sentences)
        self._kinds.update(s.source_kind for s in sentences if s.source_kind)
        self._names |= {" ".join(span.text.split()).casefold() for s in sentences for span in s.sources}
        for sentence in sentences:
            self._bias += sentence.bias

    def row(self, last: Document, model: str) -> dict[str, Any]:
        """Return the row after the `last` piece: counts, shares, mean bias, distinct sources, kinds of source."""
        labels, total = self._labels, self._labels.total()
        return {
            "doc_id": last.id, "sentences": total, "characters": last.offset + len(last.text),
            "counts": {label: labels[label] for label in LABELS},
            "shares": {label: labels[label] / total if total else None for label in LABELS},
            "mean_bias": self._bias / total if total else None,
            "distinct_sources": len(self._names), "kinds": {kind: self._kinds[kind] for kind in KINDS},
            "model": model,
        }  # fmt: skip
