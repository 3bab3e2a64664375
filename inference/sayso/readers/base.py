"""What every reader takes and gives: options, places, faults, rows as documents."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sayso.errors import InputError
from sayso.records import Document, Place, extent

STDIN = "-"
PREVIEW = 200  # bytes of a failed record that its fault shows
DOCUMENT_BYTES = 50_000_000
SENTENCE_BYTES = 1_000_000  # with --unit sentence a record is one sentence, which is labelled in one go
CARRIED = 1_000_000  # characters of other columns: they are repeated for every sentence
ID = 10_000  # characters of an id, for the same reason
DEPTH = 64  # levels of nesting, which every writer can follow


@dataclass(frozen=True, slots=True)
class Fault:
    """One input record that could not be read: its place (the fields of `Place`) and why."""

    file: str
    line: int
    reason: str
    offset: int | None = None
    length: int | None = None
    preview: str = ""


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """How to read: column names, one sentence or one document a record, and what to do with bad bytes.

    `format` is only for standard input; files tell it by suffix. `strict` refuses bytes that are not UTF-8,
    which otherwise become U+FFFD and are reported. `max_document_bytes` bounds one record as it is stored: a
    JSONL line, a CSV row, an HTML page, a Parquet row. A longer one is a fault and is never held in memory;
    plain text has no bound, for it is read in pieces.
    """

    text_field: str = "text"
    id_field: str = "id"
    unit: str = "document"
    strict: bool = False
    format: str = "txt"
    max_document_bytes: int = DOCUMENT_BYTES

    @property
    def limit(self) -> int:
        """Return the most bytes of one record."""
        return min(self.max_document_bytes, SENTENCE_BYTES) if self.unit == "sentence" else self.max_document_bytes


@dataclass(frozen=True, slots=True)
class Raw:
    """The bytes of one record, and where they stand."""

    data: bytes
    place: Place


def fault(place: Place, reason: str) -> Fault:
    """Return the fault of the record at `place`."""
    return Fault(reason=reason, **asdict(place))


def preview(data: bytes) -> str:
    """Return how a record begins, as text; bytes that are not UTF-8 are written as escapes."""
    return bytes(data[:PREVIEW]).decode("utf-8", "backslashreplace")


def too_long(place: Place, limit: int) -> Fault:
    """Return the fault of a record that is longer than `limit` bytes."""
    size = "" if place.length is None else f" of {place.length:,} bytes"
    return fault(place, f"a record{size} is longer than {limit:,} bytes: skipped; the bound is --max-document-bytes")


def decode(raw: Raw, options: ReadOptions) -> tuple[str, Fault | None]:
    """Return a record as text, and a fault when some bytes had to be replaced.

    Raises:
        InputError: for bytes that are not UTF-8 when `options.strict` is on.
    """
    place = raw.place
    try:
        return raw.data.decode("utf-8-sig" if not place.offset else "utf-8"), None
    except UnicodeDecodeError as error:
        if options.strict:
            raise not_utf8(place.file, place.line, error.start) from error
        return raw.data.decode("utf-8", "replace"), fault(place, "bytes that are not UTF-8 were replaced by U+FFFD")


def not_utf8(path: str, line: int, byte: int) -> InputError:
    """Return the error for bytes that --strict refuses."""
    return InputError(f"{path}:{line}: not UTF-8 at byte {byte}; leave --strict off to replace")


def from_row(place: Place, row: dict[str, Any], options: ReadOptions, first: bool) -> Document | Fault:
    """Return the document of a row, or why it has none.

    Raises:
        InputError: when the first row has no text column, for then none will.
    """
    if options.text_field not in row:
        found = ", ".join(str(name)[:80] for name in list(row)[:40]) or "none"
        message = f"no column {options.text_field!r}; found {found}"
        if first:
            raise InputError(f"{place.file}: {message}; name the text column with --text-field")
        return fault(place, message)
    text, identity = row[options.text_field], row.get(options.id_field)
    if not isinstance(text, str):
        return fault(place, f"{options.text_field!r} holds {type(text).__name__}, not text")
    rest = {k: v for k, v in row.items() if k not in (options.text_field, options.id_field)}
    problem = unfit(identity, rest, options)
    if problem:
        return fault(place, problem)
    name = f"{file_name(place.file)}:{place.line}" if identity is None else str(identity)
    return Document(name, text, rest, place=place)


def unfit(identity: Any, rest: dict[str, Any], options: ReadOptions) -> str | None:
    """Return why an id and the columns carried along cannot be repeated for every sentence, None if they can."""
    (id_size, id_depth), (size, depth) = extent(identity), extent(rest)
    if id_size > ID or id_depth > 1:
        return f"{options.id_field!r} is longer than {ID:,} characters or nested"
    if size > CARRIED:
        return f"the other columns hold {size:,} characters, more than {CARRIED:,}, and would repeat every sentence"
    return f"values nest deeper than {DEPTH} levels" if depth > DEPTH else None


def file_name(path: str) -> str:
    """Return the name of a file as ids show it."""
    return "stdin" if path == STDIN else Path(path).name
