"""CSV to documents: a header, then one document a row, of which no more than a bound is ever held."""

from __future__ import annotations

import csv
import re
import sys
from collections.abc import Iterator
from typing import Any, BinaryIO

from sayso.errors import InputError
from sayso.readers.base import PREVIEW, Fault, Raw, ReadOptions, decode, fault, from_row, preview, too_long
from sayso.readers.files import CHUNK, read_some
from sayso.records import Document, Place

MORE = "_more"  # the values of a row beyond its header
_START, _PLAIN, _QUOTED, _CLOSED = range(4)
_FIELD_END = re.compile(rb"[,\r\n]")


def read_csv(path: str, stream: BinaryIO, options: ReadOptions) -> Iterator[Document | Fault]:
    """Yield a document for each row, a fault for each row that has no text or is too long.

    Raises:
        InputError: when the header is too long or names no text column.
    """
    csv.field_size_limit(sys.maxsize)
    header: list[str] | None = None
    first = True
    for raw in csv_records(path, stream, options.limit):
        if isinstance(raw, Fault):
            if header is None:
                raise InputError(f"{path} is not a readable CSV file: its header: {raw.reason}")
            yield raw
            continue
        text, replaced = decode(raw, options)
        yield from [replaced] if replaced else []
        try:
            values = next(csv.reader([text]), [])
        except csv.Error as error:
            yield fault(raw.place, f"broken CSV: {error}")
            continue
        if header is None:
            header = values
            continue
        yield from_row(raw.place, _row(header, values), options, first)
        first = False


def _row(header: list[str], values: list[str]) -> dict[str, Any]:
    row: dict[str, Any] = dict.fromkeys(header) | dict(zip(header, values, strict=False))
    return row | {MORE: values[len(header) :]} if len(values) > len(header) else row


def csv_records(path: str, stream: BinaryIO, limit: int) -> Iterator[Raw | Fault]:
    """Yield the bytes of each row that is not blank; one of more than `limit` bytes is a fault.

    A row ends at a line break outside quotation marks, where a mark counts as the csv module counts it.
    """
    pending, state = _Pending(path, limit), _START
    while chunk := read_some(stream, CHUNK):
        if chunk.endswith(b"\r"):
            chunk += stream.read(1)  # so that \r\n is never parted
        at = 0
        while at < len(chunk):
            end, state = _row_end(chunk, at, state)
            pending.add(chunk[at:end] if end else chunk[at:])
            if not end:
                break
            yield from pending.take()
            at = end
    yield from pending.take()


def _row_end(data: bytes, at: int, state: int) -> tuple[int, int]:
    """Return where the row that goes on at `at` ends (0: not in `data`), and the state there."""
    while at < len(data):
        byte = data[at : at + 1]
        if state == _QUOTED:
            at = data.find(b'"', at) + 1
            if not at:
                return 0, _QUOTED
            state = _CLOSED
        elif byte in (b"\r", b"\n"):
            return at + (2 if data[at : at + 2] == b"\r\n" else 1), _START
        elif byte == b'"' and state != _PLAIN:
            at, state = at + 1, _QUOTED
        elif byte == b",":
            at, state = at + 1, _START
        else:
            found = _FIELD_END.search(data, at)
            if found is None:
                return 0, _PLAIN
            at, state = found.start(), _PLAIN
    return 0, state


class _Pending:
    """The row being read: its bytes up to the bound, then only their number."""

    def __init__(self, path: str, limit: int) -> None:
        self._path, self._limit = path, limit
        self._line, self._offset = 1, 0
        self._clear()

    def _clear(self) -> None:
        self._data, self._start, self._length, self._breaks = bytearray(), b"", 0, 0

    def add(self, data: bytes) -> None:
        """Append bytes of the row."""
        self._length += len(data)
        self._breaks += data.count(b"\n") + data.count(b"\r") - data.count(b"\r\n")
        self._start += data[: PREVIEW - len(self._start)]
        if self._length <= self._limit + 2:
            self._data += data
        else:
            self._data = bytearray()

    def take(self) -> Iterator[Raw | Fault]:
        """Yield the row unless it is blank, and begin the next."""
        place = Place(self._path, self._line, self._offset, self._length, preview(self._start))
        data, length = bytes(self._data), self._length
        self._line, self._offset = self._line + self._breaks, self._offset + length
        self._clear()
        if length > self._limit + 2 or len(data.rstrip(b"\r\n")) > self._limit:
            yield too_long(place, self._limit)
        elif data.strip(b"\r\n"):
            yield Raw(data, place)
