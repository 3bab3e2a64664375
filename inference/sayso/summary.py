"""One document's row of the document table, added up a piece at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from sayso.labels import KINDS, LABELS
from sayso.records import Document, Sentence


class Summary:
    """Counts over the sentences of one document, whose pieces come one after the other."""

    def __init__(self) -> None:
        self._labels: Counter[str] = Counter()
        self._kinds: Counter[str] = Counter()
        self._names: set[str] = set()
        self._bias = 0.0

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
