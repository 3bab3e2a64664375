"""BABE as a yardstick: the bias head in cross-validation, trained by the project's own trainer."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.model_selection import GroupKFold
from transformers import set_seed

from sayso.errors import ConfigError
from sayso_data.build import load_split
from sayso_data.schema import Example
from sayso_training.config import TrainConfig
from sayso_training.metrics import macro_f1
from sayso_training.model import SaysoConfig
from sayso_training.tracking import environment, git_state, metric_names, start_run
from sayso_training.train import Splits, build_trainer
from sayso_training.trainer import MultiTaskTrainer

# Spinde et al. 2021, macro-F1 in 5-fold cross-validation on BABE.
PUBLISHED = {"RoBERTa": 0.799, "BERT, distant supervision": 0.804}
COMPARED = """\
Macro-F1 of biased against non-biased in cross-validation on BABE. The folds part the documents, so no sentence is
judged by a model that read its neighbours; where the published folds part sentences, they are easier. Sentences
without agreement are left out. The decision is at probability 0.5 after the last step: nothing is chosen on a test
fold.
"""


def babe_scores(config: TrainConfig, corpora: Path, folder: Path, uri: str, folds: int = 5) -> dict[str, Any]:
    """Train and score one model a fold and return macro-F1 by fold, its mean and spread (sd), and pooled.

    A fold that is finished in `folder` with the same settings is read back. Every fold is one MLflow run.

    Raises:
        ConfigError: when the warm start saw BABE or does not say what it saw, or `folder` holds other settings.
        TrackingError: when the tracking store does not work.
    """
    check_warm_start(config.model.warm_start)
    check_folder(folder, config, folds)
    examples = load_split("babe", corpora)[: config.data.limit]
    shares = np.zeros(len(examples))
    scores = []
    for number, (kept, left) in enumerate(document_folds(examples, folds, config.trainer.seed)):
        parts = [examples[i] for i in kept], [examples[i] for i in left]
        shares[left] = _fold_logits(config, *parts, folder / f"fold-{number}", uri)
        scores.append(bias_macro_f1(parts[1], shares[left]))
    return {
        "sentences": len(examples),
        "documents": len({group(example) for example in examples}),
        "folds": scores,
        "mean": float(np.mean(scores)),
        "spread": float(np.std(scores, ddof=1)),
        "pooled": bias_macro_f1(examples, shares),
        "warm start": config.model.warm_start,
        "seed": config.trainer.seed,
        "published": PUBLISHED,
    }


def check_warm_start(folder: str | None) -> None:
    """Refuse a warm start that may have read test folds.

    Raises:
        ConfigError: when the model's configuration names BABE among the corpora that it was trained on, or names none.
    """
    if folder is None:
        return
    if not (Path(folder) / "config.json").exists():
        raise ConfigError(f"{folder} holds no config.json; name the torch directory of a run: runs/NAME/torch")
    seen = SaysoConfig.from_pretrained(folder).seen_corpora
    if not seen or "babe" in seen:
        found = "was trained on BABE" if seen else "does not say what it was trained on"
        raise ConfigError(
            f"{folder} {found}, so test folds may be known to it; leave --warm-start off, or train one without: "
            "sayso train CONFIG --set data.exclude=[babe] --set data.auxiliary.babe=0"
        )


def check_folder(folder: Path, config: TrainConfig, folds: int) -> None:
    """Note the settings in a new folder, or accept one that holds the same.

    Raises:
        ConfigError: when `folder` holds folds of other settings.
    """
    settings = json.dumps({"folds": folds, **config.model_dump(mode="json")}, indent=1)
    note = folder / "settings.json"
    if note.exists() and note.read_text(encoding="utf-8") != settings:
        raise ConfigError(f"{folder} holds folds of other settings; name another --output")
    folder.mkdir(parents=True, exist_ok=True)
    note.write_text(settings, encoding="utf-8")


def document_folds(
    examples: Sequence[Example], folds: int, seed: int
) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Return (train, test) row numbers of each fold; a document is in one test fold whole."""
    splitter = GroupKFold(folds, shuffle=True, random_state=seed)
    return list(splitter.split(examples, groups=[group(example) for example in examples]))


def group(example: Example) -> str:
    """Return the document of an example; those without a link are one document an outlet."""
    return example.doc or f"no link, {example.outlet}"


def _fold_logits(
    config: TrainConfig, train: list[Example], test: list[Example], folder: Path, uri: str
) -> NDArray[np.float64]:
    done = folder / "bias.json"
    if done.exists():
        return np.array(json.loads(done.read_text(encoding="utf-8")))
    set_seed(config.trainer.seed)
    start_run(config.model_dump(mode="json"), f"{config.name}-{folder.name}", config.experiment, uri, None)
    try:
        mlflow.set_tags({**git_state(), **{f"env.{key}": value for key, value in environment().items()}})
        trainer = build_trainer(config, Splits([*train], test, []), folder)
        trainer.train()
        logits = bias_logits(trainer)
        mlflow.log_metrics(metric_names({"test.bias.macro_f1": bias_macro_f1(test, logits)}))
    finally:
        mlflow.end_run()
    done.write_text(json.dumps(logits.tolist()), encoding="utf-8")
    return logits


@torch.no_grad()
def bias_logits(trainer: MultiTaskTrainer) -> NDArray[np.float64]:
    """Return the bias logit of every example of the trainer's evaluation set."""
    model = trainer.model.eval()
    rows = [
        model(batch["input_ids"].to(model.device), batch["attention_mask"].to(model.device))["bias"][:, 0].cpu()
        for batch in trainer.eval_loader(trainer.eval_dataset)
    ]
    return np.asarray(torch.cat(rows).double().numpy())


def bias_macro_f1(examples: Sequence[Example], logits: NDArray[np.float64]) -> float:
    """Return macro-F1 of biased and non-biased at probability 0.5."""
    gold = [int(example.bias or 0) for example in examples]
    return macro_f1(gold, (logits > 0).astype(int).tolist(), (0, 1))
