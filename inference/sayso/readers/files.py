"""Paths to files, formats by suffix, and files to decompressed streams."""

from __future__ import annotations

import glob
import gzip
import io
import sys
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, BinaryIO, cast

from sayso.errors import InputError
from sayso.readers.base import STDIN

FORMATS = {
    ".txt": "txt", ".html": "html", ".htm": "html", ".jsonl": "jsonl", ".ndjson": "jsonl", ".csv": "csv",
    ".parquet": "parquet",
}  # fmt: skip
COMPRESSIONS = (".gz", ".zst")
CHUNK = 1 << 20  # bytes a read
READ_ERRORS = (OSError, EOFError, zlib.error)  # what a file that breaks off or does not unpack raises
Advance = Callable[[int], None]


def expand(paths: Sequence[str]) -> list[str]:
    """Return the files of paths, folders (searched for known formats) and globs, in a stable order.

    Raises:
        InputError: for a path that is not there, a glob or folder without files, or an unknown suffix.
    """
    return [file for path in paths for file in _expand_one(path)]


def _expand_one(path: str) -> list[str]:
    if path == STDIN:
        return [path]
    if "\0" in path:
        raise InputError(f"no such file: {path!r}")
    if Path(path).is_dir():
        found = [str(p) for p in sorted(Path(path).rglob("*")) if p.is_file() and detect(p.name)]
        if not found:
            raise InputError(f"no readable file in {path}; known: {known_formats()}")
        return found
    if Path(path).exists():
        if not detect(path):
            raise InputError(f"{path}: unknown format; known: {known_formats()}")
        return [path]
    matches = sorted(glob.glob(path, recursive=True)) if glob.has_magic(path) else []
    if not matches:
        raise InputError(f"no such file: {path}")
    return [file for match in matches for file in _expand_one(match)]


def known_formats() -> str:
    """Return the suffixes that can be read, as one line for messages."""
    return ", ".join(FORMATS) + " (each also .gz or .zst)"


def detect(name: str) -> str | None:
    """Return the format that a file name tells, None for an unknown one."""
    suffixes = [s.lower() for s in Path(name).suffixes]
    if suffixes and suffixes[-1] in COMPRESSIONS:
        suffixes.pop()
    return FORMATS.get(suffixes[-1]) if suffixes else None


class _Counted(io.RawIOBase):
    """A raw file that reports how much of it was read."""

    def __init__(self, raw: BinaryIO, advance: Advance) -> None:
        self._raw, self._advance = raw, advance

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._raw.read(len(buffer))
        buffer[: len(data)] = data
        self._advance(len(data))
        return len(data)

    def close(self) -> None:
        self._raw.close()
        super().close()


def read_some(stream: BinaryIO, size: int) -> bytes:
    """Return the next bytes, at most `size`; of a file that breaks off, all that came before the break."""
    return cast(io.BufferedReader, stream).read1(size)


def open_stream(path: str, advance: Advance) -> BinaryIO:
    """Open a file (or standard input) for its decompressed bytes, which are never all held."""
    raw = sys.stdin.buffer if path == STDIN else open(path, "rb")  # noqa: SIM115
    buffered = io.BufferedReader(_Counted(raw, advance), CHUNK)
    if path.lower().endswith(".gz"):
        return cast(BinaryIO, gzip.open(buffered))
    if path.lower().endswith(".zst"):
        import pyarrow as pa

        return cast(BinaryIO, io.BufferedReader(pa.CompressedInputStream(buffered, "zstd"), CHUNK))
    return buffered
