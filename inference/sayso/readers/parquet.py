"""Parquet to documents: one a row."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from typing import Any, BinaryIO

from sayso.errors import DamagedError
from sayso.readers.base import STDIN, Fault, ReadOptions, from_row, too_long
from sayso.readers.files import CHUNK, COMPRESSIONS
from sayso.records import Document, Place

BATCH = 16  # rows read at a time: few enough to hold, and labelling them takes a hundred times longer
SPOOLED = 4 << 30  # bytes of a compressed or piped file, which has to be unpacked on disk to be read
MAGIC = b"PAR1"


def read_parquet(path: str, stream: BinaryIO, options: ReadOptions) -> Iterator[Document | Fault]:
    """Yield a document for each row, a fault for each row that has no text or is too long.

    Rows are read a few at a time; Arrow holds the page (of each column) that they are in.

    Raises:
        DamagedError: when the file is no Parquet file or breaks off.
    """
    import pyarrow as pa

    seekable = path != STDIN and not path.lower().endswith(COMPRESSIONS)
    try:
        if seekable:
            yield from _read(path, path, options)
            return
        with tempfile.TemporaryFile() as file:
            _spool(path, stream, file)
            yield from _read(path, file, options)
    except (pa.ArrowException, ValueError, OverflowError, NotImplementedError) as error:
        raise DamagedError(f"{path} is not a readable Parquet file: {error}") from error


def _spool(path: str, stream: BinaryIO, file: Any) -> None:
    start = stream.read(len(MAGIC))
    if start != MAGIC:
        raise DamagedError(f"{path} is not a readable Parquet file: it begins with {start!r}, not {MAGIC!r}")
    file.write(start)
    while chunk := stream.read(CHUNK):
        file.write(chunk)
        if file.tell() > SPOOLED:
            raise DamagedError(f"{path} unpacks to more than {SPOOLED:,} bytes; unpack it first")
    file.seek(0)


def _read(path: str, source: Any, options: ReadOptions) -> Iterator[Document | Fault]:
    import pyarrow.parquet as pq

    number, first = 0, True
    with pq.ParquetFile(source, buffer_size=CHUNK, pre_buffer=False) as file:
        for group in range(file.num_row_groups):
            if _lone_giant(file.metadata.row_group(group), options.limit):
                number += 1
                yield too_long(Place(path, number), options.limit)
                continue
            for batch in file.iter_batches(batch_size=BATCH, row_groups=[group], use_threads=False):
                for row in _rows(batch, options.limit):
                    number += 1
                    place = Place(path, number)
                    if row is None:
                        yield too_long(place, options.limit)
                        continue
                    yield from_row(place, row, options, first)
                    first = False


def _lone_giant(group: Any, limit: int) -> bool:
    """Say whether a row group is one row that is too long, so that it need not be read."""
    sizes = (group.column(i).total_uncompressed_size for i in range(group.num_columns))
    return bool(group.num_rows == 1 and sum(sizes) > limit + CHUNK)  # a page has some bytes of its own


def _rows(batch: Any, limit: int) -> Iterator[dict[str, Any] | None]:
    """Yield the rows of a batch as values, None for one that is too long."""
    if batch.nbytes <= limit:
        yield from batch.to_pylist()
        return
    for index in range(batch.num_rows):
        row = _plain(batch.slice(index, 1))
        yield row.to_pylist()[0] if row.nbytes <= limit else None


def _plain(row: Any) -> Any:
    """Return a row without dictionaries, whose size would be counted whole."""
    import pyarrow as pa

    columns = [c.dictionary_decode() if pa.types.is_dictionary(c.type) else c for c in row.columns]
    return pa.RecordBatch.from_arrays(columns, names=row.schema.names)
