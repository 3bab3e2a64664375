"""Labelled sentences as Arrow tables, built column by column: the sentence table and the document table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from sayso.encode import Ints
from sayso.labelled import Labelled
from sayso.labels import KINDS, LABELS, ROLES
from sayso.records import PLURAL
from sayso.writers import clean_surrogates, record_schema


def sentence_table(labelled: Labelled) -> Any:
    """Return a row a sentence, with the columns and values of `Sentence.to_dict`."""
    import pyarrow as pa

    decoded, config = labelled.decoded, labelled.artifact.config
    schema = record_schema()
    columns: dict[str, Any] = {
        "doc_id": strings([d.id for d in labelled.documents]).take(pa.array(labelled.owner)),
        "sentence_index": labelled.index, "start": labelled.start, "end": labelled.end,
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


def document_table(labelled: Labelled) -> Any:
    """Return a row a document: counts, shares, mean bias, distinct sources, kinds of source."""
    import pyarrow as pa

    documents, owner, best = labelled.documents, labelled.owner, labelled.decoded.best
    schema = document_schema()
    total = np.bincount(owner, minlength=len(documents))
    counts = _counts(owner, best["label"], labelled.artifact.config.heads["label"], LABELS, len(documents))
    kinds = _counts(owner, best["kind"], labelled.artifact.config.heads["kind"], KINDS, len(documents))
    bias = np.bincount(owner, labelled.decoded.bias, minlength=len(documents))
    empty, divisor = total == 0, np.maximum(total, 1)
    columns = {
        "doc_id": strings([d.id for d in documents]), "sentences": total,
        "characters": np.array([len(d.text) for d in documents], np.int64),
        "counts": _struct(counts, LABELS, schema.field("counts").type),
        "shares": _struct(counts / divisor[:, None], LABELS, schema.field("shares").type, empty),
        "mean_bias": pa.array(bias / divisor, mask=empty), "distinct_sources": _distinct_sources(labelled),
        "kinds": _struct(kinds, KINDS, schema.field("kinds").type),
        "model": names(np.zeros(len(documents), np.int64), [labelled.artifact.digest]),
    }  # fmt: skip
    return pa.Table.from_pydict(columns, schema=schema)


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


def _distinct_sources(labelled: Labelled) -> Ints:
    """Return the number of distinct sources of each document; case and spacing do not make another source."""
    spans = labelled.decoded.spans
    sources = np.flatnonzero(spans.role == labelled.artifact.config.roles.index("source"))
    owners, (_, _, texts) = labelled.owner[spans.sentence], labelled.span_places()
    found = {(int(owners[row]), " ".join(texts[row].split()).casefold()) for row in sources.tolist()}
    return np.bincount([owner for owner, _ in found], minlength=len(labelled.documents)).astype(np.int64)
