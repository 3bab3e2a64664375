"""The `tune:` section of a configuration: which settings are searched, between which values."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, model_validator


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Range(_Strict):
    """Numbers from `low` to `high`; whole ones where both ends are, by size where `log`, in `step`s where given."""

    low: int | float
    high: int | float
    log: bool = False
    step: int | float | None = None

    @model_validator(mode="after")
    def _is_one(self) -> Range:
        if self.low >= self.high or (self.log and (self.low <= 0 or self.step is not None)):
            raise ValueError(f"low {self.low}, high {self.high}, log {self.log}, step {self.step} is no range")
        return self

    @property
    def edges(self) -> tuple[Any, ...]:
        """Return the values that must be possible for all between them to be."""
        return (self.low, self.high)

    def suggest(self, trial: Any, key: str) -> Any:
        """Draw a value for the setting `key` of an Optuna trial."""
        if isinstance(self.low, int) and isinstance(self.high, int) and not isinstance(self.step, float):
            return trial.suggest_int(key, self.low, self.high, step=self.step or 1, log=self.log)
        return trial.suggest_float(key, self.low, self.high, step=self.step, log=self.log)


class Choice(_Strict):
    """One of several values."""

    choices: tuple[bool | int | float | str | None, ...] = Field(min_length=2)

    @property
    def edges(self) -> tuple[Any, ...]:
        """Return all values."""
        return self.choices

    def suggest(self, trial: Any, key: str) -> Any:
        """Draw a value for the setting `key` of an Optuna trial."""
        return trial.suggest_categorical(key, self.choices)


class TuneConfig(_Strict):
    """How many trials, and the space; `startup` trials run to their end before others are measured against them."""

    trials: int = Field(default=20, ge=1)
    startup: int = Field(default=4, ge=1)
    space: dict[str, Range | Choice] = Field(min_length=1)


def unknown_keys(keys: Iterable[str], model: type[BaseModel]) -> list[str]:
    """Return the dotted keys that name no setting of `model`."""
    return [key for key in keys if not _known(key, model)]


def _known(key: str, model: Any) -> bool:
    section, dot, rest = key.partition(".")
    fields = getattr(model, "model_fields", {})
    if section not in fields or section == "tune":
        return False
    below = fields[section].annotation
    return _known(rest, below) if dot else not hasattr(below, "model_fields")
