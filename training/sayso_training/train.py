"""One training run: data in, tracked checkpoints, exported model directory out."""

from __future__ import annotations

import hashlib
import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import mlflow
from transformers import AutoTokenizer, TrainerCallback, set_seed

from sayso.errors import DataError
from sayso_data.build import load_split
from sayso_data.schema import Example
from sayso_training.augment import augment
from sayso_training.checkpoints import MarkWhole, last_whole, writing
from sayso_training.config import DataConfig, TrainConfig
from sayso_training.encoders import resolve_encoder
from sayso_training.features import Collator, SentenceDataset
from sayso_training.lineage import log_datasets
from sayso_training.model import SaysoModel
from sayso_training.run_folder import note_run, previous_run
from sayso_training.soft import SoftExample, read_soft
from sayso_training.stopping import BEST, KeepBest, best_place, dev_scores, link, restore_best
from sayso_training.tracking import LogToMlflow, data_digest, environment, git_state, reaching_store, start_run
from sayso_training.trainer import EvaluateAtEnd, MultiTaskTrainer, training_arguments
from sayso_training.warm import load_warm


@dataclass(frozen=True, slots=True)
class Splits:
    """The examples of one run."""

    train: list[Example | SoftExample]
    dev: list[Example]
    calibration: list[Example]


def load_splits(config: DataConfig, corpora: Path, seed: int) -> Splits:
    """Load the splits of a config: augmented examples made from train, each auxiliary split sampled to its cap."""
    gold = by_documents(load_split(config.train, corpora), config.limit, seed)
    train: list[Example | SoftExample] = [*gold] * config.gold_repeats
    train += augment(gold, config.augment, seed)
    for name, cap in config.auxiliary.items():
        rows = load_split(name, corpora)
        train += random.Random(seed).sample(rows, min(cap, len(rows)))
    train += read_soft(config.soft) if config.soft else []
    train = [example for example in train if example.corpus not in config.exclude]
    return Splits(train, load_split(config.dev, corpora), load_split(config.calibration, corpora))


def check_labelled(config: DataConfig, splits: Splits) -> None:
    """Refuse splits to score and calibrate on that hold no label: a run could only fail on them after hours.

    Raises:
        DataError: naming the split.
    """
    for name, rows in ((config.dev, splits.dev), (config.calibration, splits.calibration)):
        if not any(row.label for row in rows):
            raise DataError(f"{name} has no sentence with a label to score or calibrate on; name another split or file")


def by_documents(examples: list[Example], limit: int | None, seed: int) -> list[Example]:
    """Return `limit` examples, whole documents in an order that the seed draws; all in their order without a limit."""
    if limit is None:
        return examples
    order = {doc: hashlib.sha256(f"{seed} {doc}".encode()).digest() for doc in {e.doc for e in examples}}
    return sorted(examples, key=lambda example: order[example.doc])[:limit]


def run_training(
    config: TrainConfig, corpora: Path, folder: Path, uri: str, resume: bool, parent: str | None = None
) -> Path:
    """Train as configured, tracked in MLflow, and return the torch model directory.

    With `resume`, the last whole checkpoint in `folder` and the MLflow run that it belongs to go on, to the weights
    that the run would have had without a stop.

    Raises:
        ConfigError: when `folder` holds another run and `resume` is off, or there is nothing to resume.
        TrackingError: when the tracking store does not work.
        TrainingError: when the loss is not a number, a checkpoint cannot be written or none is whole.
    """
    set_seed(config.trainer.seed)
    run_id = previous_run(folder, config, resume)
    splits = load_splits(config.data, corpora, config.trainer.seed)
    check_labelled(config.data, splits)
    run_id = start_run(config.model_dump(mode="json"), config.name, config.experiment, uri, run_id, parent)
    note_run(folder, config, run_id)
    describe_run(config, splits)
    trainer = build_trainer(config, splits, folder)
    fit(trainer, config, last_whole(folder) if resume else None)
    with writing(folder / "torch"):
        trainer.model.save_pretrained(folder / "torch")
        trainer.processing_class.save_pretrained(folder / "torch")
    return folder / "torch"


def describe_run(config: TrainConfig, splits: Splits) -> None:
    """Log data, code and environment to the active run."""
    digest = data_digest(splits.train)
    with reaching_store("before training (type the same command with --resume when it is back)"):
        mlflow.set_tags({**git_state(), **{f"env.{k}": v for k, v in environment().items()}, "data_digest": digest})
        log_datasets(config.data, splits.train, splits.dev, splits.calibration)


def fit(trainer: MultiTaskTrainer, config: TrainConfig, checkpoint: Path | None) -> None:
    """Train from `checkpoint` or the start; with `patience` the model has its best weights afterwards."""
    folder = Path(trainer.args.output_dir)
    if checkpoint and (checkpoint / BEST).exists():
        link(checkpoint / BEST, folder / BEST)
    trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    if config.trainer.patience:
        restore_best(trainer.model, folder)
        scores = dev_scores(trainer.state.log_history, config.trainer.metric)
        with reaching_store("after training (type the same command with --resume when it is back)"):
            mlflow.log_metrics(
                {"best_evaluation": best_place(scores) + 1, f"best_{config.trainer.metric}": max(scores)}
            )


def build_trainer(config: TrainConfig, splits: Splits, folder: Path) -> MultiTaskTrainer:
    """Assemble encoder, heads, data and optimiser settings."""
    encoder = resolve_encoder(config.model.encoder)
    tokenizer = AutoTokenizer.from_pretrained(encoder)
    warm = config.model.warm_start
    model = load_warm(warm, encoder) if warm else SaysoModel.from_encoder(encoder, config.model.dropout)
    if config.model.layers is not None:
        model.keep_layers(config.model.layers)
    model.freeze(config.model.frozen_layers)
    note_corpora(model, splits.train, bool(warm))
    train = SentenceDataset(splits.train, tokenizer, config.model.max_length, config.loss.label_smoothing)
    dev = SentenceDataset(splits.dev, tokenizer, config.model.max_length)
    batch = config.trainer.batch_size * config.trainer.gradient_accumulation
    steps = max(config.trainer.max_steps, math.ceil(len(train) / batch * config.trainer.epochs))
    arguments = training_arguments(config, folder, steps, math.ceil(len(train) / batch))
    return MultiTaskTrainer(
        model=model, args=arguments, train_dataset=train, eval_dataset=dev,
        data_collator=Collator(tokenizer.pad_token_id), processing_class=tokenizer,
        callbacks=callbacks(config, folder), settings=config,
    )  # fmt: skip


def callbacks(config: TrainConfig, folder: Path) -> list[TrainerCallback]:
    """Return what runs beside the loop; a checkpoint is marked whole when all else is in it."""
    settings = config.trainer
    best = [KeepBest(folder, settings.metric, settings.patience)] if settings.patience else []
    return [LogToMlflow(), EvaluateAtEnd(), *best, MarkWhole()]


def note_corpora(model: SaysoModel, train: Sequence[Example | SoftExample], warm: bool) -> None:
    """Add the corpora of `train` to what the model's configuration says that its weights have seen.

    An empty list means not known: after a warm start that does not say what it saw, and with soft labels, whose
    teachers may have seen more.
    """
    known = bool(model.config.seen_corpora) or not warm
    known &= not any(isinstance(example, SoftExample) for example in train)
    seen = {*model.config.seen_corpora, *(example.corpus for example in train)}
    model.config.seen_corpora = sorted(seen) if known else []
