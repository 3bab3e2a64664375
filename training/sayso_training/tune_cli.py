"""`sayso tune`."""

from __future__ import annotations

from pathlib import Path

import click

from sayso_data.cli import DATA_OPTION
from sayso_training.config import load_config
from sayso_training.tracking import DEFAULT_URI
from sayso_training.tune import BEST, trials_table, tune

PATH = click.Path(path_type=Path)


@click.command("tune")
@click.argument("config_path", type=PATH, metavar="CONFIG")
@click.option("--set", "overrides", multiple=True, help="Override a setting: tune.trials=40.")
@click.option("--output", type=PATH, default=None, help="Folder for the study; default runs/NAME-tune.")
@click.option("--resume", is_flag=True, help="Go on with the study in --output.")
@click.option("--tracking-uri", default=DEFAULT_URI, show_default=True, help="MLflow store or server.")
@DATA_OPTION
def tune_command(
    config_path: Path, overrides: tuple[str, ...], output: Path | None, resume: bool, tracking_uri: str, directory: Path
) -> None:
    """Search the settings in the `tune:` section of CONFIG for the best dev score; write them to best.yaml.

    Example: sayso tune experiments/configs/tune.yaml --set tune.trials=30
    """
    config = load_config(config_path, overrides)
    folder = output or Path("runs") / f"{config.name}-tune"
    study = tune(config, directory, folder, tracking_uri, resume)
    click.echo(trials_table(study, config.trainer.metric))
    if not (folder / BEST).exists():
        click.echo("no trial ran to its end; widen tune.space and add --resume with a higher tune.trials", err=True)
        return
    click.echo(f"train with the best: sayso train {folder / BEST}")
