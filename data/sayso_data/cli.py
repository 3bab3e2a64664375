"""`sayso data`: fetch, build and check corpora and labels."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click
import orjson

from sayso.errors import DataError
from sayso_data import build as splits
from sayso_data.check import class_counts, faults
from sayso_data.corpora import CORPORA, get_corpus
from sayso_data.fetch import default_data_dir, fetch

DATA_OPTION = click.option(
    "--data", "directory", type=click.Path(path_type=Path), default=default_data_dir, show_default="$SAYSO_DATA",
    help="Folder with the corpus files.",
)  # fmt: skip
GOLD = ("train", "calibration", "dev")


@click.group()
def data() -> None:
    """Corpora and labels: fetch, build, check."""


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
@click.argument("names", nargs=-1, metavar="[SPLIT]...")
@DATA_OPTION
def check_command(names: tuple[str, ...], directory: Path) -> int:
    """Check labels, offsets, tags and overlaps between splits; status 1 with a list when there are faults.

    Example: sayso data check train dev
    """
    found = {name: splits.load_split(name, directory) for name in names or GOLD}
    for name, rows in found.items():
        click.echo(f"{name}: {len(rows)} sentences")
        for head, counts in class_counts(rows).items():
            click.echo(f"  {head}: " + ", ".join(f"{key} {count}" for key, count in sorted(counts.items())))
    lines = faults(found)
    for line in lines:
        click.echo(line, err=True)
    click.echo(f"{len(lines)} faults")
    return 1 if lines else 0
