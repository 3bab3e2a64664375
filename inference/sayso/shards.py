"""One shard of a corpus run: documents in; a sentence table, a document table and a marker out."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from sayso.classifier import Classifier
from sayso.corpus import BATCH_WRITTEN, batched, pieces, weight
from sayso.encode import Ints
from sayso.manifest import DONE, publish, sync, write_whole
from sayso.readers import Fault, ReadOptions, fault, read_all
from sayso.records import Document, Place, carry, extent
from sayso.summary import LongDocument
from sayso.tables import document_table, sentence_table, strings

ROW_GROUP = 64_000_000  # bytes of a table held before they are written: most shards have less
FAULT_CHARACTERS = 500  # what a fault counts for in the size of a shard, which must end also where all is broken


@dataclass(frozen=True, slots=True)
class Shard:
    """Consecutive documents of the input, and the faults met among them.

    A text file too long to be one `Document` is a shard of its own, which holds the name of the file: the worker
    reads it again, piece by piece. So such a document is labelled by one worker and, when stopped, from its start.
    """

    index: int
    documents: tuple[Document, ...]
    faults: tuple[Fault, ...]
    file: str | None = None
    options: ReadOptions = ReadOptions()  # noqa: RUF009 - a frozen value

    def read(self) -> Iterable[Document]:
        """Return the documents, or the pieces of the one document."""
        if self.file is None:
            return self.documents
        return (item for item in read_all([self.file], self.options) if isinstance(item, Document))


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the files of a run are; `model` names the partition.

    Its key is `model_id`: a key that is also a column, as `model` is, stops pandas and hides the column elsewhere.
    """

    folder: Path
    model: str

    def table(self, name: str, index: int) -> Path:
        """Return the file of one shard of the table `sentences` or `documents`."""
        return self.folder / name / f"model_id={self.model.replace(':', '-')}" / f"part-{index:06d}.parquet"

    def marker(self, index: int) -> Path:
        """Return the marker that says a shard is complete."""
        return self.folder / DONE / f"{index:06d}.json"


def score_shard(shard: Shard, classifier: Classifier, layout: Layout, whole: bool, carried: dict[str, str]) -> None:
    """Label a shard and write its tables, then its marker, last."""
    sentences = _ParquetTable(layout.table("sentences", shard.index))
    documents = _ParquetTable(layout.table("documents", shard.index))
    faults, counts, long = list(shard.faults), Counter[str](), LongDocument(layout.model)
    parts = shard.read() if whole else (piece for document in shard.read() for piece in pieces(document))
    for batch in chain([[]], batched(parts)):  # the empty batch gives an empty table its columns
        labelled = classifier.label_documents(batch, whole)
        first = batch[0] if batch else None
        if first and first.is_piece:
            table, rows = long.add(first, labelled.sentences()[0])
        else:
            table, rows = sentence_table(labelled), document_table(labelled)
        extras = _carried_columns(batch, carried, [] if first and first.offset else faults)
        for part in _carrying(table, labelled.owner, extras, batch):
            sentences.add(part)
        documents.add(_append(rows, {name: column.slice(0, rows.num_rows) for name, column in extras.items()}))
        counts.update(table["label"].to_pylist())
    sentences.close()
    totals = {"documents": documents.close(), "labels": dict(counts), "faults": [asdict(f) for f in faults]}
    write_whole(layout.marker(shard.index), json.dumps(totals, sort_keys=True).encode())


def _carrying(table: Any, owner: Ints, extras: dict[str, Any], batch: Sequence[Document]) -> Iterator[Any]:
    """Yield the sentences with the columns of their documents, as many at a time as can be held."""
    heaviest = max((extent(document.metadata)[0] for document in batch), default=0)
    step = max(1, BATCH_WRITTEN // (heaviest + 1))
    for start in range(0, max(table.num_rows, 1), step):
        rows = owner[start : start + step]
        yield _append(table.slice(start, step), {name: column.take(rows) for name, column in extras.items()})


# Columns of the document table that a carried column may not take.
DOCUMENT_FIELDS = ("sentences", "characters", "counts", "shares", "mean_bias", "distinct_sources", "kinds")
CARRIED_TYPES: dict[str, tuple[type, ...]] = {
    "bool": (bool,),
    "int64": (int,),
    "double": (int, float),
    "string": (str,),
}
LARGEST = 2**63 - 1  # of the type int64


def carried_types(documents: Sequence[Document]) -> dict[str, str]:
    """Return the type of each carried column, as the first documents have it; what is not plain is JSON text."""
    found: dict[str, str] = {}
    for document in documents:
        for name, value in carry(document.metadata).items():
            if value is not None and name not in found and name not in DOCUMENT_FIELDS:
                found[name] = _type_of(value)
    return found


def _type_of(value: Any) -> str:
    names = {bool: "bool", int: "int64", float: "double"}
    return names.get(type(value), "string")


def _fit(document: Document, carried: dict[str, str]) -> tuple[dict[str, Any], list[Fault]]:
    """Return the carried columns of a document in their types; a value that does not fit is null and a fault."""
    row: dict[str, Any] = {}
    faults: list[Fault] = []
    values = carry(document.metadata)
    for name, kind in carried.items():
        value = values.get(name)
        if value is not None and kind == "string" and not isinstance(value, str):
            value = json.dumps(value, ensure_ascii=False, default=str, sort_keys=True)
        if value is not None and not _fits(value, kind):
            reason = f"column {name!r} holds {type(value).__name__}, not {kind}: left out"
            faults.append(fault(document.place or Place(document.id, 0), reason))
            value = None
        row[name] = value
    return row, faults


def _fits(value: Any, kind: str) -> bool:
    if not isinstance(value, CARRIED_TYPES[kind]) or (isinstance(value, bool) and kind != "bool"):
        return False
    return not isinstance(value, int) or -LARGEST - 1 <= value <= LARGEST


def _carried_columns(documents: Sequence[Document], carried: dict[str, str], faults: list[Fault]) -> dict[str, Any]:
    """Return an Arrow array for each carried column, a value a document."""
    import pyarrow as pa

    rows = []
    for document in documents:
        row, misfits = _fit(document, carried)
        rows.append(row)
        faults += misfits
    columns = {name: [row[name] for row in rows] for name in carried}
    return {
        name: strings(values) if carried[name] == "string" else pa.array(values, pa.type_for_alias(carried[name]))
        for name, values in columns.items()
    }


def _append(table: Any, columns: dict[str, Any]) -> Any:
    for name, column in columns.items():
        table = table.append_column(name, column)
    return table


class _ParquetTable:
    """A Parquet file that gets its name only when it is whole and on the disk."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path, self._partial = path, path.with_name(path.name + ".tmp")
        self._waiting: list[Any] = []
        self._writer: Any = None
        self._rows = 0

    def add(self, table: Any) -> None:
        """Append rows; they are written once they make a row group."""
        self._waiting.append(table)
        self._rows += table.num_rows
        if sum(waiting.nbytes for waiting in self._waiting) >= ROW_GROUP:
            self._write()

    def _write(self) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        group = pa.concat_tables(self._waiting)
        self._waiting = []
        self._writer = self._writer or pq.ParquetWriter(self._partial, group.schema, compression="zstd")
        self._writer.write_table(group)

    def close(self) -> int:
        """Finish and publish the file; return the number of its rows."""
        if self._waiting:
            self._write()
        self._writer.close()
        with self._partial.open("rb") as stream:
            sync(stream.fileno())
        publish(self._partial, self._path)
        return self._rows


def cut(items: Iterator[Document | Fault], characters: int, options: ReadOptions) -> Iterator[Shard]:
    """Cut a stream of documents and faults into shards of about `characters`, the same way every time.

    A document in pieces becomes a shard of its own.
    """
    documents: list[Document] = []
    faults: list[Fault] = []
    index = size = 0
    for item in items:
        if isinstance(item, Fault):
            faults.append(item)
            size += FAULT_CHARACTERS
        elif item.more:
            if documents or faults:
                yield Shard(index, tuple(documents), tuple(faults))
                documents, faults, size, index = [], [], 0, index + 1
            yield Shard(index, (), tuple(_rest(items)), item.place.file if item.place else item.id, options)
            index += 1
        else:
            documents.append(item)
            size += weight(item)
        if size >= characters:
            yield Shard(index, tuple(documents), tuple(faults))
            documents, faults, size, index = [], [], 0, index + 1
    if documents or faults:
        yield Shard(index, tuple(documents), tuple(faults))


def _rest(items: Iterator[Document | Fault]) -> Iterator[Fault]:
    """Pass over the further pieces of a document; yield the faults met among them."""
    for item in items:
        if isinstance(item, Fault):
            yield item
        elif not item.more:
            return
