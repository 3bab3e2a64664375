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
from sayso.labels import KINDS, LABELS
from sayso.manifest import DONE, publish, sync, write_whole
from sayso.readers import Fault
from sayso.records import Document, Sentence, carry
from sayso.writers import clean_surrogates, record_schema


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
    sentences = _ParquetTable(layout.table("sentences", shard.index), record_schema(), carried)
    documents = _ParquetTable(layout.table("documents", shard.index), document_schema(), carried)
    faults = list(shard.faults)
    counts: Counter[str] = Counter()
    for batch in batched(shard.documents):
        found = classifier.analyze_documents(batch, whole=whole)
        extras = [_fit(document, carried, faults) for document in batch]
        labelled = list(zip(batch, found, extras, strict=True))
        sentences.write([s.to_dict() | extra for _, own, extra in labelled for s in own])
        documents.write([document_row(d, own, layout.model) | extra for d, own, extra in labelled])
        counts.update(s.label for own in found for s in own)
    sentences.close()
    documents.close()
    totals = {"documents": len(shard.documents), "labels": dict(counts), "faults": [asdict(f) for f in faults]}
    write_whole(layout.marker(shard.index), json.dumps(totals, sort_keys=True).encode())


def document_row(document: Document, sentences: Sequence[Sentence], model: str) -> dict[str, Any]:
    """Return the document table's row: counts, shares, mean bias, distinct sources, kinds of source."""
    labels = Counter(s.label for s in sentences)
    kinds = Counter(s.source_kind for s in sentences if s.source_kind)
    names = {" ".join(span.text.split()).casefold() for s in sentences for span in s.sources}
    total = len(sentences)
    return {
        "doc_id": document.id, "sentences": total, "characters": len(document.text),
        "counts": {label: labels[label] for label in LABELS},
        "shares": {label: labels[label] / total if total else None for label in LABELS},
        "mean_bias": sum(s.bias for s in sentences) / total if total else None,
        "distinct_sources": len(names), "kinds": {kind: kinds[kind] for kind in KINDS}, "model": model,
    }  # fmt: skip


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
