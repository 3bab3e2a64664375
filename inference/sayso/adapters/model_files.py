"""A model directory as bytes, for machines that do not see the folder it is in."""

from __future__ import annotations

import tempfile
from pathlib import Path

from sayso.classifier import Classifier

ModelFiles = dict[str, bytes]
NOT_SHIPPED = (".safetensors",)  # weights for training: large, and no worker reads them


def pack_model(path: Path) -> ModelFiles:
    """Return the files of a model directory by name, without the weights that only training reads."""
    files = (p for p in sorted(path.rglob("*")) if p.is_file() and p.suffix not in NOT_SHIPPED)
    return {p.relative_to(path).as_posix(): p.read_bytes() for p in files}


def load_packed(files: ModelFiles) -> tuple[Classifier, tempfile.TemporaryDirectory[str]]:
    """Load a packed model with one thread; the folder must be kept as long as the classifier is used."""
    folder = tempfile.TemporaryDirectory(prefix="sayso-model-")
    for name, data in files.items():
        target = Path(folder.name, name)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    return Classifier.load(folder.name, threads=1), folder
