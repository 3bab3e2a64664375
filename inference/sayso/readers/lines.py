"""A stream in lines, of which no more than a bound is ever held."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from sayso.readers.base import PREVIEW, Fault, Raw, preview, too_long
from sayso.readers.files import CHUNK
from sayso.records import Place


def bounded_lines(path: str, stream: BinaryIO, limit: int) -> Iterator[Raw | Fault]:
    """Yield the lines of a stream with their line breaks; a line of more than `limit` bytes is a fault."""
    number = offset = 0
    while line := stream.readline(limit + 2):  # two bytes more: the line break does not count
        number += 1
        length = len(line)
        if len(line.rstrip(b"\r\n")) <= limit:
            yield Raw(line, Place(path, number, offset, length, preview(line)))
        else:
            start, complete = line[:PREVIEW], line.endswith(b"\n")
            del line
            length += 0 if complete else _skip(stream)
            yield too_long(Place(path, number, offset, length, preview(start)), limit)
        offset += length


def _skip(stream: BinaryIO) -> int:
    """Read to the end of a line; return how many bytes that were."""
    skipped = 0
    while part := stream.readline(CHUNK):
        skipped += len(part)
        if part.endswith(b"\n"):
            break
    return skipped
