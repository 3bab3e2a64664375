"""Whole runs: one from data to logged model, and the same over several seeds with mean and spread."""

from __future__ import annotations

import json
from pathlib import Path
from statistics import mean, stdev
from typing import Any

from sayso.errors import ConfigError
from sayso.manifest import write_whole
from sayso_training.config import TrainConfig
from sayso_training.finish import finish
from sayso_training.parent import close_parent, log_to_parent, open_parent
from sayso_training.run_folder import FINISHED, RUN_ID, note_run, previous_run
from sayso_training.tracking import ending_marked, flatten, metric_names
from sayso_training.train import run_training

SHOWN = {
    "label macro-F1": "label.macro_f1", "accuracy": "label.accuracy", "ECE": "calibration.ece",
    **{f"{role} word F1": f"spans.{role}.word.f1" for role in ("source", "cue", "hedge", "loaded")},
    **{f"{tag} macro-F1": f"tags.{tag}.macro_f1" for tag in ("kind", "stance", "framing")},
}  # fmt: skip


def whole_run(
    config: TrainConfig, corpora: Path, folder: Path, uri: str, resume: bool, parent: str | None = None
) -> dict[str, Any]:
    """Train, export, score and log; return the dev scores. A run that is finished is not done again.

    Raises:
        ConfigError: when `folder` holds another run and `resume` is off, or there is nothing to resume.
        TrackingError: when the tracking store does not work.
        TrainingError: when training cannot go on.
    """
    if any(folder.glob("seed-*")):
        raise ConfigError(f"{folder} holds runs of several seeds; add --seeds N, or name another --output")
    done, target = folder / FINISHED, folder / "model"
    if resume and done.exists() and target.exists():
        previous_run(folder, config, resume)  # refuses other settings
        return dict(json.loads(done.read_text(encoding="utf-8")))
    with ending_marked():
        torch_dir = run_training(config, corpora, folder, uri, resume, parent)
        scores = finish(config, torch_dir, target, corpora)
    write_whole(done, json.dumps(scores).encode())
    return scores


def seeded_runs(
    config: TrainConfig, seeds: int, corpora: Path, folder: Path, uri: str, resume: bool
) -> dict[str, dict[str, float]]:
    """Train with `seeds` seeds from the configured one on, child runs of one MLflow run; return the spread.

    Each run is in a folder `seed-N` of its own. With `resume` finished runs stay and the others go on.

    Raises:
        What `whole_run` raises.
    """
    if any(folder.glob("checkpoint-*")):
        raise ConfigError(f"{folder} holds a run of one seed; leave --seeds off, or name another --output")
    run_id = previous_run(folder, config, resume)
    run_id = open_parent(config.model_dump(mode="json") | {"seeds": seeds}, config.name, config.experiment, uri, run_id)
    note_run(folder, config, run_id)
    with close_parent(run_id):
        scores = []
        for seed in range(config.trainer.seed, config.trainer.seed + seeds):
            own = config.model_copy(update={"trainer": config.trainer.model_copy(update={"seed": seed})})
            part = folder / f"seed-{seed}"
            scores.append(whole_run(own, corpora, part, uri, (part / RUN_ID).exists(), run_id))
        found = spread([metric_names(flatten(values)) for values in scores])
        log_to_parent(run_id, {f"dev.{n}.{k}": v for n, row in found.items() for k, v in row.items()})
    return found


def spread(scores: list[dict[str, float]]) -> dict[str, dict[str, float]]:
    """Return mean, sample standard deviation, least and greatest of every score that all runs have."""
    names = [name for name in scores[0] if all(name in row for row in scores)]
    columns = {name: [row[name] for row in scores] for name in names}
    return {
        name: {
            "mean": mean(values), "sd": stdev(values) if len(values) > 1 else 0.0,
            "min": min(values), "max": max(values),
        }
        for name, values in columns.items()
    }  # fmt: skip


def spread_table(found: dict[str, dict[str, float]], seeds: int) -> str:
    """Return the main rows of `spread` as Markdown."""
    lines = [f"{seeds} seeds, dev:", "", "| score | mean | sd | min | max |", "| --- | --- | --- | --- | --- |"]
    for title, name in SHOWN.items():
        if name in found:
            lines.append(f"| {title} | {' | '.join(f'{found[name][key]:.3f}' for key in found[name])} |")
    return "\n".join(lines) + "\n"
