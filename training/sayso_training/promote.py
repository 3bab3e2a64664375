"""`sayso promote`: a run's model gets an alias when the gate lets it through; `--rollback` gives it back."""

from __future__ import annotations

import time
from pathlib import Path

import click
import mlflow

from sayso.classifier import Classifier, locate_model
from sayso_data.build import load_split
from sayso_data.cli import DATA_OPTION
from sayso_training.behaviour import load_suite
from sayso_training.gate import Limits, Measured, compare, failed, gate_json, gate_table, measure
from sayso_training.registry import (
    REGISTERED,
    REPLACES,
    REPORT,
    Place,
    PromotionError,
    alias_version,
    find_run,
    logged_model,
    roll_back,
    set_alias,
)
from sayso_training.tracking import DEFAULT_URI, git_state, reaching_store

SHIPPED = "package"


@click.command("promote")
@click.argument("run", required=False)
@click.option("--alias", default="champion", show_default=True, help="Alias to give.")
@click.option("--name", default=REGISTERED, show_default=True, help="Registered model.")
@click.option("--on", "split", default="dev", show_default=True, help="Split to compare on.")
@click.option("--force", is_flag=True, help="Promote also when a check fails; the failed checks are kept as a tag.")
@click.option("--rollback", is_flag=True, help="Give the alias back to the version before, instead of a RUN.")
@click.option("--tracking-uri", default=DEFAULT_URI, show_default=True, help="MLflow store or server.")
@DATA_OPTION
def promote(
    run: str | None, alias: str, name: str, split: str, force: bool, rollback: bool, tracking_uri: str,
    directory: Path,
) -> int:  # fmt: skip
    """Compare the model of RUN (run id or folder) with the champion and give it the alias if it is no worse.

    Exit status: 0 promoted, 1 a check failed, 2 it could not be done.

    Example: sayso promote runs/minilm
    """
    if rollback == (run is not None):
        raise click.UsageError("name a RUN to promote, or --rollback without one")
    mlflow.set_tracking_uri(tracking_uri)
    place = Place(name, alias)
    with reaching_store("before the alias was changed; type the same command when it is back"):
        if rollback:
            left, named = roll_back(place)
            click.echo(f"{name}@{alias} names version {named} again, no longer {left}")
            return 0
        return promote_run(str(run), place, split, force, directory)


def promote_run(run: str, place: Place, split: str, force: bool, corpora: Path) -> int:
    """Measure, print the comparison, and promote where the gate or `force` allows; return the exit status.

    Raises:
        PromotionError: when the run cannot be promoted, or somebody else promoted meanwhile.
    """
    run_id = find_run(run)
    now = alias_version(place)
    if now is not None and now.run_id == run_id:
        raise PromotionError(f"{place.name}@{place.alias} names this run already, as version {now.version}")
    address = f"models:/{place.name}/{now.version}" if now else None
    champion, candidate = load(address), load(f"models:/{logged_model(run_id).model_id}")
    numbers = measure([champion, candidate], load_split(split, corpora), load_suite())
    rows = compare(numbers[0], numbers[1], Limits())
    click.echo(gate_table(rows, f"version {now.version}" if now else SHIPPED, f"run {run_id[:8]}"))
    if failed(rows) and not force:
        click.echo(f"not promoted: {', '.join(failed(rows))}; to promote it all the same, add --force", err=True)
        return 1
    expected = str(now.version) if now else None
    mlflow.MlflowClient().log_dict(run_id, gate_json(numbers[0], numbers[1], rows), REPORT)
    version = set_alias(place, run_id, expected, version_tags(numbers[1], failed(rows), expected, split))
    click.echo(f"{place.name}@{place.alias} names version {version}; score with it: {used(place)}")
    return 0


def load(address: str | None) -> Classifier:
    """Load a model whole, so that one with damaged files is found before it is promoted."""
    return Classifier.load(locate_model(address))


def version_tags(found: Measured, faults: list[str], replaces: str | None, split: str) -> dict[str, str]:
    """Return what a version says of itself: scores, code, and by which decision it came to its alias."""
    scores = {
        "macro_f1": found.macro_f1, "ece": found.ece, "behaviour": found.behaviour, "size_mb": found.size,
        "sentences_per_second": found.speed,
    }  # fmt: skip
    return {
        **{name: f"{value:.4g}" for name, value in scores.items()}, **git_state(), "digest": found.model,
        "scored_on": split, "gate": "forced" if faults else "passed", "failed_checks": ", ".join(faults),
        "promoted": time.strftime("%Y-%m-%dT%H:%M:%S%z"), REPLACES: replaces or "",
    }  # fmt: skip


def used(place: Place) -> str:
    """Return the command that scores with an alias."""
    return f"sayso score PATH --model models:/{place.name}@{place.alias} --out scored.jsonl"
