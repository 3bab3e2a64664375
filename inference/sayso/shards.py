"""One shard of a corpus run: documents in; a sentence table, a document table and a marker out."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import chain, pairwise
from pathlib import Path
from typing import Any

import numpy as np

from sayso.classifier import Classifier
from sayso.corpus import BATCH_WRITTEN, Tally, label_batches, weight
from sayso.labelled import Labelled
from sayso.manifest import DONE, publish, sync, write_whole
from sayso.readers import Fault, ReadOptions, fault, read_all
from sayso.records import Document, Place, carry, extent
from sayso.tables import DocumentTable, document_schema, sentence_table, strings
from sayso.writers import record_schema

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
    """Where the files of a run are; `model` names the partition."""

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
    sentences = _ParquetTable(layout.table("sentences", shard.index), record_schema(), carried)
    documents = _ParquetTable(layout.table("documents", shard.index), document_schema(), carried)
    faults, tally, rows, extras = list(shard.faults), Tally(), DocumentTable(), []
    for labelled in label_batches(shard.read(), classifier, whole):
        tally.add(labelled)
        rows.add(labelled)
        columns, misfits = _carried_columns(labelled.documents, carried)
        faults += misfits
        extras.append(columns.filter([not document.more for document in labelled.documents]))
        for table in _with_columns(labelled, columns):
            sentences.write(table)
    sentences.close()
    documents.write(_append(rows.table(), extras))
    documents.close()
    totals = {"documents": tally.documents, "labels": dict(tally.labels), "faults": [asdict(f) for f in faults]}
    write_whole(layout.marker(shard.index), json.dumps(totals, sort_keys=True).encode())


def _with_columns(labelled: Labelled, columns: Any) -> Iterator[Any]:
    """Yield the sentence table with the columns carried along, in parts that can be held at once."""
    import pyarrow as pa

    table, owner = sentence_table(labelled), labelled.owner
    sizes = np.array([extent(document.metadata)[0] for document in labelled.documents], np.int64)[owner]
    part = np.cumsum(sizes) // BATCH_WRITTEN
    edges = [0, *(np.flatnonzero(np.diff(part)) + 1).tolist(), len(owner)]
    for start, end in pairwise(edges):
        yield _append(table.slice(start, end - start), [columns.take(pa.array(owner[start:end]))])


def _append(table: Any, columns: Sequence[Any]) -> Any:
    """Return `table` with the columns of tables that lie one below the other beside it."""
    import pyarrow as pa

    beside = pa.concat_tables(columns) if columns else pa.table({})
    for name in beside.column_names:
        table = table.append_column(name, beside.column(name))
    return table


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
            if value is not None and name not in found:
                found[name] = _type_of(value)
    return found


def _type_of(value: Any) -> str:
    names = {bool: "bool", int: "int64", float: "double"}
    return names.get(type(value), "string")


def _fit(document: Document, carried: dict[str, str]) -> tuple[dict[str, Any], list[Fault]]:
    """Return the carried columns of a document in their types; a value without a place in them is a fault."""
    row: dict[str, Any] = {}
    values, place = carry(document.metadata), document.place or Place(document.id, 0)
    late = [name for name, value in values.items() if value is not None and name not in carried]
    faults = [fault(place, f"columns that the first documents lack: {', '.join(late)}: left out")] if late else []
    for name, kind in carried.items():
        value = values.get(name)
        if value is not None and kind == "string" and not isinstance(value, str):
            value = json.dumps(value, ensure_ascii=False, default=str, sort_keys=True)
        if value is not None and not _fits(value, kind):
            reason = f"column {name!r} holds {type(value).__name__}, not {kind}: left out"
            faults.append(fault(place, reason))
            value = None
        row[name] = value
    return row, faults


def _fits(value: Any, kind: str) -> bool:
    if not isinstance(value, CARRIED_TYPES[kind]) or (isinstance(value, bool) and kind != "bool"):
        return False
    return not isinstance(value, int) or -LARGEST - 1 <= value <= LARGEST


def _carried_columns(documents: Sequence[Document], carried: dict[str, str]) -> tuple[Any, list[Fault]]:
    """Return a table of the carried columns, a row a document, and the faults of documents that end here."""
    import pyarrow as pa

    rows = [_fit(document, carried) for document in documents]
    ended = [faults for document, (_, faults) in zip(documents, rows, strict=True) if not document.more]
    columns = {name: [row[name] for row, _ in rows] for name in carried}
    arrays = {
        name: strings(values) if carried[name] == "string" else pa.array(values, pa.type_for_alias(carried[name]))
        for name, values in columns.items()
    }
    return pa.table(arrays) if arrays else pa.table({"": pa.nulls(len(rows))}).select([]), [*chain.from_iterable(ended)]


class _ParquetTable:
    """A Parquet file that gets its name only when it is whole and on the disk."""

    def __init__(self, path: Path, schema: Any, carried: dict[str, str]) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        path.parent.mkdir(parents=True, exist_ok=True)
        self._path, self._partial = path, path.with_name(path.name + ".tmp")
        self._schema = pa.schema([*schema, *(pa.field(n, pa.type_for_alias(k)) for n, k in carried.items())])
        self._writer = pq.ParquetWriter(self._partial, self._schema, compression="zstd")
        self._waiting: list[Any] = []

    def write(self, table: Any) -> None:
        """Append rows; they are written once they make a row group."""
        self._waiting.append(table)
        if sum(waiting.nbytes for waiting in self._waiting) >= ROW_GROUP:
            self._flush()

    def _flush(self) -> None:
        import pyarrow as pa

        if self._waiting:
            self._writer.write_table(pa.concat_tables(self._waiting).cast(self._schema))
            self._waiting = []

    def close(self) -> None:
        """Write what waits and the footer, and give the file its name."""
        self._flush()
        self._writer.close()
        with self._partial.open("rb") as stream:
            sync(stream.fileno())
        publish(self._partial, self._path)


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
