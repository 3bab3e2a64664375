"""Records to files: JSONL or Parquet by suffix, whole or not at all."""

from __future__ import annotations

import gzip
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Protocol, cast

from sayso.errors import OutputError
from sayso.labels import LABELS

SUFFIXES = (".jsonl", ".jsonl.gz", ".jsonl.zst", ".parquet")


class Writer(Protocol):
    """Takes records (the dictionaries of `Sentence.to_dict`) in batches."""

    def write(self, records: list[dict[str, Any]]) -> None:
        """Append records."""
        ...

    def close(self) -> None:
        """Finish what was written."""
        ...


@contextmanager
def open_writer(target: str, overwrite: bool) -> Iterator[Writer]:
    """Open `target` for records; `-` is standard output.

    The file appears under its name only when everything was written; until then, and after a failure, what
    was written stands beside it with `.partial` added.

    Raises:
        OutputError: when the target exists and `overwrite` is off, the suffix is unknown, or writing fails.
    """
    if target == "-":
        yield from _standard_output()
        return
    check_target(Path(target), overwrite)
    partial = Path(target + ".partial")
    try:
        writer = _create(target, partial)
        try:
            yield writer
        finally:
            writer.close()
        os.replace(partial, target)
    except OSError as error:
        raise OutputError(f"{target} cannot be written: {error}; what was written is in {partial}") from error


def _standard_output() -> Iterator[Writer]:
    writer = JsonlWriter(sys.stdout.buffer)
    try:
        yield writer
        writer.close()
    except BrokenPipeError:
        raise
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # else the interpreter tries again at its end
        raise OutputError(f"standard output cannot be written: {error}") from error


def check_target(target: Path, overwrite: bool) -> None:
    """Refuse a target that exists, has no folder, or has an unknown suffix."""
    if not str(target).endswith(SUFFIXES):
        raise OutputError(f"{target}: unknown output format; known: {', '.join(SUFFIXES)}")
    if target.exists() and not overwrite:
        raise OutputError(f"{target} exists; add --overwrite, or name another --out")
    if not target.parent.is_dir():
        raise OutputError(f"no folder {target.parent}; type: mkdir -p {target.parent}")


def _create(target: str, partial: Path) -> Writer:
    if target.endswith(".parquet"):
        return ParquetWriter(partial)
    if target.endswith(".gz"):
        return JsonlWriter(cast(BinaryIO, gzip.GzipFile(partial, "wb", compresslevel=6, mtime=0)))
    if target.endswith(".zst"):
        import pyarrow as pa

        return JsonlWriter(pa.CompressedOutputStream(str(partial), "zstd"))
    return JsonlWriter(partial.open("wb"))


class JsonlWriter:
    """One JSON object a line, UTF-8; lone surrogates become U+FFFD, which keeps offsets."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def write(self, records: list[dict[str, Any]]) -> None:
        """Append records."""
        self._stream.write(b"".join(_json_line(record) for record in records))

    def close(self) -> None:
        """Close the file; standard output stays open."""
        if self._stream is sys.stdout.buffer:
            self._stream.flush()
        else:
            self._stream.close()


def _json_line(record: dict[str, Any]) -> bytes:
    import orjson

    options = orjson.OPT_APPEND_NEWLINE | orjson.OPT_NON_STR_KEYS
    try:
        return orjson.dumps(record, default=str, option=options)
    except TypeError:  # a lone surrogate somewhere: rare, so cleaned only then
        return orjson.dumps(
            clean_surrogates(record), default=str, option=orjson.OPT_APPEND_NEWLINE | orjson.OPT_NON_STR_KEYS
        )


def clean_surrogates(value: Any) -> Any:
    """Return `value` with U+FFFD for every lone surrogate, which keeps offsets."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, dict):
        return {clean_surrogates(k): clean_surrogates(v) for k, v in value.items()}
    return [clean_surrogates(v) for v in value] if isinstance(value, list | tuple) else value


class ParquetWriter:
    """Parquet with nested fields; carried columns take the types of the first batch."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._writer: Any = None
        self._schema: Any = None

    def write(self, records: list[dict[str, Any]]) -> None:
        """Append records as one row group.

        Raises:
            OutputError: when a carried column changes its type or appears late.
        """
        import pyarrow as pa
        import pyarrow.parquet as pq

        if self._writer is None:
            self._schema = _schema(records)
            self._writer = pq.ParquetWriter(self._path, self._schema, compression="zstd")
        late = {key for record in records for key in record} - set(self._schema.names)
        try:
            if late:
                raise pa.ArrowInvalid(f"new columns {sorted(late)}")
            table = pa.Table.from_pylist([clean_surrogates(r) for r in records], schema=self._schema)
        except (pa.ArrowException, TypeError) as error:
            raise OutputError(f"carried columns differ between rows ({error}); write .jsonl instead") from error
        self._writer.write_table(table)

    def close(self) -> None:
        """Write the footer; a file without records has the columns and no rows."""
        if self._writer is None:
            self.write([])
        self._writer.close()


def _schema(records: list[dict[str, Any]]) -> Any:
    import pyarrow as pa

    base = record_schema()
    extra = [key for record in records for key in record if key not in base.names]
    for key in dict.fromkeys(extra):
        kind = pa.array([record.get(key) for record in records]).type
        base = base.append(pa.field(key, pa.string() if pa.types.is_null(kind) else kind))
    return base


def record_schema() -> Any:
    """Return the Arrow schema of a record without carried columns."""
    import pyarrow as pa

    text, whole, share = pa.string(), pa.int64(), pa.float64()
    spans = pa.list_(pa.struct({"start": whole, "end": whole, "text": text, "probability": share}))
    return pa.schema(
        {
            "doc_id": text, "sentence_index": whole, "start": whole, "end": whole, "text": text, "label": text,
            "probabilities": pa.struct({label: share for label in LABELS}), "label_set": pa.list_(text),
            "sources": spans, "cues": spans, "hedges": spans, "loaded": spans,
            "source_kind": text, "source_stance": text, "source_framing": text,
            "source_side": pa.struct({"side": text, "basis": text, "rule": text}), "bias": share, "model": text,
        }
    )  # fmt: skip
