"""Resolve an encoder name: a directory, an installed package, or the Hugging Face cache or hub."""

from __future__ import annotations

import importlib.util
from pathlib import Path


def resolve_encoder(name: str) -> str:
    """Return what `from_pretrained` accepts for `name`: a local directory where there is one.

    An installed package `some-name` counts when it holds `some_name/model/config.json`.
    """
    if Path(name).is_dir():
        return name
    module = name.replace("-", "_")
    spec = importlib.util.find_spec(module) if module.isidentifier() else None
    for root in (spec.submodule_search_locations or ()) if spec else ():
        if (Path(root) / "model" / "config.json").exists():
            return str(Path(root) / "model")
    return name
