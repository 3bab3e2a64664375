"""One shard of a corpus run: documents in; a sentence table, a document table and a marker out."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sayso.classifier import Classifier
from sayso.corpus import Tally, labelled, weight, written
from sayso.labels import KINDS, LABELS
from sayso.manifest import DONE, publish, sync, write_whole
from sayso.readers import Fault, ReadOptions, fault, read_all
from sayso.records import Document, Place, carry
from sayso.summary import Summary
from sayso.writers import clean_surrogates, record_schema

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
        return self.folder / name / f"model={self.model.replace(':', '-')}" / f"part-{index:06d}.parquet"

    def marker(self, index: int) -> Path:
        """Return the marker that says a shard is complete."""
        return self.folder / DONE / f"{index:06d}.json"


def score_shard(shard: Shard, classifier: Classifier, layout: Layout, whole: bool, carried: dict[str, str]) -> None:
    """Label a shard and write its tables, then its marker, last."""
    sentences = _ParquetTable(layout.table("sentences", shard.index), record_schema(), carried)
    documents = _ParquetTable(layout.table("documents", shard.index), document_schema(), carried)
    faults, tally, summary = list(shard.faults), Tally(), Summary()
    for scored in labelled(shard.read(), classifier, whole):
        tally.add(scored)
        for part in written(scored):
            sentences.write([s.to_dict() | row for d, own in part for row in [_fit(d, carried)[0]] for s in own])
        rows = []
        for document, own in scored:
            summary.add(own)
            if not document.more:
                row, misfits = _fit(document, carried)
                rows.append(summary.row(document, layout.model) | row)
                faults += misfits
                summary = Summary()
        documents.write(rows)
    sentences.close()
    documents.close()
    totals = {"documents": tally.documents, "labels": dict(tally.labels), "faults": [asdict(f) for f in faults]}
    write_whole(layout.marker(shard.index), json.dumps(totals, sort_keys=True).encode())


def document_schema() -> Any:
    """Return the Arrow schema of the document table without carried columns."""
    import pyarrow as pa

    whole, share = pa.int64(), pa.float64()
    return pa.schema(
        {
            "doc_id": pa.string(), "sentences": whole, "characters": whole,
            "counts": pa.struct({label: whole for label in LABELS}),
            "shares": pa.struct({label: share for label in LABELS}), "mean_bias": share,
            "distinct_sources": whole, "kinds": pa.struct({kind: whole for kind in KINDS}), "model": pa.string(),
        }
    )  # fmt: skip


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


class _ParquetTable:
    """A Parquet file that gets its name only when it is whole and on the disk."""

    def __init__(self, path: Path, schema: Any, carried: dict[str, str]) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        path.parent.mkdir(parents=True, exist_ok=True)
        self._path, self._partial = path, path.with_name(path.name + ".tmp")
        self._schema = pa.schema([*schema, *(pa.field(n, pa.type_for_alias(k)) for n, k in carried.items())])
        self._writer = pq.ParquetWriter(self._partial, self._schema, compression="zstd")

    def write(self, rows: list[dict[str, Any]]) -> None:
        import pyarrow as pa

        try:
            table = pa.Table.from_pylist(rows, schema=self._schema)
        except UnicodeEncodeError:  # a lone surrogate somewhere: rare, so cleaned only then
            table = pa.Table.from_pylist([clean_surrogates(row) for row in rows], schema=self._schema)
        self._writer.write_table(table)

    def close(self) -> None:
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
