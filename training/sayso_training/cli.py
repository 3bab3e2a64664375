"""`sayso train`, `sayso export` and `sayso distil`."""

from __future__ import annotations

import math
import sys
import tempfile
from pathlib import Path

import click

from sayso.classifier import Classifier
from sayso.errors import ConfigError
from sayso_data.build import load_split
from sayso_data.cli import DATA_OPTION
from sayso_training.card import scores_table
from sayso_training.config import load_config
from sayso_training.distil import BATCH, draw, label_softly
from sayso_training.export import average_weights, export_model
from sayso_training.finish import write_scores
from sayso_training.runs import seeded_runs, spread_table, whole_run
from sayso_training.soft import write_soft
from sayso_training.tracking import DEFAULT_URI, environment, git_state

PATH = click.Path(path_type=Path)


@click.command()
@click.argument("config_path", type=PATH, metavar="CONFIG")
@click.option("--set", "overrides", multiple=True, help="Override a setting: trainer.epochs=2.")
@click.option("--output", type=PATH, default=None, help="Folder for checkpoints and model; default runs/NAME.")
@click.option("--resume", is_flag=True, help="Go on from the last checkpoint in --output.")
@click.option("--seeds", type=click.IntRange(min=1), default=1, help="Train with that many seeds: mean and spread.")
@click.option("--tracking-uri", default=DEFAULT_URI, show_default=True, help="MLflow store or server.")
@DATA_OPTION
def train(
    config_path: Path, overrides: tuple[str, ...], output: Path | None, resume: bool, seeds: int, tracking_uri: str,
    directory: Path,
) -> None:  # fmt: skip
    """Train, calibrate, export and score a model, tracked in MLflow.

    Example: sayso train experiments/configs/minilm.yaml --set trainer.epochs=3
    """
    config = load_config(config_path, overrides)
    folder = output or Path("runs") / config.name
    if seeds > 1:
        click.echo(spread_table(seeded_runs(config, seeds, directory, folder, tracking_uri, resume), seeds))
        model = folder / f"seed-{config.trainer.seed}" / "model"
    else:
        whole_run(config, directory, folder, tracking_uri, resume)
        model = folder / "model"
    click.echo(f"\ntracked in {tracking_uri}; look: mlflow ui --backend-store-uri {tracking_uri}")
    click.echo(f"score with it: sayso score PATH --model {model} --out scored.jsonl")


@click.command("export")
@click.argument("torch_dirs", type=PATH, nargs=-1, required=True)
@click.option("--output", type=PATH, required=True, help="Model directory to write.")
@click.option("--name", default="sayso", show_default=True, help="Name in the model card.")
@click.option("--calibrate-on", default="calibration", show_default=True, help="Split to calibrate on.")
@click.option("--score-on", default="dev", show_default=True, help="Split to score, for metrics.json and the card.")
@click.option("--max-length", default=128, show_default=True, help="Tokens a window.")
@click.option("--torch", "weights", is_flag=True, help="Add model.safetensors, which the torch engine reads.")
@DATA_OPTION
def export(
    torch_dirs: tuple[Path, ...], output: Path, name: str, calibrate_on: str, score_on: str, max_length: int,
    weights: bool, directory: Path,
) -> None:  # fmt: skip
    """Export a trained torch model to a model directory; several are averaged weight by weight.

    Example: sayso export runs/minilm/torch --output model/
    """
    with tempfile.TemporaryDirectory() as work:
        source = torch_dirs[0] if len(torch_dirs) == 1 else average_weights(torch_dirs, Path(work) / "mean")
        runs = " + ".join(path.parent.name for path in torch_dirs)
        origin = {"name": name, "averaged runs": runs, **git_state(), **environment()}
        export_model(source, output, load_split(calibrate_on, directory), origin, max_length, weights)
        scores = write_scores(output, score_on, directory, source)
    click.echo(scores_table(scores))
    click.echo(f"wrote {output}")


@click.command("distil")
@click.argument("teachers", nargs=-1, required=True, metavar="TEACHER...")
@click.option("--out", type=PATH, required=True, help="Parquet file of soft labels to write.")
@click.option("--weight", "weights", type=click.FloatRange(min=0), multiple=True,
              help="Weight of a teacher in the mean, once for each; all alike when left out.")  # fmt: skip
@click.option("--sentences", default=150_000, show_default=True, help="Unlabelled sentences to draw.")
@click.option("--rare", default=0.5, show_default=True, help="Share of them that hold words of rare classes.")
@click.option("--seed", default=13, show_default=True, help="Seed of the draw.")
@DATA_OPTION
def distil(
    teachers: tuple[str, ...], out: Path, weights: tuple[float, ...], sentences: int, rare: float, seed: int,
    directory: Path,
) -> None:  # fmt: skip
    """Let teachers (model directories) label unlabelled sentences softly, for `data.soft` of a student's config.

    Example: sayso distil runs/teacher/model --out runs/soft.parquet
    """
    if weights and (len(weights) != len(teachers) or not sum(weights)):
        raise ConfigError(f"{len(teachers)} teachers but weights {list(weights)}; give --weight once for each teacher")
    if out.exists():
        raise ConfigError(f"{out} exists; name another --out or remove it")
    loaded = [Classifier.load(teacher) for teacher in teachers]
    drawn = draw(directory, sentences, rare, seed)
    labelled = label_softly(loaded, drawn, weights or None)
    with click.progressbar(
        labelled, length=math.ceil(len(drawn) / BATCH), label="labelling", file=sys.stderr
    ) as batches:
        total = write_soft(out, batches)
    click.echo(f"{out}: {total} sentences; train on them: sayso train CONFIG --set data.soft={out}")
