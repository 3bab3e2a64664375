"""Files to documents: txt, html, jsonl, csv and parquet, plain, gzipped or zstd-compressed.

Whatever a file holds, its reader keeps at most a few records in memory, and gives documents and faults only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import BinaryIO

from sayso.errors import DamagedError
from sayso.readers.base import DOCUMENT_BYTES, STDIN, Fault, ReadOptions, fault
from sayso.readers.csv import read_csv
from sayso.readers.files import COMPRESSIONS, FORMATS, READ_ERRORS, Advance, detect, expand, known_formats, open_stream
from sayso.readers.html import read_html
from sayso.readers.jsonl import read_jsonl
from sayso.readers.parquet import read_parquet
from sayso.readers.txt import read_txt
from sayso.records import Document

__all__ = [
    "COMPRESSIONS", "DOCUMENT_BYTES", "FORMATS", "STDIN", "Advance", "Fault", "ReadOptions",
    "detect", "expand", "fault", "known_formats", "read", "read_all",
]  # fmt: skip

_READERS: dict[str, Callable[[str, BinaryIO, ReadOptions], Iterator[Document | Fault]]] = {
    "txt": read_txt, "html": read_html, "jsonl": read_jsonl, "csv": read_csv, "parquet": read_parquet,
}  # fmt: skip


def read(path: str, options: ReadOptions, advance: Advance = lambda _: None) -> Iterator[Document | Fault]:
    """Yield the documents of one file, and a fault for each record that cannot be read.

    `advance` is called with the number of raw bytes of every read, for progress.

    Raises:
        DamagedError: when the file cannot be opened, unpacked or read on.
        InputError: when the text column is not there, or `options.strict` finds bytes that are not UTF-8.
    """
    kind = options.format if path == STDIN else detect(path)
    try:
        with open_stream(path, advance) as stream:
            yield from _READERS[kind or "txt"](path, stream, options)
    except READ_ERRORS as error:
        raise DamagedError(f"{path} cannot be read: {error}") from error


def read_all(
    files: Sequence[str], options: ReadOptions, advance: Advance = lambda _: None
) -> Iterator[Document | Fault]:
    """Yield the documents and faults of several files; a damaged file among them is a fault.

    Raises:
        InputError: as `read` does; for a damaged file only when it is the only one and gave nothing.
    """
    for path in files:
        found = False
        try:
            for item in read(path, options, advance):
                found = True
                yield item
        except DamagedError as error:
            if len(files) == 1 and not found:
                raise
            yield Fault(path, 0, f"{error}{'; what was read before it stands' if found else ''}")
