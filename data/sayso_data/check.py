"""Find what is wrong with a set of labelled sentences before anything trains on it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence

from sayso.labels import HEADS, LABELS, ROLES
from sayso_data.schema import Example

TAGS = ("kind", "stance", "framing")


def faults(splits: Mapping[str, Sequence[Example]]) -> list[str]:
    """Return every fault of the splits, one line each: labels, offsets, tags, duplicates, overlaps."""
    inside = [fault for name, rows in splits.items() for row in rows for fault in row_faults(row, name)]
    return [*inside, *duplicate_faults(splits), *document_faults(splits)]


def row_faults(row: Example, split: str) -> Iterator[str]:
    """Yield the faults of one sentence."""
    where = f"{split} {row.id}"
    if row.label not in LABELS:
        yield f"{where}: label {row.label!r}; known: {', '.join(LABELS)}"
    for span in row.spans:
        if span.role not in ROLES:
            yield f"{where}: span role {span.role!r}; known: {', '.join(ROLES)}"
        if not 0 <= span.start < span.end <= len(row.text):
            yield f"{where}: span {span.start}-{span.end} is outside the {len(row.text)} characters"
    attributed = any(span.role in ("source", "cue") for span in row.spans)
    for tag in TAGS:
        value = getattr(row, tag)
        if (value is not None) != attributed:
            yield f"{where}: {tag} is {value!r} {'with' if attributed else 'without'} a source or cue"
        elif value is not None and value not in HEADS[tag]:
            yield f"{where}: {tag} {value!r}; known: {', '.join(HEADS[tag])}"


def duplicate_faults(splits: Mapping[str, Sequence[Example]]) -> Iterator[str]:
    """Yield sentences that stand in two splits, and ones with two labels inside a split."""
    seen: dict[str, list[tuple[str, Example]]] = defaultdict(list)
    for name, rows in splits.items():
        for row in rows:
            seen[row.text.casefold()].append((name, row))
    for found in seen.values():
        names = {name for name, _ in found}
        ids = ", ".join(row.id for _, row in found)
        if len(names) > 1:
            yield f"the same sentence in {' and '.join(sorted(names))}: {ids}"
        elif len({row.label for _, row in found}) > 1:
            yield f"the same sentence with different labels: {ids}"


def document_faults(splits: Mapping[str, Sequence[Example]]) -> Iterator[str]:
    """Yield documents that stand in two splits."""
    homes: dict[tuple[str, str], set[str]] = defaultdict(set)
    for name, rows in splits.items():
        for row in rows:
            homes[row.corpus, row.doc].add(name)
    for (corpus, doc), names in homes.items():
        if len(names) > 1:
            yield f"document {corpus} {doc!r} in {' and '.join(sorted(names))}"


def class_counts(rows: Sequence[Example]) -> dict[str, dict[str, int]]:
    """Return how often each class of each head and each span role occurs."""
    counts = {head: dict(Counter(v for row in rows if (v := getattr(row, head)))) for head in HEADS}
    return {**counts, "spans": dict(Counter(span.role for row in rows for span in row.spans))}
