"""What a corpus run is: model, options and input; a rerun must be the same run or it is refused."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sayso import __version__
from sayso.errors import InputError, OutputError
from sayso.readers import STDIN, ReadOptions

MANIFEST = "manifest.json"
ERRORS = "errors.jsonl"
DONE = "_done"
ATTEMPTS = "_attempts"  # where workers of a cluster write before their files get their place
OWN_FOLDERS = (DONE, ATTEMPTS, "sentences", "documents")
OWN_FILES = (ERRORS, MANIFEST)  # in the order of clearing
EDGE = 1 << 20  # bytes at each end of a file that its fingerprint covers, with its size


@dataclass(frozen=True, slots=True)
class Manifest:
    """Everything that decides the bytes of a corpus run's output."""

    model: str
    version: str
    options: dict[str, Any]
    inputs: dict[str, str]
    carried: dict[str, str]

    def differences(self, other: Manifest) -> list[str]:
        """Return a line for each setting that is not the same in `other`."""
        mine, theirs = _flat(asdict(self)), _flat(asdict(other))
        keys = sorted(mine.keys() | theirs.keys())
        return [f"{k}: {theirs.get(k)} then, {mine.get(k)} now" for k in keys if mine.get(k) != theirs.get(k)]


def _flat(values: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in values.items():
        flat |= _flat(value, f"{prefix}{key} ") if isinstance(value, dict) else {f"{prefix}{key}": value}
    return flat


def describe(
    files: Sequence[str], model: str, options: ReadOptions, shard_size: int, carried: dict[str, str], engine: str
) -> Manifest:
    """Return the manifest of a run about to start."""
    settings = {**asdict(options), "shard_characters": shard_size, "engine": engine}
    return Manifest(model, __version__, settings, {file: fingerprint(file) for file in files}, carried)


def fingerprint(file: str) -> str:
    """Return size and a SHA-256 of both ends of a file: cheap for a terabyte, and changed by any rewrite."""
    if file == STDIN:
        raise OutputError("a resumable run needs files, not standard input; write to one .jsonl or .parquet file")
    try:
        size = os.path.getsize(file)
        with open(file, "rb") as stream:
            digest = hashlib.sha256(stream.read(EDGE))
            stream.seek(max(size - EDGE, 0))
            digest.update(stream.read(EDGE))
    except OSError as error:
        raise InputError(f"{file} cannot be read: {error}") from error
    return f"{size}:{digest.hexdigest()[:16]}"


def claim_folder(folder: Path, manifest: Manifest, overwrite: bool) -> None:
    """Write the manifest into a new folder, or accept one that holds the same run.

    Raises:
        OutputError: when the folder holds another run (each difference is named) or other files.
    """
    path = folder / MANIFEST
    if path.exists() and overwrite:
        clear(folder)
    if path.exists():
        differences = manifest.differences(_read(path))
        if differences:
            raise OutputError(f"{folder} holds another run ({'; '.join(differences)}); name another --out folder")
        return
    partial = path.with_name(path.name + ".tmp")  # all there is when a run was killed at its very start
    if folder.exists() and any(entry != partial for entry in folder.iterdir()):
        raise OutputError(f"{folder} holds other files; name another --out folder")
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(path, (json.dumps(asdict(manifest), indent=1, sort_keys=True) + "\n").encode())


def clear(folder: Path) -> None:
    """Remove what a run wrote: the markers first, so that no cleared table counts, the manifest last, so that a
    folder that was left half-cleared is still known for a run."""
    for name in OWN_FOLDERS:
        if (folder / name).exists():
            shutil.rmtree(folder / name)
    for name in OWN_FILES:
        (folder / name).unlink(missing_ok=True)


def _read(path: Path) -> Manifest:
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        return Manifest(**{name: values[name] for name in Manifest.__dataclass_fields__})
    except (ValueError, TypeError, KeyError) as error:
        raise OutputError(f"{path} is damaged ({error}); name another --out folder") from error


def write_whole(path: Path, data: bytes) -> None:
    """Write a file that is there whole or not at all, also after a power cut."""
    partial = path.with_name(path.name + ".tmp")
    with partial.open("wb") as stream:
        stream.write(data)
        sync(stream.fileno())
    publish(partial, path)


def publish(partial: Path, path: Path) -> None:
    """Give a finished file its name, and make the name last."""
    os.replace(partial, path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        sync(folder)
    finally:
        os.close(folder)


def sync(descriptor: int) -> None:
    """Flush a file or folder to the disk."""
    os.fsync(descriptor)
