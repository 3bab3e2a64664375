"""Checkpoints that are whole or do not count: marked with digests, checked before a run goes on from one."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from safetensors import SafetensorError
from transformers import TrainerCallback

from sayso.artifact import file_digest
from sayso.errors import SaysoError
from sayso.manifest import write_whole

MARK = "digests.json"
LAST_WRITTEN = "trainer_state.json"  # what the Trainer writes last into a checkpoint


class TrainingError(SaysoError):
    """A training run cannot go on."""


class DivergedError(TrainingError):
    """The loss is not a number any more."""


class MarkWhole(TrainerCallback):  # type: ignore[misc]
    """Mark every checkpoint once all of it is written."""

    def on_save(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Write the digests of the newest checkpoint into it."""
        mark_whole(Path(args.output_dir) / f"checkpoint-{state.global_step}")


def mark_whole(checkpoint: Path) -> None:
    """Write the SHA-256 of every file of a checkpoint beside them."""
    digests = {path.name: file_digest(path) for path in sorted(checkpoint.iterdir()) if path.name != MARK}
    with writing(checkpoint / MARK):
        write_whole(checkpoint / MARK, (json.dumps(digests, indent=1) + "\n").encode())


def last_whole(folder: Path) -> Path | None:
    """Return the last checkpoint of a run that is whole, None when there is no checkpoint at all.

    Later ones that were cut off or changed on the disk are removed, which is said on standard error.

    Raises:
        TrainingError: when there are checkpoints but none is whole.
    """
    found = sorted(folder.glob("checkpoint-*"), key=lambda path: int(path.name.rpartition("-")[2]), reverse=True)
    faults = {path: damage(path) for path in found}
    whole = next((path for path in found if not faults[path]), None)
    told = "; ".join(f"{path}: {fault}" for path, fault in faults.items() if fault)
    if found and whole is None:
        raise TrainingError(f"no checkpoint is whole ({told}); to train from the start, remove {folder}")
    for path in found[: found.index(whole)] if whole else []:
        click.echo(f"sayso: {path} is left out, {faults[path]}; going on from {whole}", err=True)
        shutil.rmtree(path)
    return whole


def damage(checkpoint: Path) -> str | None:
    """Say what is wrong with a checkpoint; None for a whole one."""
    if not (checkpoint / LAST_WRITTEN).exists():
        return "it was cut off while it was written"
    if not (checkpoint / MARK).exists():  # killed between the last file and the mark, or written before marks were
        return None
    try:
        digests: dict[str, str] = json.loads((checkpoint / MARK).read_text(encoding="utf-8"))
        changed = [name for name, digest in digests.items() if file_digest(checkpoint / name) != digest]
    except (OSError, ValueError, AttributeError) as error:
        return f"it cannot be read ({error})"
    return f"{', '.join(changed)} changed after it was written" if changed else None


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn a full or failing disk into an error that says how to go on; what was half written is removed."""
    try:
        yield
    except (OSError, RuntimeError, SafetensorError) as error:
        shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)
        raise TrainingError(
            f"{path} cannot be written: {error}; make room and type the same command with --resume"
        ) from error
