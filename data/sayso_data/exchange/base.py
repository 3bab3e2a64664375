"""What every format reads and gives: rules, places, rows, faults, notes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sayso.errors import DataError
from sayso_data.schema import Example

NO_BYTE_ORDER_MARK = "utf-8-sig"  # reads UTF-8 with and without the mark that spreadsheets write


@dataclass(frozen=True, slots=True)
class Rules:
    """How to read a file of others.

    `columns` maps a field of ours to the column that holds it, `values` a field to {their value: our value} (an empty
    value drops theirs), `offsets` names what spans count (see `offsets.UNITS`), `roles` the span roles that were
    annotated (None: those that occur), `annotator` whose work to take where several did the same sentence.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    corpus: str = "imported"
    encoding: str = "utf-8"
    delimiter: str | None = None
    offsets: str = "codepoints"
    roles: tuple[str, ...] | None = None
    annotator: str | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands in a file; `line` counts from 1."""

    file: str
    line: int

    def __str__(self) -> str:
        """Return file:line."""
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True)
class Fault:
    """Why something in a file cannot be taken, and in which column or field of it."""

    place: Place
    reason: str
    column: str | None = None

    def __str__(self) -> str:
        """Return file:line: column: reason."""
        return f"{self.place}: {f'{self.column}: ' if self.column else ''}{self.reason}"


@dataclass(frozen=True, slots=True)
class Note:
    """Something about a file that is no fault but that its owner should know."""

    text: str


@dataclass(frozen=True, slots=True)
class Row:
    """A sentence that was read; `split` is what the file says, `stated` whether it says which roles were annotated."""

    place: Place
    example: Example
    split: str | None = None
    stated: bool = False


Found = Iterator[Row | Fault | Note]


class FieldError(Exception):
    """A value that cannot be taken: the field it is in, and why."""

    def __init__(self, column: str, reason: str) -> None:
        super().__init__(reason)
        self.column = column
        self.reason = reason


def read_text(path: Path, rules: Rules) -> str:
    """Return a file as text with its line breaks as they are, for translating them would move every offset.

    Raises:
        DataError: naming the line of bytes that are not in the encoding, or why the file cannot be opened.
    """
    encoding = NO_BYTE_ORDER_MARK if rules.encoding.lower() in ("utf-8", "utf8") else rules.encoding
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}") from error
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        found = data[error.start : error.end].hex(" ")
        raise DataError(
            f"{path}:{line}: bytes {found} are not {rules.encoding}; name the encoding: --encoding windows-1252"
        ) from error
    except LookupError as error:
        raise DataError(f"unknown encoding {rules.encoding!r}; for instance: --encoding windows-1252") from error


def lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield (number, line) without line breaks; only LF and CRLF end a line, not what Unicode calls one."""
    for number, line in enumerate(text.split("\n"), 1):
        yield number, line.removesuffix("\r")
