"""Files of imported sentences, wherever a split name may stand: train on them, check them, export them."""

from __future__ import annotations

from pathlib import Path

from sayso.errors import DataError
from sayso_data.check import annotated, row_faults
from sayso_data.exchange.base import Rules
from sayso_data.exchange.bring import Brought, bring
from sayso_data.schema import Example

SPLITS = ("train", "calibration", "dev", "sample", "polnear", "babe")


def is_path(name: str) -> bool:
    """Say whether a split is given as a file or folder; a folder that happens to be called dev is not meant."""
    if name in SPLITS or name.startswith("sample-"):
        return False
    return Path(name).name != name or bool(Path(name).suffix) or Path(name).exists()


def read_imported(path: Path) -> Brought:
    """Read a file that `sayso data import` (or `data build`) wrote.

    Raises:
        DataError: when it is not there, or of another format.
    """
    if path.suffix != ".jsonl":
        raise DataError(f"{path} is no .jsonl; type: sayso data import {path} --out FILE.jsonl, and name that file")
    return bring([path], "jsonl", Rules())


def load_imported(path: Path) -> list[Example]:
    """Return the sentences of an imported file that has no fault in a row.

    Raises:
        DataError: with the number of faults, the first of them and how to see all.
    """
    brought = read_imported(path)
    rows = brought.examples
    heads = annotated(rows)
    lines = [*map(str, brought.faults), *(f for row in rows for f in row_faults(row, str(path), heads))]
    if lines:
        raise DataError(f"{path}: {len(lines)} faults, first: {lines[0]}; see all: sayso data check {path}")
    if not rows:
        raise DataError(f"{path} holds no sentence")
    return rows


def files_of(path: Path) -> list[Path]:
    """Return the .jsonl files of a folder, or the file itself.

    Raises:
        DataError: for a folder without any.
    """
    if not path.is_dir():
        return [path]
    found = sorted(path.glob("*.jsonl"))
    if not found:
        raise DataError(f"{path} holds no .jsonl file; sayso data import writes them")
    return found
