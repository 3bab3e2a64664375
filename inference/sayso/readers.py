"""Files to documents: txt, html, jsonl, csv and parquet, plain, gzipped or zstd-compressed."""

from __future__ import annotations

import csv
import glob
import gzip
import io
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

from sayso.errors import InputError
from sayso.records import Document

FORMATS = {
    ".txt": "txt", ".html": "html", ".htm": "html", ".jsonl": "jsonl", ".ndjson": "jsonl", ".csv": "csv",
    ".parquet": "parquet",
}  # fmt: skip
COMPRESSIONS = (".gz", ".zst")
STDIN = "-"
Advance = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Fault:
    """One input record that could not be read, with its place."""

    file: str
    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """How to read: column names, one sentence or one document a record, and what to do with bad bytes.

    `format` is only for standard input; files tell it by suffix. `strict` refuses bytes that are not UTF-8,
    which otherwise become U+FFFD and are reported.
    """

    text_field: str = "text"
    id_field: str = "id"
    unit: str = "document"
    strict: bool = False
    format: str = "txt"


def expand(paths: Sequence[str]) -> list[str]:
    """Return the files of paths, folders (searched for known formats) and globs, in a stable order.

    Raises:
        InputError: for a path that is not there, a glob or folder without files, or an unknown suffix.
    """
    return [file for path in paths for file in _expand_one(path)]


def _expand_one(path: str) -> list[str]:
    if path == STDIN:
        return [path]
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


def read(path: str, options: ReadOptions, advance: Advance = lambda _: None) -> Iterator[Document | Fault]:
    """Yield the documents of one file, and a fault for each record that cannot be read.

    `advance` is called with the number of raw bytes of every read, for progress.

    Raises:
        InputError: when nothing of the file can be read, or the text column is not there.
    """
    kind = options.format if path == STDIN else detect(path)
    reader = _READERS[kind or "txt"]
    try:
        with _open(path, advance) as stream:
            yield from reader(path, stream, options)
    except (OSError, EOFError) as error:
        raise InputError(f"{path} cannot be read: {error}") from error


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


def _open(path: str, advance: Advance) -> BinaryIO:
    raw = sys.stdin.buffer if path == STDIN else open(path, "rb")  # noqa: SIM115
    buffered = io.BufferedReader(_Counted(raw, advance), 1 << 20)
    if path.lower().endswith(".gz"):
        return cast(BinaryIO, gzip.open(buffered))
    if path.lower().endswith(".zst"):
        import pyarrow as pa

        return cast(BinaryIO, io.BufferedReader(pa.CompressedInputStream(buffered, "zstd"), 1 << 20))
    return buffered


def _decode(data: bytes, path: str, line: int, options: ReadOptions) -> tuple[str, Fault | None]:
    try:
        return data.decode("utf-8-sig" if line <= 1 else "utf-8"), None
    except UnicodeDecodeError as error:
        if options.strict:
            raise InputError(
                f"{path}:{line}: not UTF-8 at byte {error.start}; leave --strict off to replace"
            ) from error
        return data.decode("utf-8", "replace"), Fault(path, line, "bytes that are not UTF-8 were replaced by U+FFFD")


def _read_txt(path: str, stream: BinaryIO, options: ReadOptions) -> Iterator[Document | Fault]:
    if options.unit == "document":
        text, fault = _decode(stream.read(), path, 0, options)
        yield from [fault] if fault else []
        yield Document(_name(path), text)
        return
    for number, line in enumerate(stream, 1):
        text, fault = _decode(line.rstrip(b"\r\n"), path, number, options)
        yield from [fault] if fault else []
        yield Document(f"{_name(path)}:{number}", text)


def _read_html(path: str, stream: BinaryIO, options: ReadOptions) -> Iterator[Document | Fault]:
    from trafilatura import bare_extraction

    data = stream.read()
    page = bare_extraction(data, with_metadata=True) if data.strip() else None
    if page is None:
        yield Fault(path, 1, "no readable text in this page")
        return
    fields = {name: getattr(page, name, None) for name in ("title", "author", "date", "url", "sitename")}
    yield Document(_name(path), page.text or "", {k: v for k, v in fields.items() if v})


def _read_jsonl(path: str, stream: BinaryIO, options: ReadOptions) -> Iterator[Document | Fault]:
    import orjson

    first = True
    for number, line in enumerate(stream, 1):
        if not line.strip():
            continue
        text, fault = _decode(line, path, number, options)
        yield from [fault] if fault else []
        try:
            row = orjson.loads(text)
        except ValueError as error:
            yield Fault(path, number, f"broken JSON: {error}")
            continue
        if not isinstance(row, dict):
            yield Fault(path, number, f"a JSON {type(row).__name__}, not an object")
            continue
        yield _from_row(path, number, row, options, first)
        first = False


def _read_csv(path: str, stream: BinaryIO, options: ReadOptions) -> Iterator[Document | Fault]:
    csv.field_size_limit(sys.maxsize)
    errors = "strict" if options.strict else "replace"
    text = io.TextIOWrapper(stream, encoding="utf-8-sig", errors=errors, newline="")
    rows = csv.DictReader(text, restkey="_more")
    try:
        for number, row in enumerate(rows):
            if "\ufffd" in "".join(v for v in row.values() if isinstance(v, str)):
                yield Fault(path, rows.line_num, "holds U+FFFD, which stands for bytes that are not UTF-8")
            yield _from_row(path, rows.line_num, dict(row), options, number == 0)
    except UnicodeDecodeError as error:
        raise InputError(f"{path}:{rows.line_num}: not UTF-8: {error}; leave --strict off to replace") from error
    except csv.Error as error:
        yield Fault(path, rows.line_num, f"broken CSV: {error}")


def _read_parquet(path: str, stream: BinaryIO, options: ReadOptions) -> Iterator[Document | Fault]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    whole = path != STDIN and not path.lower().endswith(COMPRESSIONS)
    try:
        file = pq.ParquetFile(path if whole else pa.BufferReader(stream.read()))
        number = 0
        for batch in file.iter_batches(batch_size=256):
            for row in batch.to_pylist():
                number += 1
                yield _from_row(path, number, row, options, number == 1)
    except pa.ArrowException as error:
        raise InputError(f"{path} is not a readable Parquet file: {error}") from error


def _from_row(path: str, number: int, row: dict[str, Any], options: ReadOptions, first: bool) -> Document | Fault:
    if options.text_field not in row:
        message = f"no column {options.text_field!r}; found {', '.join(map(str, row)) or 'none'}"
        if first:
            raise InputError(f"{path}: {message}; name the text column with --text-field")
        return Fault(path, number, message)
    text = row[options.text_field]
    if not isinstance(text, str):
        return Fault(path, number, f"{options.text_field!r} holds {type(text).__name__}, not text")
    identity = row.get(options.id_field)
    rest = {k: v for k, v in row.items() if k not in (options.text_field, options.id_field)}
    return Document(f"{_name(path)}:{number}" if identity is None else str(identity), text, rest)


def _name(path: str) -> str:
    return "stdin" if path == STDIN else Path(path).name


_READERS: dict[str, Callable[[str, BinaryIO, ReadOptions], Iterator[Document | Fault]]] = {
    "txt": _read_txt, "html": _read_html, "jsonl": _read_jsonl, "csv": _read_csv, "parquet": _read_parquet,
}  # fmt: skip
