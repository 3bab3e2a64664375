"""Bring labelled sentences in: read, complete, write; take them out again: write, read back, compare."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path

from sayso.errors import DataError, OutputError
from sayso.labels import ROLES
from sayso_data.exchange.base import Fault, FieldError, Row, Rules
from sayso_data.exchange.formats import Format, format_of
from sayso_data.exchange.jsonl import write_jsonl
from sayso_data.schema import Example

PARTIAL = ".partial"


@dataclass(frozen=True, slots=True)
class Brought:
    """What files held: rows, why others were not taken, and what their owner should know."""

    rows: tuple[Row, ...]
    faults: tuple[Fault, ...]
    notes: tuple[str, ...]

    @property
    def examples(self) -> list[Example]:
        """Return the sentences."""
        return [row.example for row in self.rows]


def bring(paths: Iterable[Path], kind: str | None, rules: Rules) -> Brought:
    """Read files of others; where none says which roles were annotated, those that occur were.

    Raises:
        DataError: when a file as a whole cannot be read.
    """
    rows: list[Row] = []
    faults: list[Fault] = []
    notes: list[str] = []
    for path in paths:
        if not path.exists():
            raise DataError(f"no such file: {path}")
        for found in format_of(path, kind).read(path, rules):
            if isinstance(found, Row):
                rows.append(found)
            elif isinstance(found, Fault):
                faults.append(found)
            else:
                notes.append(found.text)
    return Brought(tuple(_with_roles(rows)), (*faults, *_repeated(rows)), tuple(notes))


def _with_roles(rows: Sequence[Row]) -> Iterable[Row]:
    """Complete rows that do not say which roles were annotated: a role that never occurs would train its absence."""
    occur = {span.role for row in rows if not row.stated for span in row.example.spans}
    roles = (*(role for role in ROLES if role in occur), *sorted(occur - set(ROLES)))
    for row in rows:
        yield row if row.stated else replace(row, example=replace(row.example, roles=roles), stated=True)


def _repeated(rows: Sequence[Row]) -> Iterable[Fault]:
    first: dict[str, Row] = {}
    for row in rows:
        other = first.setdefault(row.example.id, row)
        if other is not row:
            yield Fault(row.place, f"{row.example.id!r} stands at {other.place} already", "id")


def write_rows(rows: Mapping[Path, Sequence[Example]], overwrite: bool) -> None:
    """Write files of imported sentences, all or none under their names.

    Raises:
        OutputError: when one exists and `overwrite` is off, or cannot be written.
    """
    for target in rows:
        check_absent(target, overwrite)
    partial = {target: target.with_name(target.name + PARTIAL) for target in rows}
    try:
        for target, examples in rows.items():
            target.parent.mkdir(parents=True, exist_ok=True)
            write_jsonl(examples, partial[target])
        for target in rows:
            os.replace(partial[target], target)
    except OSError as error:
        raise OutputError(f"{error.filename} cannot be written: {error.strerror}") from error


def check_absent(target: Path, overwrite: bool) -> None:
    """Refuse a target that exists, unless it may be replaced."""
    if target.exists() and not overwrite:
        raise OutputError(f"{target} exists; add --overwrite, or name another --out")


def take_out(rows: Sequence[Example], target: Path, kind: str | None, overwrite: bool) -> None:
    """Write rows in a format of others; the target appears only when reading it back gives the same rows.

    Raises:
        OutputError: when the target exists and `overwrite` is off.
        DataError: naming the first row that the format cannot hold.
    """
    if overwrite and target.is_dir() and not (target / "annotation.conf").exists():
        raise OutputError(f"{target} is a folder that no export wrote; name another --out")
    check_absent(target, overwrite)
    chosen = format_of(target, kind or ("brat" if not target.suffix else None))
    partial = target.with_name(f"{target.stem}{PARTIAL}{target.suffix}")
    _clear(partial)
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        chosen.write(rows, partial)
        _compare(rows, _read_back(partial, chosen))
    except FieldError as error:
        raise DataError(f"{error.column}: {error.reason}") from error
    except (DataError, OSError):
        _clear(partial)
        raise
    _clear(target)
    os.replace(partial, target)


def _clear(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _read_back(path: Path, chosen: Format) -> dict[str, Example]:
    found = list(chosen.read(path, Rules()))
    faults = [str(item) for item in found if isinstance(item, Fault)]
    if faults:
        raise DataError(f"what was written does not read back: {faults[0]}; use --format jsonl")
    return {row.example.id: row.example for row in found if isinstance(row, Row)}


def _compare(rows: Sequence[Example], found: Mapping[str, Example]) -> None:
    repeated = [name for name, count in Counter(row.id for row in rows).items() if count > 1]
    if repeated:
        raise DataError(f"{len(repeated)} ids stand there twice, first {repeated[0]!r}; they must differ")
    for row in rows:
        other = found.get(row.id)
        for name in (field.name for field in fields(Example)):
            ours, theirs = getattr(row, name), getattr(other, name, None)
            if name == "spans":
                ours, theirs = set(ours), set(theirs or ())
            if ours != theirs:
                raise DataError(
                    f"{row.id}: this format cannot hold {name} {_shown(ours)} (it reads back as {_shown(theirs)}); "
                    "use --format jsonl"
                )


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 120 else f"{text[:117]}..."
