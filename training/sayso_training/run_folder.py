"""What the folder of a run says of it, so that only the same run goes on there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from sayso.errors import ConfigError
from sayso.manifest import write_whole
from sayso_training.config import TrainConfig
from sayso_training.tracking import flatten

RUN_ID, SETTINGS, FINISHED = "mlflow_run_id", "config.json", "finished"


def previous_run(folder: Path, config: TrainConfig, resume: bool) -> str | None:
    """Return the MLflow run id of the run in `folder` that goes on; None for a new run.

    Raises:
        ConfigError: when `folder` holds a run and `resume` is off, there is none to resume, or its settings differ.
    """
    if resume and not (folder / RUN_ID).exists():
        raise ConfigError(f"nothing to resume in {folder}; leave --resume off")
    if not resume and (folder / RUN_ID).exists():
        raise ConfigError(f"{folder} holds a run already; add --resume, or name another --output")
    if not resume:
        return None
    _check_settings(folder / SETTINGS, config)
    return (folder / RUN_ID).read_text(encoding="utf-8").strip()


def _check_settings(path: Path, config: TrainConfig) -> None:
    if not path.exists():  # a run of before settings were kept
        return
    then = TrainConfig.model_validate(json.loads(path.read_text(encoding="utf-8")))
    old, new = (flatten(values.model_dump(mode="json")) for values in (then, config))
    keys = [key for key in sorted({*old, *new}) if old.get(key) != new.get(key)]
    changed = "; ".join(f"{key}: {old.get(key)} then, {new.get(key)} now" for key in keys)
    if changed:
        raise ConfigError(
            f"{path.parent} holds a run with other settings ({changed}); "
            "type the settings it began with, or name another --output"
        )


def note_run(folder: Path, config: TrainConfig, run_id: str) -> None:
    """Write down which run the folder holds; the id comes last, for it is what `previous_run` looks for."""
    folder.mkdir(parents=True, exist_ok=True)
    settings: dict[str, Any] = config.model_dump(mode="json")
    write_whole(folder / SETTINGS, (json.dumps(settings, indent=1) + "\n").encode())
    write_whole(folder / RUN_ID, run_id.encode())
