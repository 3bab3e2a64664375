"""CSV: a header and a row a sentence; spans as JSON in `spans`, or as their words in `sources`, `cues`, ..."""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import orjson

from sayso.errors import DataError
from sayso_data.exchange.base import Fault, FieldError, Found, Note, Place, Rules, read_text
from sayso_data.exchange.fields import EMPTY, check_columns, take, to_record
from sayso_data.schema import Example


def read_csv(path: Path, rules: Rules) -> Found:
    """Yield a row or fault for each record; a record's line is the one that it begins on.

    Raises:
        DataError: for a file without a header, or one that lacks a column that is needed.
    """
    csv.field_size_limit(sys.maxsize)
    delimiter = rules.delimiter or ("\t" if path.suffix == ".tsv" else ",")
    # newline="" keeps a line break inside a quoted field as it is: its offsets were counted with it
    reader = csv.reader(io.StringIO(read_text(path, rules), newline=""), delimiter=delimiter, strict=True)
    records = _records(reader, path)
    header = next(records, None)
    if header is None or isinstance(header, Fault):
        raise DataError(f"{path} has no header; its first line must name the columns, one of them text")
    names = header[1]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise DataError(f"{path}:1: columns {', '.join(map(repr, twice))} stand there twice; rename one of them")
    if unread := check_columns(names, rules, str(path)):
        yield Note(unread)
    for found in records:
        if isinstance(found, Fault):
            yield found
            continue
        where, values = found
        if len(values) != len(names):
            yield Fault(where, f"{len(values)} values, but the header has {len(names)}: a comma without quotes?")
            continue
        record = {name: value or None for name, value in zip(names, values, strict=True)}
        yield take(record, where, f"{path.stem}:{where.line}", rules)


def _records(reader: Any, path: Path) -> Iterator[tuple[Place, list[str]] | Fault]:
    while True:
        where = Place(str(path), reader.line_num + 1)
        try:
            values = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield Fault(where, f"broken CSV: {error}; a quotation mark inside a field is written twice")
            continue
        if values:
            yield where, values


def write_csv(rows: Sequence[Example], target: Path) -> None:
    """Write every field as a column, spans and roles included.

    Raises:
        FieldError: for an empty text value, which would read back as none.
    """
    records = [_cells(row) for row in rows]
    with target.open("w", encoding="utf-8", newline="") as stream:
        # the csv module quotes a lone CR or LF only when its line terminator has both
        writer = csv.DictWriter(stream, list(records[0]) if records else ["text"], lineterminator="\r\n")
        writer.writeheader()
        writer.writerows(records)


def _cells(row: Example) -> dict[str, str]:
    record = to_record(row)
    empty = [name for name, value in record.items() if value == ""]
    if empty:
        raise FieldError(empty[0], f"{row.id}: an empty text is the same as none in CSV; use --format jsonl")
    spans = orjson.dumps(record.pop("spans")).decode()
    roles = " ".join(record.pop("roles")) or EMPTY
    cells = {name: "" if value is None else str(value) for name, value in record.items()}
    return {**cells, "spans": spans, "roles": roles}
