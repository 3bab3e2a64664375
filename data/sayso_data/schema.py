"""The typed rows that every corpus adapter yields: articles and labelled sentences."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from sayso.labels import ROLES

if TYPE_CHECKING:
    from datasets import Dataset


@dataclass(frozen=True, slots=True)
class Article:
    """One document as published; `text` holds one paragraph a line."""

    id: str
    corpus: str
    text: str
    outlet: str | None = None
    title: str | None = None
    date: str | None = None
    topic: str | None = None
    bias: str | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True)
class SpanLabel:
    """A labelled substring; offsets count code points of the sentence text, end exclusive."""

    role: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Example:
    """One sentence with the labels that its corpus has; None and absent roles mean not annotated."""

    id: str
    text: str
    corpus: str
    doc: str
    outlet: str | None = None
    topic: str | None = None
    outlet_bias: str | None = None
    natural: bool = True
    label: str | None = None
    kind: str | None = None
    stance: str | None = None
    framing: str | None = None
    bias: float | None = None
    spans: tuple[SpanLabel, ...] = ()
    roles: tuple[str, ...] = ROLES


def to_dataset(rows: Iterable[Article | Example]) -> Dataset:
    """Load typed rows as a `datasets.Dataset`, one column a field.

    Raises:
        ImportError: without the `train` extra, which brings `datasets`.
    """
    from datasets import Dataset

    return Dataset.from_list([asdict(row) for row in rows])
