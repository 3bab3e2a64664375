"""`sayso data`: fetch, build and check corpora and labels; the other commands come from modules of their own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import click
import orjson

from sayso.errors import DataError
from sayso.terminal import printable
from sayso_data import build as splits
from sayso_data.agreement_cli import agreement_command
from sayso_data.check import class_counts, faults, near_faults
from sayso_data.corpora import CORPORA, get_corpus
from sayso_data.exchange.cli import COMMANDS as EXCHANGE
from sayso_data.fetch import fetch
from sayso_data.imported import files_of, is_path, read_imported
from sayso_data.near import THRESHOLD
from sayso_data.options import DATA_OPTION
from sayso_data.schema import Example
from sayso_data.suggest_cli import suggest_command

__all__ = ["DATA_OPTION", "data"]
GOLD = ("train", "calibration", "dev")


@click.group()
def data() -> None:
    """Corpora and labels: fetch, build, check, import, export, choose what to label, measure agreement."""


@data.command("fetch")
@click.argument("names", nargs=-1, metavar="[CORPUS]...")
@click.option("--from", "source", type=click.Path(path_type=Path), help="Folder that holds the files already.")
@DATA_OPTION
def fetch_command(names: tuple[str, ...], source: Path | None, directory: Path) -> None:
    """Put corpus files into the data folder, checked against their pinned digests.

    Example: sayso data fetch polnear babe --from ~/Downloads
    """
    for corpus in [get_corpus(name) for name in names or CORPORA]:
        click.echo(f"{corpus.name}: {fetch(corpus, directory, source)} ({corpus.licence})")


@data.command("build")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder for train/calibration/dev.jsonl.")
@click.option("--overwrite", is_flag=True, help="Replace files in --out.")
@DATA_OPTION
def build_command(out: Path, overwrite: bool, directory: Path) -> None:
    """Join the standoff labels with their texts into one file per split.

    Example: sayso data build --out splits/
    """
    out.mkdir(parents=True, exist_ok=True)
    for name in GOLD:
        target = out / f"{name}.jsonl"
        if target.exists() and not overwrite:
            raise DataError(f"{target} exists; add --overwrite, or name another --out")
        rows = splits.load_split(name, directory)
        target.write_bytes(b"".join(orjson.dumps(asdict(row), option=orjson.OPT_APPEND_NEWLINE) for row in rows))
        click.echo(f"{target}: {len(rows)} sentences")


@data.command("check")
@click.argument("names", nargs=-1, metavar="[SPLIT|FILE|FOLDER]...")
@click.option("--near", type=click.FloatRange(0, 1), default=None,
              help=f"Report sentences this alike; {THRESHOLD} for imported files, 0 (off) for splits.")  # fmt: skip
@DATA_OPTION
def check_command(names: tuple[str, ...], near: float | None, directory: Path) -> int:
    """Check labels, offsets, tags and overlaps between splits; status 1 with a list when there are faults.

    FILE is what `sayso data import` wrote; a FOLDER holds several, which are taken for splits of one data set.

    Example: sayso data check train dev
    """
    found, lines = _read_splits(names or GOLD, directory)
    for name, rows in found.items():
        click.echo(f"{name}: {len(rows)} sentences")
        for head, counts in ((head, counts) for head, counts in class_counts(rows).items() if counts):
            click.echo(f"  {head}: " + ", ".join(f"{key} {count}" for key, count in sorted(counts.items())))
    imported = any(is_path(name) for name in names)
    lines += faults(found, partly=imported)
    threshold = near if near is not None else THRESHOLD * imported
    lines += near_faults(found, threshold) if threshold else ()
    for line in lines:
        click.echo(printable(line), err=True)
    click.echo(f"{len(lines)} faults")
    return 1 if lines else 0


def _read_splits(names: Sequence[str], directory: Path) -> tuple[dict[str, list[Example]], list[str]]:
    """Return the rows of each split or file, and the faults of files that keep a row from being read."""
    found: dict[str, list[Example]] = {}
    lines: list[str] = []
    for name in names:
        if not is_path(name):
            found[name] = splits.load_split(name, directory)
            continue
        for path in files_of(Path(name)):
            brought = read_imported(path)
            found[path.stem if path.stem not in found else str(path)] = brought.examples
            lines += map(str, brought.faults)
    return found, lines


for command in (*EXCHANGE, suggest_command, agreement_command):
    data.add_command(command)
