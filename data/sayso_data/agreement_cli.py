"""`sayso data agreement`."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
import orjson

from sayso.errors import ConfigError, OutputError
from sayso.labels import HEADS, ROLES
from sayso.terminal import printable
from sayso_data.agreement import FieldAgreement, SpanAgreement, disagreements, field_agreement, match, span_agreement
from sayso_data.build import load_split
from sayso_data.exchange.bring import check_absent
from sayso_data.options import DATA_OPTION, OVERWRITE, PATH
from sayso_data.schema import Example


@click.command("agreement")
@click.argument("names", nargs=-1, required=True, metavar="A B [C]...")
@click.option("--out", type=PATH, help="FILE.jsonl or FILE.csv for what they differ on, to be settled.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
@OVERWRITE
@DATA_OPTION
def agreement_command(
    names: tuple[str, ...], out: Path | None, as_json: bool, overwrite: bool, directory: Path
) -> None:
    """Measure how far annotators agree: Cohen's kappa and Krippendorff's alpha a field, F1 of spans.

    A, B, ... are files that `sayso data import` wrote, one an annotator; a split is one too.

    Example: sayso data agreement ana.jsonl ben.jsonl --out differ.csv
    """
    if out is not None:
        _check_out(out, overwrite)
    units = match(_load(names, directory))
    fields = [field_agreement(units, field) for field in (*HEADS, "bias")]
    spans = [span_agreement(units, role) for role in ROLES]
    if as_json:
        report = {"sentences": len(units), "fields": [asdict(f) for f in fields], "spans": [asdict(s) for s in spans]}
        click.echo(orjson.dumps(report, option=orjson.OPT_INDENT_2).decode())
    else:
        click.echo(printable_table(len(units), fields, spans))
    rows = list(disagreements(units))
    if out is not None:
        _write(out, rows)
    settle = f"{out}: {len(rows)} disagreements" if out else f"{len(rows)} disagreements; list them: --out differ.csv"
    click.echo(settle, err=True)


def _load(names: Sequence[str], directory: Path) -> dict[str, list[Example]]:
    if len(set(names)) < 2:
        raise ConfigError("name two or more annotators' files: sayso data agreement ana.jsonl ben.jsonl")
    stems = [Path(name).stem for name in names]
    called = stems if len(set(stems)) == len(stems) else names
    return {label: load_split(name, directory) for label, name in zip(called, names, strict=True)}


def _check_out(out: Path, overwrite: bool) -> None:
    if out.suffix not in (".jsonl", ".csv"):
        raise OutputError(f"{out}: disagreements are written as .jsonl or .csv")
    check_absent(out, overwrite)
    if not out.parent.is_dir():
        raise OutputError(f"no folder {out.parent}; type: mkdir -p {out.parent}")


def _write(out: Path, rows: Sequence[dict[str, Any]]) -> None:
    flat = [{**{k: v for k, v in row.items() if k != "answers"}, **row["answers"]} for row in rows]
    if out.suffix == ".jsonl":
        out.write_bytes(b"".join(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE) for row in rows))
        return
    stream = io.StringIO(newline="")
    columns = list(dict.fromkeys(name for row in flat for name in row)) or ["id", "doc", "text", "field"]
    writer = csv.DictWriter(stream, columns, lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(flat)
    out.write_text(stream.getvalue(), encoding="utf-8", newline="")


def printable_table(units: int, fields: Sequence[FieldAgreement], spans: Sequence[SpanAgreement]) -> str:
    """Return both tables as Markdown; a dash where nothing can be said."""
    lines = [f"{units} sentences of two or more annotators", "", "| field | sentences | agreed | kappa | alpha |"]
    lines.append("| --- | --- | --- | --- | --- |")
    for row in fields:
        kappas = "; ".join(f"{_number(v)} ({k})" if len(row.kappas) > 1 else _number(v) for k, v in row.kappas.items())
        lines.append(f"| {row.field} | {row.units} | {_number(row.agreed)} | {kappas or '-'} | {_number(row.alpha)} |")
    lines += ["", "| span | marked | exact F1 | character F1 |", "| --- | --- | --- | --- |"]
    lines += [f"| {s.role} | {s.spans} | {_number(s.exact)} | {_number(s.characters)} |" for s in spans]
    return "\n".join(printable(line) for line in lines)


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
