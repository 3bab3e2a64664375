"""Resolve an encoder name: a directory, an installed package, or the Hugging Face cache or hub."""

from __future__ import annotations

import importlib.util
import os
import shutil
import tempfile
import zipfile
from importlib.metadata import PackageNotFoundError, files
from itertools import count
from pathlib import Path


def resolve_encoder(name: str) -> str:
    """Return what `from_pretrained` accepts for `name`: a local directory where there is one.

    An installed package `some-name` counts when it holds `some_name/model/config.json`, and the packages
    `some-name-pypi-part-001`, `-002`, ... count when their pieces join to one zip of the model.
    """
    if Path(name).is_dir():
        return name
    return _packaged(name) or _joined(name) or name


def _packaged(name: str) -> str | None:
    module = name.replace("-", "_")
    spec = importlib.util.find_spec(module) if module.isidentifier() else None
    for root in (spec.submodule_search_locations or ()) if spec else ():
        if (Path(root) / "model" / "config.json").exists():
            return str(Path(root) / "model")
    return None


def _joined(name: str) -> str | None:
    """Join the installed pieces of `name` once, into the user's cache; None when there are none."""
    pieces = _pieces(name)
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "sayso" / "encoders"
    if pieces and not (cache / name / "config.json").exists():
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache) as work:
            _unpack(pieces, name, Path(work))
            os.replace(Path(work) / name, cache / name)
    return str(cache / name) if pieces else None


def _pieces(name: str) -> list[Path]:
    """Return the zip pieces that the packages of `name` installed, in order."""
    found: list[Path] = []
    for number in count(1):
        try:
            listed = files(f"{name}-pypi-part-{number:03d}") or []
        except PackageNotFoundError:
            return found
        found += [Path(str(f.locate())) for f in listed if f.name == f"{name}.zip.{number:03d}"]
    return found


def _unpack(pieces: list[Path], name: str, folder: Path) -> None:
    """Write the files of the model into `folder / name`; members of other folders of the zip are left out."""
    (folder / name).mkdir()
    whole = folder / "whole.zip"
    with whole.open("wb") as target:
        for piece in pieces:
            with piece.open("rb") as source:
                shutil.copyfileobj(source, target)
    with zipfile.ZipFile(whole) as archive:
        for member in archive.namelist():
            if member == f"{name}/{Path(member).name}" and not member.endswith("/"):
                with archive.open(member) as source, (folder / name / Path(member).name).open("wb") as target:
                    shutil.copyfileobj(source, target)
