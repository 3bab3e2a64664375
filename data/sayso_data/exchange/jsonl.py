"""JSON lines: one object a line. The project's own files of imported sentences are these too."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import orjson

from sayso_data.exchange.base import Fault, Found, Note, Place, Rules, lines, read_text
from sayso_data.exchange.fields import check_columns, take, to_record
from sayso_data.schema import Example


def read_jsonl(path: Path, rules: Rules) -> Found:
    """Yield a row or fault for each line that is not blank.

    Raises:
        DataError: when the first object lacks a column that is needed.
    """
    first = True
    for number, line in lines(read_text(path, rules)):
        where = Place(str(path), number)
        if not line.strip():
            continue
        try:
            record = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            yield Fault(where, f"broken JSON at column {error.colno}: {error.msg}")
            continue
        if not isinstance(record, dict):
            yield Fault(where, f"a JSON {type(record).__name__}, not an object")
            continue
        if first and (unread := check_columns(list(record), rules, str(path))):
            yield Note(unread)
        first = False
        yield take(record, where, f"{path.stem}:{number}", rules)


def write_jsonl(rows: Sequence[Example], target: Path) -> None:
    """Write one object a row; `spans` carry their words, so that a changed text is noticed."""
    target.write_bytes(b"".join(orjson.dumps(to_record(row), option=orjson.OPT_APPEND_NEWLINE) for row in rows))
