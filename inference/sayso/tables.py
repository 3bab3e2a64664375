"""Labelled sentences as Arrow tables, built column by column: the sentence table and the document table."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np

from sayso.encode import Ints
from sayso.labelled import Labelled
from sayso.labels import KINDS, LABELS, ROLES
from sayso.records import PLURAL, Document
from sayso.writers import clean_surrogates, record_schema


def sentence_table(labelled: Labelled) -> Any:
    """Return a row a sentence, with the columns and values of `Sentence.to_dict`."""
    import pyarrow as pa

    decoded, config = labelled.decoded, labelled.artifact.config
    schema = record_schema()
    start, end = labelled.places()
    columns: dict[str, Any] = {
        "doc_id": strings([d.id for d in labelled.documents]).take(pa.array(labelled.owner)),
        "sentence_index": labelled.indices(), "start": start, "end": end,
        "text": strings(labelled.texts()),
        "label": names(decoded.best["label"], config.heads["label"]),
        "probabilities": _struct(decoded.shares["label"], config.heads["label"], schema.field("probabilities").type),
        "label_set": _label_sets(labelled),
        **_spans(labelled, schema.field("sources").type),
        **{f"source_{head}": names(decoded.best[head], config.heads[head]) for head in ("kind", "stance", "framing")},
        "source_side": pa.nulls(len(decoded), schema.field("source_side").type),
        "bias": decoded.bias,
        "model": names(np.zeros(len(decoded), np.int64), [labelled.artifact.digest]),
    }  # fmt: skip
    return pa.Table.from_pydict({name: columns[name] for name in schema.names}, schema=schema)


class DocumentTable:
    """Rows of documents, added up a batch of pieces at a time: counts, shares, mean bias, distinct sources, kinds."""

    def __init__(self) -> None:
        self._documents: list[Document] = []  # the last piece of each document
        self._pieces: list[tuple[Ints, Any, Any, Any]] = []  # number of the document, labels, kinds, bias
        self._names: dict[int, set[str]] = defaultdict(set)
        self._model = ""

    def add(self, labelled: Labelled) -> None:
        """Count a batch of documents or pieces."""
        documents, owner, decoded = labelled.documents, labelled.owner, labelled.decoded
        ended = np.cumsum([0, *(not document.more for document in documents)])[:-1]
        number, heads = len(self._documents) + ended, labelled.artifact.config.heads
        labels = _counts(owner, decoded.best["label"], heads["label"], LABELS, len(documents))
        kinds = _counts(owner, decoded.best["kind"], heads["kind"], KINDS, len(documents))
        self._pieces.append((number, labels, kinds, np.bincount(owner, decoded.bias, minlength=len(documents))))
        for document, name in _sources(labelled):
            self._names[int(number[document])].add(name)
        self._documents += [document for document in documents if not document.more]
        self._model = labelled.artifact.digest

    def table(self) -> Any:
        """Return the Arrow table of the documents that are whole."""
        import pyarrow as pa

        schema, count = document_schema(), len(self._documents)
        if not count:
            return schema.empty_table()
        number, labels, kinds, bias = (np.concatenate(parts) for parts in zip(*self._pieces, strict=True))
        labels, kinds, bias = (_summed(number, values, count) for values in (labels, kinds, bias))
        total = labels.sum(1)
        empty, divisor = total == 0, np.maximum(total, 1)
        columns = {
            "doc_id": strings([d.id for d in self._documents]), "sentences": total,
            "characters": np.array([d.offset + len(d.text) for d in self._documents], np.int64),
            "counts": _struct(labels, LABELS, schema.field("counts").type),
            "shares": _struct(labels / divisor[:, None], LABELS, schema.field("shares").type, empty),
            "mean_bias": pa.array(bias / divisor, mask=empty),
            "distinct_sources": np.array([len(self._names[n]) for n in range(count)], np.int64),
            "kinds": _struct(kinds, KINDS, schema.field("kinds").type),
            "model": names(np.zeros(count, np.int64), [self._model]),
        }  # fmt: skip
        return pa.Table.from_pydict(columns, schema=schema)


def _summed(number: Ints, values: Any, count: int) -> Any:
    """Return the sum of the rows of `values` for each document number."""
    found = np.zeros((count, *values.shape[1:]), values.dtype)
    whole = number < count  # a document that was cut off has no row
    np.add.at(found, number[whole], values[whole])
    return found


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


def strings(values: Sequence[str | None]) -> Any:
    """Return an Arrow string array; lone surrogates, which UTF-8 cannot hold, become U+FFFD."""
    import pyarrow as pa

    try:
        return pa.array(values, pa.string())
    except UnicodeEncodeError:  # rare, so cleaned only then
        return pa.array([clean_surrogates(value) for value in values], pa.string())


def names(numbers: Ints, classes: Sequence[str]) -> Any:
    """Return an Arrow string array of class names; -1 is null."""
    import pyarrow as pa

    indices = pa.array(numbers, mask=numbers < 0)
    return pa.DictionaryArray.from_arrays(indices, pa.array(classes, pa.string()), safe=False).cast(pa.string())


def _struct(values: Any, order: Sequence[str], kind: Any, null: Any = None) -> Any:
    """Return structs of the columns of `values`, which are named by `order`; fields of rows in `null` are null."""
    import pyarrow as pa

    columns = {name: pa.array(np.ascontiguousarray(values[:, i]), mask=null) for i, name in enumerate(order)}
    return pa.StructArray.from_arrays([columns[field.name] for field in kind], fields=list(kind))


def _label_sets(labelled: Labelled) -> Any:
    import pyarrow as pa

    decoded = labelled.decoded
    edges = np.concatenate(([0], np.cumsum(decoded.kept.sum(1))))
    members = names(decoded.ranked[decoded.kept], labelled.artifact.config.heads["label"])
    return pa.ListArray.from_arrays(pa.array(edges, pa.int32()), members)


def _spans(labelled: Labelled, kind: Any) -> dict[str, Any]:
    """Return one column of span lists for each role."""
    import pyarrow as pa

    spans = labelled.decoded.spans
    start, end, texts = labelled.span_places()
    values = [pa.array(start), pa.array(end), strings(texts), pa.array(spans.probability)]
    table = pa.StructArray.from_arrays(values, fields=list(kind.value_type))
    columns = {}
    for role in ROLES:
        rows = np.flatnonzero(spans.role == labelled.artifact.config.roles.index(role))
        edges = np.searchsorted(spans.sentence[rows], np.arange(len(labelled.decoded) + 1))
        columns[PLURAL[role]] = pa.ListArray.from_arrays(pa.array(edges, pa.int32()), table.take(pa.array(rows)))
    return columns


def _counts(owner: Ints, numbers: Ints, classes: Sequence[str], order: Sequence[str], documents: int) -> Ints:
    """Return how often each class occurs in each document, (documents, classes in `order`)."""
    known = numbers >= 0
    cells = np.bincount(owner[known] * len(classes) + numbers[known], minlength=documents * len(classes))
    return cells.reshape(documents, len(classes))[:, [classes.index(name) for name in order]]


def _sources(labelled: Labelled) -> set[tuple[int, str]]:
    """Return (document, name) of the sources; case and spacing do not make another source."""
    spans = labelled.decoded.spans
    sources = np.flatnonzero(spans.role == labelled.artifact.config.roles.index("source"))
    owners, (_, _, texts) = labelled.owner[spans.sentence], labelled.span_places()
    return {(int(owners[row]), " ".join(texts[row].split()).casefold()) for row in sources.tolist()}
