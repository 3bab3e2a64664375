"""A model directory as bytes, for machines that do not see the folder it is in."""

from __future__ import annotations

import tempfile
from pathlib import Path

from sayso.artifact import WEIGHTS
from sayso.classifier import Classifier
from sayso.engines import DEFAULT_ENGINE

ModelFiles = dict[str, bytes]


def pack_model(path: Path, engine: str = DEFAULT_ENGINE) -> ModelFiles:
    """Return the files of a model directory by name, the large torch weights only for the engine that reads them."""
    left_out = () if engine == "torch" else (WEIGHTS,)
    files = (p for p in sorted(path.rglob("*")) if p.is_file() and p.name not in left_out)
    return {p.relative_to(path).as_posix(): p.read_bytes() for p in files}


def load_packed(files: ModelFiles, engine: str = DEFAULT_ENGINE) -> tuple[Classifier, tempfile.TemporaryDirectory[str]]:
    """Load a packed model with one thread; the folder must be kept as long as the classifier is used."""
    folder = tempfile.TemporaryDirectory(prefix="sayso-model-")
    for name, data in files.items():
        target = Path(folder.name, name)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    return Classifier.load(folder.name, threads=1, engine=engine), folder
