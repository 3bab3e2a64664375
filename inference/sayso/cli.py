"""The `sayso` command; commands of the training side load only when they are called."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

import click

from sayso import __version__
from sayso.engines import DEFAULT_ENGINE, ENGINES
from sayso.errors import MissingExtraError, SaysoError
from sayso.terminal import printable

LAZY = {
    "train": ("sayso_training.cli", "train"),
    "evaluate": ("sayso_training.evaluate_cli", "evaluate_command"),
    "export": ("sayso_training.cli", "export"),
    "yardstick": ("sayso_training.yardsticks", "yardstick"),
    "distil": ("sayso_training.cli", "distil"),
    "tune": ("sayso_training.tune_cli", "tune_command"),
    "promote": ("sayso_training.promote", "promote"),
    "models": ("sayso_training.models_cli", "models"),
    "bench": ("sayso_training.bench_cli", "bench"),
    "data": ("sayso_data.cli", "data"),
}


class LazyGroup(click.Group):
    """A group that imports a command's module when the command is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands."""
        return sorted({*super().list_commands(ctx), *LAZY})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command; one whose extra is missing says so when it is run."""
        if cmd_name not in LAZY:
            return super().get_command(ctx, cmd_name)
        module, attribute = LAZY[cmd_name]
        try:
            command: click.Command = getattr(importlib.import_module(module), attribute)
            return command
        except ImportError:
            return _missing(cmd_name)


def _missing(name: str) -> click.Command:
    def fail(**_: Any) -> None:
        raise MissingExtraError(f"sayso {name}", "train")

    settings = {"ignore_unknown_options": True, "allow_extra_args": True}
    return click.Command(name, callback=fail, help="Needs: pip install 'sayso[train]'", context_settings=settings)


@click.group(cls=LazyGroup)
@click.version_option(__version__)
def app() -> None:
    """Say on whose say-so every sentence of a news text stands: fact, claim, hedge or none."""


def main() -> None:
    """Run the command line; errors of the user end with status 2 and one line."""
    try:
        code = app(standalone_mode=False)
    except SaysoError as error:
        click.echo(f"sayso: {printable(str(error))}", err=True)
        code = 2
    except click.ClickException as error:
        error.show()
        code = 2
    except (click.Abort, KeyboardInterrupt):
        click.echo("sayso: interrupted", err=True)
        code = 130
    except BrokenPipeError:
        sys.stderr.close()
        code = 141
    except OSError as error:  # --table on a full disk
        click.echo(f"sayso: {printable(str(error))}", err=True)
        code = 2
    sys.exit(code if isinstance(code, int) else 0)


@app.command()
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option(
    "--out",
    default=None,
    help="File (.jsonl[.gz|.zst], .parquet) or folder (resumable run); standard output without it.",
)
@click.option("--model", default=None, help="Model directory or MLflow models:/ address; default: the shipped one.")
@click.option("--unit", type=click.Choice(["document", "sentence"]), default="document", show_default=True)
@click.option("--text-field", default="text", show_default=True, help="Column that holds the text.")
@click.option("--id-field", default="id", show_default=True, help="Column that names the document.")
@click.option("--format", "kind", type=click.Choice(["txt", "html", "jsonl", "csv", "parquet"]), default="txt",
              show_default=True, help="Format of standard input (PATH is -).")  # fmt: skip
@click.option("--table", is_flag=True, help="Print a table of sentences and labels instead of records.")
@click.option("--strict", is_flag=True, help="Refuse bytes that are not UTF-8 instead of replacing them.")
@click.option(
    "--max-document-bytes",
    type=click.IntRange(min=1),
    default=50_000_000,
    show_default=True,
    help="Longest JSONL line, CSV row, HTML page or Parquet row; longer ones are skipped and reported.",
)
@click.option("--overwrite", is_flag=True, help="Replace --out if it exists.")
@click.option(
    "--threads", type=click.IntRange(min=1), default=None, help="Batches side by side; one a core without it."
)
@click.option("--engine", default=DEFAULT_ENGINE, show_default=True, help=f"What runs the model: {', '.join(ENGINES)}.")
@click.option("--ray", metavar="ADDRESS", default=None,
              help="Score on Ray: auto, local or ray://HOST:PORT; all machines must see the --out folder.")  # fmt: skip
@click.option("--quiet", is_flag=True, help="No progress and no summary on standard error.")
def score(**options: Any) -> int:
    """Label every sentence of files, folders, globs or standard input.

    Exit status: 0 all scored, 1 some records could not be read, 2 nothing could be done.

    Example: sayso score articles/*.txt --out scored.jsonl
    """
    from sayso.commands import run_score

    return run_score(**options)


@app.command()
@click.argument("path")
@click.option("--out", required=True, help="HTML file to write; for several documents a folder.")
@click.option("--model", default=None, help="Model directory or MLflow models:/ address; default: the shipped one.")
@click.option("--text-field", default="text", show_default=True, help="Column that holds the text.")
@click.option("--id-field", default="id", show_default=True, help="Column that names the document.")
@click.option("--overwrite", is_flag=True, help="Replace what exists.")
def report(path: str, out: str, model: str | None, text_field: str, id_field: str, overwrite: bool) -> int:
    """Write one self-contained HTML page per article of a file.

    Example: sayso report article.txt --out article.html
    """
    from sayso.pages import run_report

    return run_report(path, Path(out), model, text_field, id_field, overwrite)
