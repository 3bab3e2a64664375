"""One shard of a corpus run: documents in; a sentence table, a document table and a marker out."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sayso.classifier import Classifier
from sayso.corpus import batched
from sayso.manifest import DONE, publish, sync, write_whole
from sayso.readers import Fault
from sayso.records import Document, carry
from sayso.tables import document_table, sentence_table, strings


@dataclass(frozen=True, slots=True)
class Shard:
    """Consecutive documents of the input, and the faults met among them."""

    index: int
    documents: tuple[Document, ...]
    faults: tuple[Fault, ...]


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
    faults = list(shard.faults)
    counts: Counter[str] = Counter()
    sentences, documents = [], []
    for batch in list(batched(shard.documents)) or [[]]:
        labelled = classifier.label_documents(batch, whole)
        extras = _carried_columns(batch, carried, faults)
        documents.append(_append(document_table(labelled), extras))
        repeated = {name: column.take(labelled.owner) for name, column in extras.items()}
        sentences.append(_append(sentence_table(labelled), repeated))
        counts.update(sentences[-1]["label"].to_pylist())
    _write_table(layout.table("sentences", shard.index), sentences)
    _write_table(layout.table("documents", shard.index), documents)
    totals = {"documents": len(shard.documents), "labels": dict(counts), "faults": [asdict(f) for f in faults]}
    write_whole(layout.marker(shard.index), json.dumps(totals, sort_keys=True).encode())


# Columns of the document table that a carried column may not take.
DOCUMENT_FIELDS = ("sentences", "characters", "counts", "shares", "mean_bias", "distinct_sources", "kinds")
CARRIED_TYPES: dict[str, tuple[type, ...]] = {
    "bool": (bool,),
    "int64": (int,),
    "double": (int, float),
    "string": (str,),
}


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


def _fit(document: Document, carried: dict[str, str], faults: list[Fault]) -> dict[str, Any]:
    """Return the carried columns of a document in their types; a value that does not fit is null and a fault."""
    row: dict[str, Any] = {}
    values = carry(document.metadata)
    for name, kind in carried.items():
        value = values.get(name)
        if value is not None and kind == "string" and not isinstance(value, str):
            value = json.dumps(value, ensure_ascii=False, default=str, sort_keys=True)
        if value is not None and (not isinstance(value, CARRIED_TYPES[kind]) or (kind == "int64" and value is True)):
            faults.append(Fault(document.id, 0, f"column {name!r} holds {type(value).__name__}, not {kind}: left out"))
            value = None
        row[name] = value
    return row


def _carried_columns(documents: Sequence[Document], carried: dict[str, str], faults: list[Fault]) -> dict[str, Any]:
    """Return an Arrow array for each carried column, a value a document."""
    import pyarrow as pa

    rows = [_fit(document, carried, faults) for document in documents]
    columns = {name: [row[name] for row in rows] for name in carried}
    return {
        name: strings(values) if carried[name] == "string" else pa.array(values, pa.type_for_alias(carried[name]))
        for name, values in columns.items()
    }


def _append(table: Any, columns: dict[str, Any]) -> Any:
    for name, column in columns.items():
        table = table.append_column(name, column)
    return table


def _write_table(path: Path, tables: Sequence[Any]) -> None:
    """Write a Parquet file that gets its name only when it is whole and on the disk."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".tmp")
    pq.write_table(pa.concat_tables(tables), partial, compression="zstd")
    with partial.open("rb") as stream:
        sync(stream.fileno())
    publish(partial, path)


def cut(items: Iterator[Document | Fault], characters: int) -> Iterator[Shard]:
    """Cut a stream of documents and faults into shards of about `characters`, the same way every time."""
    documents: list[Document] = []
    faults: list[Fault] = []
    index = size = 0
    for item in items:
        if isinstance(item, Fault):
            faults.append(item)
            continue
        documents.append(item)
        size += len(item.text) + 1
        if size >= characters:
            yield Shard(index, tuple(documents), tuple(faults))
            documents, faults, size, index = [], [], 0, index + 1
    if documents or faults:
        yield Shard(index, tuple(documents), tuple(faults))
