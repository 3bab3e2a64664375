"""`sayso models`: what models there are, how they score, and where each is used."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import click
import mlflow

from sayso.artifact import DEFAULT_MODEL, GRAPH, METRICS, Artifact, load_artifact
from sayso.errors import ArtifactError
from sayso_training.registry import REGISTERED
from sayso_training.tracking import DEFAULT_URI, reaching_store

PATH = click.Path(path_type=Path)


@dataclass(frozen=True, slots=True)
class Model:
    """One model: what to type for `--model`, its scores (None: not known), and where it is used."""

    address: str
    digest: str
    macro_f1: float | None
    ece: float | None
    size_mb: float | None
    used: str
    note: str = ""


@click.command("models")
@click.option("--runs", type=PATH, default=Path("runs"), show_default=True, help="Folder of training runs.")
@click.option("--name", default=REGISTERED, show_default=True, help="Registered model.")
@click.option("--tracking-uri", default=DEFAULT_URI, show_default=True, help="MLflow store or server.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of Markdown.")
def models(runs: Path, name: str, tracking_uri: str, as_json: bool) -> None:
    """List the model in the package, those of local runs and the registered versions.

    Example: sayso models
    """
    found = [shipped(), *local_models(runs), *registered_models(name, tracking_uri)]
    click.echo(json.dumps([asdict(model) for model in found], indent=1) if as_json else models_table(found))


def shipped() -> Model:
    """Return the model in the package."""
    return _described("(no --model)", load_artifact(DEFAULT_MODEL), "default of sayso score")


def local_models(runs: Path) -> list[Model]:
    """Return the model directories of the runs in a folder; a damaged one is listed with its fault."""
    rows = []
    for graph in sorted(runs.glob(f"**/{GRAPH}")):
        try:
            rows.append(_described(str(graph.parent), load_artifact(graph.parent), "-"))
        except ArtifactError as error:
            rows.append(Model(str(graph.parent), "-", None, None, None, "-", f"damaged: {error}"))
    return rows


def _described(address: str, artifact: Artifact, used: str) -> Model:
    path = artifact.path / METRICS
    scores: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    label, calibration = scores.get("label", {}), scores.get("calibration", {})
    size = round((artifact.path / GRAPH).stat().st_size / 1e6, 1)
    return Model(address, artifact.digest, label.get("macro_f1"), calibration.get("ece"), size, used)


def registered_models(name: str, uri: str) -> list[Model]:
    """Return the versions of the registered model, the newest first; none where there is no store yet.

    Raises:
        TrackingError: when the store does not answer.
    """
    if uri == DEFAULT_URI and not Path(uri.removeprefix("sqlite:///")).exists():
        return []
    mlflow.set_tracking_uri(uri)
    client = mlflow.MlflowClient()
    with reaching_store(f"{uri}; start it, or name another with --tracking-uri"):
        versions = client.search_model_versions(f"name = '{name}'")
        aliases = client.get_registered_model(name).aliases if versions else {}
    rows = sorted(versions, key=lambda version: -int(version.version))
    return [
        _version(row, [alias for alias, number in aliases.items() if str(number) == str(row.version)]) for row in rows
    ]


def _version(row: Any, aliases: list[str]) -> Model:
    tags = row.tags
    macro_f1, ece, size = (float(tags[key]) if key in tags else None for key in ("macro_f1", "ece", "size_mb"))
    notes = [f"run {row.run_id}", f"gate {tags['gate']}" if "gate" in tags else ""]
    notes += [f"failed {tags['failed_checks']}" if tags.get("failed_checks") else ""]
    notes += [f"rolled back {tags['rolled_back']}" if "rolled_back" in tags and not aliases else ""]
    used = ", ".join(f"models:/{row.name}@{alias}" for alias in aliases) or "-"
    note = "; ".join(note for note in notes if note)
    return Model(f"models:/{row.name}/{row.version}", tags.get("digest", "-"), macro_f1, ece, size, used, note)


def models_table(found: list[Model]) -> str:
    """Return the models as Markdown."""
    lines = [
        "| --model | dev macro-F1 | ECE | MB | digest | used as | |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for model in found:
        numbers = [_shown(model.macro_f1, 3), _shown(model.ece, 3), _shown(model.size_mb, 1)]
        lines.append(f"| {' | '.join([model.address, *numbers, model.digest, model.used, model.note])} |")
    return "\n".join(lines) + "\n"


def _shown(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{value:.{digits}f}"
