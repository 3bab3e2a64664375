"""The values that flow through the runtime: spans, one sentence's record, one document."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any

from sayso.labels import ROLES

PLURAL = {"source": "sources", "cue": "cues", "hedge": "hedges", "loaded": "loaded"}


@dataclass(frozen=True, slots=True)
class Span:
    """A tagged substring; `start` and `end` count code points of the document, end exclusive."""

    start: int
    end: int
    text: str
    probability: float

    def to_dict(self) -> dict[str, Any]:
        """Return the span as JSON-ready values."""
        return {"start": self.start, "end": self.end, "text": self.text, "probability": self.probability}


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence and what the model says of it; `document[start:end] == text` always.

    `label_set` holds the labels that cannot be ruled out at the artifact's stated coverage; the tags
    `source_kind`, `source_stance` and `source_framing` are None without a source or cue.
    """

    doc_id: str
    sentence_index: int
    start: int
    end: int
    text: str
    label: str
    probabilities: dict[str, float]
    label_set: tuple[str, ...]
    sources: tuple[Span, ...]
    cues: tuple[Span, ...]
    hedges: tuple[Span, ...]
    loaded: tuple[Span, ...]
    source_kind: str | None
    source_stance: str | None
    source_framing: str | None
    bias: float
    model: str
    source_side: dict[str, str] | None = None

    def spans(self) -> list[tuple[str, Span]]:
        """Return (role, span) pairs of every role, in order of appearance."""
        pairs = [(role, span) for role in ROLES for span in getattr(self, PLURAL[role])]
        return sorted(pairs, key=lambda pair: (pair[1].start, pair[1].end))

    def to_dict(self, metadata: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the record as JSON-ready values, carried metadata columns last."""
        record: dict[str, Any] = {
            "doc_id": self.doc_id, "sentence_index": self.sentence_index, "start": self.start, "end": self.end,
            "text": self.text, "label": self.label, "probabilities": self.probabilities,
            "label_set": list(self.label_set),
        }  # fmt: skip
        record |= {PLURAL[role]: [span.to_dict() for span in getattr(self, PLURAL[role])] for role in ROLES}
        record |= {
            "source_kind": self.source_kind, "source_stance": self.source_stance,
            "source_framing": self.source_framing, "source_side": self.source_side,
            "bias": self.bias, "model": self.model,
        }  # fmt: skip
        return record | carry(metadata or {})


# Columns of the document table beside those that a record has too.
DOCUMENT_FIELDS = ("sentences", "characters", "counts", "shares", "mean_bias", "distinct_sources", "kinds")
TAKEN = frozenset((*(column.name for column in fields(Sentence)), *DOCUMENT_FIELDS))


def carry(metadata: dict[str, Any]) -> dict[str, Any]:
    """Return the carried columns; one named like a column of the tables gets `input_` before its name."""
    return {f"input_{name}" if name in TAKEN else name: value for name, value in metadata.items()}


@dataclass(frozen=True, slots=True)
class Place:
    """Where an input record stands: its file and line, its bytes in the decompressed file, how it begins.

    In Parquet `line` is the number of the row, and `offset` and `length` are None.
    """

    file: str
    line: int
    offset: int | None = None
    length: int | None = None
    preview: str = ""


@dataclass(frozen=True, slots=True)
class Document:
    """A text to score, with the columns of its input row carried along untouched.

    A text too long to hold at once comes in consecutive pieces of the same `id`: `offset` is the number of code
    points of the document before this piece, `more` says that another piece follows.
    """

    id: str
    text: str
    metadata: dict[str, Any] = field(default_factory=dict)
    offset: int = 0
    more: bool = False
    place: Place | None = field(default=None, compare=False)


def extent(value: Any) -> tuple[int, int]:
    """Return the characters and elements that a carried value holds, and how deep it nests."""
    size = deepest = 0
    waiting: list[tuple[Any, int]] = [(value, 0)]
    while waiting:
        item, depth = waiting.pop()
        deepest = max(deepest, depth)
        if isinstance(item, dict):
            waiting += [(part, depth + 1) for pair in item.items() for part in pair]
        elif isinstance(item, list | tuple):
            waiting += [(part, depth + 1) for part in item]
        else:
            size += len(item) if isinstance(item, str | bytes) else 1
    return size, deepest
