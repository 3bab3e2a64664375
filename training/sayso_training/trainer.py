"""The training loop: transformers' Trainer with the multi-task loss and dev scores per head."""

from __future__ import annotations

import math
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.utils.data import DataLoader
from transformers import Trainer, TrainerCallback, TrainingArguments

from sayso.labels import HEADS, ROLES
from sayso_training.checkpoints import DivergedError, writing
from sayso_training.config import TrainConfig, TrainerConfig
from sayso_training.features import IGNORE
from sayso_training.loss import multitask_loss
from sayso_training.metrics import f1_from_counts, macro_f1


def training_arguments(config: TrainConfig, folder: Path, steps: int, epoch: int) -> TrainingArguments:
    """Translate the config; `steps` is the number of optimiser steps, for the warm-up, and `epoch` those of an epoch.

    Evaluations come by step also where they come once an epoch: then they come before the checkpoint of their step,
    which so holds their scores, and a run that goes on from it misses none.
    """
    settings = config.trainer
    return TrainingArguments(
        output_dir=str(folder), per_device_train_batch_size=settings.batch_size, max_steps=settings.max_steps,
        per_device_eval_batch_size=64, num_train_epochs=settings.epochs, learning_rate=settings.learning_rate,
        weight_decay=settings.weight_decay, warmup_steps=int(settings.warmup_ratio * steps),
        gradient_accumulation_steps=settings.gradient_accumulation, max_grad_norm=settings.max_grad_norm,
        **precision(settings), seed=settings.seed, lr_scheduler_type="linear", remove_unused_columns=False,
        train_sampling_strategy="group_by_length", length_column_name="length",
        eval_strategy="steps", eval_steps=settings.eval_steps or epoch,
        save_strategy="steps", save_steps=settings.save_steps, save_total_limit=2, report_to=[],
        logging_steps=settings.logging_steps, use_cpu=not torch.cuda.is_available(),
    )  # fmt: skip


def precision(settings: TrainerConfig) -> dict[str, bool]:
    """Return the mixed precision to train in: bfloat16, or float16 on a GPU that lacks it."""
    half = settings.bf16 and torch.cuda.is_available() and not torch.cuda.is_bf16_supported()
    return {"bf16": settings.bf16 and not half, "fp16": half}


class EvaluateAtEnd(TrainerCallback):  # type: ignore[misc]
    """Evaluate after the last step too, where the last epoch is not a whole one."""

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Ask for an evaluation at the last step."""
        control.should_evaluate |= state.global_step >= state.max_steps


class MultiTaskTrainer(Trainer):  # type: ignore[misc]
    """Trainer whose heads have a learning rate of their own and whose evaluation scores every head."""

    def __init__(self, *args: Any, settings: TrainConfig, **kwargs: Any) -> None:
        self.optimizer: torch.optim.Optimizer | None = None
        self.control: Any = None
        super().__init__(*args, **kwargs)
        self.settings = settings
        self.parts: dict[str, list[float]] = defaultdict(list)

    def create_optimizer(self, model: Any = None) -> torch.optim.Optimizer:
        """Return AdamW over four groups: encoder or heads, with or without weight decay."""
        if self.optimizer is None:
            self.optimizer = torch.optim.AdamW(parameter_groups(self.model, self.settings))
        return self.optimizer

    def compute_loss(self, model: Any, inputs: dict[str, Any], return_outputs: bool = False, **_: Any) -> Any:
        """Return the weighted sum of the heads' losses and remember each.

        Raises:
            DivergedError: when it is not a number, for no step after would learn anything.
        """
        logits = model(inputs["input_ids"], inputs["attention_mask"])
        losses = multitask_loss(logits, inputs, self.settings.loss)
        for name, value in losses.items():
            self.parts[name].append(float(value.detach()))
        if model.training and not math.isfinite(self.parts["loss"][-1]):
            raise DivergedError(_diverged(self.state.global_step + 1, self.parts, self.settings.trainer))
        return (losses["loss"], logits) if return_outputs else losses["loss"]

    def log(self, logs: dict[str, float], *args: Any, **kwargs: Any) -> None:
        """Add the mean loss of every head since the last log."""
        if "loss" in logs:
            logs |= {f"loss_{name}": float(np.mean(values)) for name, values in self.parts.items()}
            self.parts.clear()
        super().log(logs, *args, **kwargs)

    def evaluate(self, eval_dataset: Any = None, *args: Any, **kwargs: Any) -> dict[str, float]:
        """Score every head on the dev examples and log the scores."""
        dataset = eval_dataset if eval_dataset is not None else self.eval_dataset
        scores = {f"eval_{name}": value for name, value in score_heads(self.model, self.eval_loader(dataset)).items()}
        self.log(scores)
        self.control = self.callback_handler.on_evaluate(self.args, self.state, self.control, scores)
        return scores

    def _save_checkpoint(self, *args: Any, **kwargs: Any) -> None:
        with writing(Path(self.args.output_dir) / f"checkpoint-{self.state.global_step}"):
            super()._save_checkpoint(*args, **kwargs)

    def eval_loader(self, dataset: Any) -> DataLoader[Any]:
        """Return batches of `dataset` in order."""
        return DataLoader(dataset, batch_size=64, collate_fn=self.data_collator)


def _diverged(step: int, parts: dict[str, list[float]], settings: TrainerConfig) -> str:
    heads = [name for name, values in parts.items() if name != "loss" and not math.isfinite(values[-1])]
    return (
        f"the loss is {parts['loss'][-1]} at step {step} (heads: {', '.join(heads) or 'their sum'}); train with a "
        f"lower rate under another --output: --set trainer.learning_rate={settings.learning_rate / 2:g} "
        f"--set trainer.head_learning_rate={settings.head_learning_rate / 2:g}"
    )


def parameter_groups(model: Any, settings: TrainConfig) -> list[dict[str, Any]]:
    """Part the parameters into encoder and heads, decayed and not (biases and layer norms are not)."""
    trainer = settings.trainer
    groups: dict[tuple[bool, bool], list[Any]] = defaultdict(list)
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            groups[name.startswith("encoder."), parameter.ndim > 1].append(parameter)
    return [
        {
            "params": parameters,
            "lr": trainer.learning_rate if encoder else trainer.head_learning_rate,
            "weight_decay": trainer.weight_decay if decayed else 0.0,
        }
        for (encoder, decayed), parameters in groups.items()
    ]


@torch.no_grad()
def score_heads(model: Any, loader: DataLoader[Any]) -> dict[str, float]:
    """Return macro-F1 of every class head and token-level F1 of every role that the examples have, in fp32."""
    model.eval()
    classes: dict[str, list[tuple[int, int]]] = defaultdict(list)
    counts = {role: np.zeros(3, dtype=int) for role in ROLES}
    annotated: set[str] = set()
    for batch in loader:
        logits = model(batch["input_ids"].to(model.device), batch["attention_mask"].to(model.device))
        for head in HEADS:
            known = batch[head].sum(-1) > 0
            found_ids = logits[head].cpu().argmax(-1)[known].tolist()
            classes[head] += zip(batch[head].argmax(-1)[known].tolist(), found_ids, strict=True)
        for i, role in enumerate(ROLES):
            gold, found = batch["tokens"][..., i], logits["tokens"][..., i].cpu() > 0
            annotated |= {role} if (gold != IGNORE).any() else set()
            found, gold = found & (gold != IGNORE), gold == 1
            counts[role] += [int((gold & found).sum()), int(found.sum()), int(gold.sum())]
    scores = {f"{role}_token_f1": f1_from_counts(*map(int, counts[role]))["f1"] for role in ROLES if role in annotated}
    for head, found_pairs in classes.items():
        if not found_pairs:  # the corpus has no gold for this head
            continue
        gold_ids, predicted = zip(*found_pairs, strict=True)
        scores[f"{head}_macro_f1"] = macro_f1(gold_ids, predicted, range(len(HEADS[head])))
    return scores
