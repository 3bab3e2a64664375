"""Early stopping: when a dev score stops rising, training ends with the weights that scored best."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from safetensors.torch import load_file, save_file
from transformers import TrainerCallback

from sayso.errors import ConfigError
from sayso_training.checkpoints import writing

BEST = "best.safetensors"


class KeepBest(TrainerCallback):  # type: ignore[misc]
    """Keep the weights with the best dev score; stop after `patience` evaluations without a better one.

    What it knows stands in the Trainer's log, which every checkpoint holds, and a checkpoint gets the best weights
    of its time beside it: a run that was killed goes on as if it had not been.
    """

    def __init__(self, folder: Path, metric: str, patience: int) -> None:
        self.folder = folder
        self.metric = metric
        self.patience = patience

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Stop at once when the checkpoint that training goes on from was written at the stop."""
        control.should_training_stop |= self._waited(state) >= self.patience

    def on_evaluate(self, args: Any, state: Any, control: Any, model: Any = None, **kwargs: Any) -> None:
        """Save the weights when they are the best so far."""
        waited = self._waited(state)
        if waited == 0:
            save_best(model, self.folder / BEST)
        control.should_training_stop |= waited >= self.patience

    def on_save(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Put the best weights so far into the checkpoint, which costs no space where the disk has hard links."""
        if (self.folder / BEST).exists():
            link(self.folder / BEST, self.folder / f"checkpoint-{state.global_step}" / BEST)

    def _waited(self, state: Any) -> int:
        scores = dev_scores(state.log_history, self.metric)
        return len(scores) - 1 - best_place(scores) if scores else 0


def dev_scores(history: Sequence[dict[str, float]], metric: str) -> list[float]:
    """Return the score of every evaluation in the Trainer's log, in order.

    Raises:
        ConfigError: when dev has no such score; those that it has are listed.
    """
    evaluations = [row for row in history if any(name.startswith("eval_") for name in row)]
    for row in evaluations:
        if f"eval_{metric}" not in row:
            known = sorted(name.removeprefix("eval_") for name in row if name.startswith("eval_"))
            raise ConfigError(f"trainer.metric is {metric!r}, which dev does not score; known: {', '.join(known)}")
    return [row[f"eval_{metric}"] for row in evaluations]


def best_place(scores: Sequence[float]) -> int:
    """Return the place of the first of the highest scores."""
    return max(range(len(scores)), key=scores.__getitem__)


def save_best(model: Any, path: Path) -> None:
    """Write the weights, whole or not at all."""
    partial = path.with_suffix(".part")
    with writing(partial):
        save_file({name: value.detach().cpu().contiguous() for name, value in model.state_dict().items()}, partial)
        os.replace(partial, path)


def restore_best(model: Any, folder: Path) -> None:
    """Load the best weights of a run into its model."""
    model.load_state_dict(load_file(folder / BEST))


def link(source: Path, target: Path) -> None:
    """Give a file a second name, or copy it where the disk has no hard links."""
    target.unlink(missing_ok=True)
    try:
        os.link(source, target)
    except OSError:
        with writing(target):
            shutil.copy2(source, target)
