"""The formats by name, and which one a file is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sayso.errors import DataError
from sayso_data.exchange.base import Found, Rules
from sayso_data.exchange.brat import read_brat, write_brat
from sayso_data.exchange.conll import read_conll, write_conll
from sayso_data.exchange.csv_table import read_csv, write_csv
from sayso_data.exchange.jsonl import read_jsonl, write_jsonl
from sayso_data.exchange.labelstudio import read_labelstudio, write_labelstudio
from sayso_data.schema import Example


@dataclass(frozen=True, slots=True)
class Format:
    """A format: how it reads, how it writes, and the endings of its files."""

    read: Callable[[Path, Rules], Found]
    write: Callable[[Sequence[Example], Path], None]
    suffixes: tuple[str, ...]


FORMATS = {
    "csv": Format(read_csv, write_csv, (".csv", ".tsv")),
    "jsonl": Format(read_jsonl, write_jsonl, (".jsonl", ".ndjson")),
    "conll": Format(read_conll, write_conll, (".conll", ".conllu", ".conllup", ".bio", ".iob")),
    "brat": Format(read_brat, write_brat, (".ann",)),
    "labelstudio": Format(read_labelstudio, write_labelstudio, (".json",)),
}


def format_of(path: Path, name: str | None = None) -> Format:
    """Return the format called `name`, or the one that the ending of `path` tells (a folder is brat).

    Raises:
        DataError: when neither says.
    """
    if name is not None:
        return FORMATS[name]
    if path.is_dir():
        return FORMATS["brat"]
    for found in FORMATS.values():
        if path.suffix.lower() in found.suffixes:
            return found
    raise DataError(f"{path}: the ending tells no format; name it: --format {'|'.join(FORMATS)}")
