"""JSON lines to documents: one object a line."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from sayso.readers.base import Fault, ReadOptions, decode, fault, from_row
from sayso.readers.lines import bounded_lines
from sayso.records import Document


def read_jsonl(path: str, stream: BinaryIO, options: ReadOptions) -> Iterator[Document | Fault]:
    """Yield a document for each line that holds a JSON object with text, a fault for each other line."""
    import orjson

    first = True
    for raw in bounded_lines(path, stream, options.limit):
        if isinstance(raw, Fault):
            yield raw
            continue
        if not raw.data.strip():
            continue
        text, replaced = decode(raw, options)
        yield from [replaced] if replaced else []
        try:
            row = orjson.loads(text)
        except ValueError as error:
            yield fault(raw.place, f"broken JSON: {error}")
            continue
        if not isinstance(row, dict):
            yield fault(raw.place, f"a JSON {type(row).__name__}, not an object")
            continue
        yield from_row(raw.place, row, options, first)
        first = False
