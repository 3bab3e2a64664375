"""Bring corpus files into the data directory: from a folder, or from their pinned address."""

from __future__ import annotations

import os
import shutil
import urllib.request
from pathlib import Path

from sayso.artifact import file_digest
from sayso.errors import DataError
from sayso_data.corpora import Corpus


def default_data_dir() -> Path:
    """Return `$SAYSO_DATA`, or `~/.local/share/sayso`."""
    return Path(os.environ.get("SAYSO_DATA", Path.home() / ".local" / "share" / "sayso"))


def fetch(corpus: Corpus, target: Path, source: Path | None) -> Path:
    """Put the file of `corpus` into `target` and check its digest; a file that is right already stays.

    Raises:
        DataError: when the file is not there, has another digest, or has no public address of its own.
    """
    place = target / corpus.file
    if place.exists() and file_digest(place) == corpus.sha256:
        return place
    target.mkdir(parents=True, exist_ok=True)
    partial = place.with_name(place.name + ".partial")
    if source is not None:
        _copy(source / corpus.file, partial)
    else:
        _download(corpus, partial)
    found = file_digest(partial)
    if found != corpus.sha256:
        raise DataError(f"{corpus.name}: sha256 is {found}, pinned is {corpus.sha256}; the file is in {partial}")
    os.replace(partial, place)
    return place


def _copy(source: Path, target: Path) -> None:
    if not source.exists():
        raise DataError(f"{source} is missing; name the folder that holds it with --from")
    shutil.copyfile(source, target)


def _download(corpus: Corpus, target: Path) -> None:
    if corpus.url is None:
        raise DataError(
            f"{corpus.name} is used in a prepared form that has no public address; its origin is {corpus.origin}. "
            f"Type: sayso data fetch {corpus.name} --from DIR with a folder that holds {corpus.file}"
        )
    try:
        with urllib.request.urlopen(corpus.url, timeout=60) as answer, target.open("wb") as stream:
            shutil.copyfileobj(answer, stream)
    except OSError as error:
        raise DataError(f"{corpus.url} cannot be fetched: {error}; or use --from DIR") from error
