"""`sayso yardstick`: numbers on other people's corpora, next to what others published."""

from __future__ import annotations

import json
import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import click

from sayso_data.cli import DATA_OPTION
from sayso_training import babe, polnear
from sayso_training.config import load_config
from sayso_training.tracking import DEFAULT_URI

PATH = click.Path(path_type=Path)
JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of Markdown.")


@click.group()
def yardstick() -> None:
    """Score on corpora that others have published numbers for: PolNeAR and BABE."""


@yardstick.command("polnear")
@click.argument("torch_dir", type=PATH)
@JSON
@DATA_OPTION
def polnear_command(torch_dir: Path, as_json: bool, directory: Path) -> None:
    """Score a torch model's source and cue spans on PolNeAR dev.

    Example: sayso yardstick polnear runs/minilm/torch
    """
    scores = polnear.polnear_scores(torch_dir, directory)
    click.echo(json.dumps(scores, indent=1) if as_json else polnear_table(scores))


@yardstick.command("babe")
@click.argument("config_path", type=PATH, metavar="CONFIG")
@click.option("--set", "overrides", multiple=True, help="Override a setting: trainer.epochs=2.")
@click.option("--warm-start", default=None, help="Torch directory to go on from; refused when it saw BABE.")
@click.option("--folds", type=click.IntRange(min=2), default=5, show_default=True, help="Parts of the documents.")
@click.option("--output", type=PATH, default=None, help="Folder for the folds; default runs/NAME. Finished ones stay.")
@click.option("--tracking-uri", default=DEFAULT_URI, show_default=True, help="MLflow store or server.")
@JSON
@DATA_OPTION
def babe_command(
    config_path: Path, overrides: tuple[str, ...], warm_start: str | None, folds: int, output: Path | None,
    tracking_uri: str, as_json: bool, directory: Path,
) -> None:  # fmt: skip
    """Train and score the bias head on BABE in cross-validation by document.

    Example: sayso yardstick babe experiments/configs/babe.yaml
    """
    warm = (f"model.warm_start={warm_start}",) if warm_start else ()
    config = load_config(config_path, (*overrides, *warm))
    with redirect_stdout(sys.stderr):  # the trainer prints its losses; --json must be JSON alone
        scores = babe.babe_scores(config, directory, output or Path("runs") / config.name, tracking_uri, folds)
    click.echo(json.dumps(scores, indent=1) if as_json else babe_table(scores))


def polnear_table(scores: dict[str, Any]) -> str:
    """Return the PolNeAR scores as Markdown."""
    lines = [
        polnear.COMPARED,
        f"{scores['dev documents']} dev documents, none of them in any training split; "
        f"{scores['dev documents in sayso dev']} are also in sayso's own dev, on which models are chosen.\n",
        "| documents | sentences | span | precision | recall | exact F1 | word F1 | spans |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for name in ("all documents", "one annotator"):
        row = scores[name]
        for part in polnear.PARTS:
            exact, word = row[part]["exact"], row[part]["word"]
            lines.append(
                f"| {name} ({row['documents']}) | {row['sentences']} | {part} | {exact['precision']:.3f} "
                f"| {exact['recall']:.3f} | {exact['f1']:.3f} | {word['f1']:.3f} | {exact['support']:.0f} |"
            )
    lines += ["", "| published, PolNeAR test | source exact F1 | cue exact F1 |", "| --- | --- | --- |"]
    lines += [f"| {name} | {row['source']:.3f} | {row['cue']:.3f} |" for name, row in scores["published"].items()]
    return "\n".join(lines) + "\n"


def babe_table(scores: dict[str, Any]) -> str:
    """Return the BABE scores as Markdown."""
    lines = [
        babe.COMPARED,
        f"{scores['sentences']} sentences of {scores['documents']} documents, {len(scores['folds'])} folds, "
        f"seed {scores['seed']}, warm start: {scores['warm start'] or 'none'}.\n",
        "| model | macro-F1 |", "| --- | --- |",
        *(f"| fold {number} | {value:.3f} |" for number, value in enumerate(scores["folds"])),
        f"| mean (sd over folds) | {scores['mean']:.3f} ({scores['spread']:.3f}) |",
        f"| all folds pooled | {scores['pooled']:.3f} |",
        *(f"| published: {name} | {value:.3f} |" for name, value in scores["published"].items()),
    ]  # fmt: skip
    return "\n".join(lines) + "\n"
