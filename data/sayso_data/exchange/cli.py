"""`sayso data import` and `sayso data export`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from sayso.errors import DataError
from sayso.terminal import printable
from sayso_data.build import load_split
from sayso_data.check import annotated, faults
from sayso_data.exchange.bring import Brought, bring, take_out, write_rows
from sayso_data.exchange.formats import FORMATS
from sayso_data.exchange.mapping import read_rules
from sayso_data.exchange.offsets import UNITS
from sayso_data.options import DATA_OPTION, OVERWRITE, PATH
from sayso_data.schema import Example
from sayso_data.splitting import GROUPS, part, read_shares

SHOWN = 50
FORMAT = click.option("--format", "kind", type=click.Choice(list(FORMATS)), help="Format; the ending tells it too.")


@click.command("import")
@click.argument("paths", type=PATH, nargs=-1, required=True, metavar="FILE...")
@FORMAT
@click.option("--out", type=PATH, required=True, help="FILE.jsonl to write, or a folder for one file a split.")
@click.option("--config", type=PATH, help="TOML file with [columns], [values.FIELD] and the options below.")
@click.option("--column", "columns", multiple=True, metavar="FIELD=COLUMN", help="Where a field is: text=sentence.")
@click.option("--value", "values", multiple=True, metavar="FIELD:THEIRS=OURS",
              help="What a value is here: label:opinion=claim, role:PER=source, bias:Biased=1.")  # fmt: skip
@click.option("--split", metavar="SHARES", help="Part by document: TRAIN/CALIBRATION/DEV[/TEST], as 0.8/0.1/0.1.")
@click.option("--group", type=click.Choice(GROUPS), help="What --split keeps whole; by outlet where every row has one.")
@click.option("--roles", help="Span roles that were annotated, as source,cue; those that occur without it.")
@click.option("--offsets", type=click.Choice(UNITS), help="What the file's offsets count; code points without it.")
@click.option("--annotator", help="Label Studio: take the work of this annotator, by address or number.")
@click.option("--corpus", help="Name of the corpus; documents of two corpora are never the same.")
@click.option("--encoding", help="Encoding of the file; UTF-8 without it.")
@click.option("--delimiter", help="CSV: the character between columns, or tab.")
@click.option("--skip-faults", is_flag=True, help="Write the rows that can be read when others cannot.")
@OVERWRITE
def import_command(
    paths: tuple[Path, ...], kind: str | None, out: Path, config: Path | None, columns: tuple[str, ...],
    values: tuple[str, ...], split: str | None, group: str | None, skip_faults: bool, overwrite: bool, **given: Any,
) -> int:  # fmt: skip
    """Bring labelled sentences in from CSV, JSONL, CoNLL, brat or Label Studio, to check and to train on.

    Exit status: 0 all rows taken, 1 some could not be (nothing is written without --skip-faults), 2 nothing could.

    Example: sayso data import mine.csv --column text=sentence --split 0.8/0.1/0.1 --out mine/
    """
    shares = read_shares(split) if split else None
    brought = bring(paths, kind, read_rules(config, columns, values, given))
    _tell(brought)
    if brought.faults and not skip_faults:
        click.echo(f"{len(brought.faults)} faults: nothing written; correct them, or add --skip-faults", err=True)
        return 1
    if not brought.rows:
        raise DataError(f"no labelled sentence in {', '.join(map(str, paths))}")
    parts = part(brought.examples, shares, group) if shares else _own_parts(brought)
    targets = _targets(parts, out)
    write_rows(targets, overwrite)
    _summarise(targets, out)
    return 1 if brought.faults else 0


def _tell(brought: Brought) -> None:
    for note in brought.notes:
        click.echo(printable(note), err=True)
    for fault in brought.faults[:SHOWN]:
        click.echo(printable(str(fault)), err=True)
    if len(brought.faults) > SHOWN:
        click.echo(f"and {len(brought.faults) - SHOWN} more", err=True)


def _own_parts(brought: Brought) -> dict[str, list[Example]]:
    """Return the rows by the split that the file gives them, `train` where it gives none."""
    parts: dict[str, list[Example]] = defaultdict(list)
    for row in brought.rows:
        parts[row.split or "train"].append(row.example)
    return dict(parts)


def _targets(parts: dict[str, list[Example]], out: Path) -> dict[Path, Sequence[Example]]:
    """Return the file of each split.

    Raises:
        DataError: when --out is a file for several splits, or the name of a split is no file name.
    """
    if out.suffix == ".jsonl" and not out.is_dir():
        if len(parts) > 1:
            raise DataError(f"{len(parts)} splits ({', '.join(parts)}) need a folder: --out {out.with_suffix('')}/")
        return {out: next(iter(parts.values()))}
    if out.suffix and not out.is_dir():
        raise DataError(f"--out {out} is neither FILE.jsonl nor a folder; type: --out {out.with_suffix('.jsonl')}")
    for name in parts:
        if Path(name).name != name or name.startswith("."):
            raise DataError(f"split {name!r} is no file name; rename it: --value 'split:{name}=dev'")
    return {out / f"{name}.jsonl": rows for name, rows in parts.items()}


def _summarise(targets: dict[Path, Sequence[Example]], out: Path) -> None:
    for target, rows in targets.items():
        documents = len({(row.corpus, row.doc) for row in rows})
        spans = {role for row in rows for role in row.roles}
        bias = ["bias"] * any(row.bias is not None for row in rows)
        heads = ", ".join([*annotated(rows), *bias, *sorted(spans)]) or "nothing"
        click.echo(f"{target}: {len(rows)} sentences of {documents} documents; labelled: {heads}")
    own = {target.stem: rows for target, rows in targets.items()}
    count = len(faults(own, partly=True))
    click.echo(f"{count or 'no'} faults so far; next: sayso data check {out}")


@click.command("export")
@click.argument("names", nargs=-1, required=True, metavar="SPLIT|FILE...")
@FORMAT
@click.option("--out", type=PATH, required=True, help="File to write; for brat a folder.")
@OVERWRITE
@DATA_OPTION
def export_command(names: tuple[str, ...], kind: str | None, out: Path, overwrite: bool, directory: Path) -> None:
    """Write labelled sentences as CSV, JSONL, CoNLL, brat or Label Studio, read back and compared before they appear.

    Example: sayso data export sample --format labelstudio --out sample.json
    """
    rows = [row for name in names for row in load_split(name, directory)]
    take_out(rows, out, kind, overwrite)
    click.echo(f"{out}: {len(rows)} sentences, the same when read back")


COMMANDS = (import_command, export_command)
