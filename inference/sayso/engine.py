"""Tokens to logits: the protocol of an engine, and how one is loaded by its name."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from sayso.artifact import WEIGHTS, Artifact
from sayso.engines import ENGINES, EXTRAS
from sayso.errors import ArtifactError, ConfigError, MissingExtraError

Logits = dict[str, NDArray[np.float32]]


class Engine(Protocol):
    """Anything that turns a padded batch into logits; several threads may call `run` at once."""

    @property
    def token_budget(self) -> int:
        """Return the tokens of a batch, padding included, with which this engine is fastest."""
        ...

    def run(self, batch: dict[str, NDArray[np.int64]]) -> Logits:
        """Return one array a head: (windows, classes), and (windows, tokens, roles) for `tokens`."""
        ...


def load_engine(name: str, artifact: Artifact, threads: int) -> Engine:
    """Load the model into the engine `name`, for as many batches side by side as there are `threads`.

    Raises:
        ConfigError: for an unknown name; the known ones are listed.
        MissingExtraError: naming the extra to install.
        ArtifactError: when the model directory lacks what the engine reads.
    """
    check_engine(name, artifact)
    module, attribute = ENGINES[name].split(":")
    create: Callable[[Artifact, int], Engine] = getattr(import_module(module), attribute)
    return create(artifact, threads)


def check_engine(name: str, artifact: Artifact) -> None:
    """Raise what `load_engine` would raise for what is missing, without loading anything."""
    if name not in ENGINES:
        raise ConfigError(f"unknown engine {name!r}; known: {', '.join(ENGINES)}")
    extra, packages = EXTRAS.get(name, ("", ()))
    if any(find_spec(package) is None for package in packages):
        raise MissingExtraError(f"the engine {name}", extra)
    if name == "torch" and not (artifact.path / WEIGHTS).is_file():
        raise ArtifactError(
            f"{artifact.path} holds no {WEIGHTS}, which the engine torch reads; "
            "write such a directory with: sayso export RUN/torch --torch --output DIR"
        )
