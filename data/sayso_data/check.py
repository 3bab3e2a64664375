"""Find what is wrong with a set of labelled sentences before anything trains on it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence

from sayso.labels import HEADS, LABELS, ROLES
from sayso_data.near import near_pairs
from sayso_data.schema import Example
from sayso_data.standoff import squeeze

TAGS = ("kind", "stance", "framing")


def faults(splits: Mapping[str, Sequence[Example]], partly: bool = False) -> list[str]:
    """Return every fault of the splits, one line each: labels, offsets, tags, duplicates, overlaps.

    `partly` asks only for the labels and tags that a split has at all, for what others labelled.
    """
    inside = []
    for name, rows in splits.items():
        heads = annotated(rows) if partly else tuple(HEADS)
        inside += [fault for row in rows for fault in row_faults(row, name, heads)]
    return [*inside, *duplicate_faults(splits), *document_faults(splits)]


def annotated(rows: Sequence[Example]) -> tuple[str, ...]:
    """Return the heads that any of the rows has a label for."""
    return tuple(head for head in HEADS if any(getattr(row, head) is not None for row in rows))


def row_faults(row: Example, split: str, heads: Sequence[str] = tuple(HEADS)) -> Iterator[str]:
    """Yield the faults of one sentence whose corpus was annotated for `heads`."""
    where = f"{split} {row.id}"
    if "label" in heads and row.label not in LABELS:
        yield f"{where}: label {row.label!r}; known: {', '.join(LABELS)}"
    for role in sorted({span.role for span in row.spans} - set(ROLES)):
        yield f"{where}: span role {role!r}; known: {', '.join(ROLES)}"
    for span in row.spans:
        if not 0 <= span.start < span.end <= len(row.text):
            yield f"{where}: span {span.start}-{span.end} is outside the {len(row.text)} characters"
    for tag in (tag for tag in TAGS if tag in heads):
        yield from _tag_faults(row, tag, where)


def _tag_faults(row: Example, tag: str, where: str) -> Iterator[str]:
    value = getattr(row, tag)
    attributed = any(span.role in ("source", "cue") for span in row.spans)
    complete = {"source", "cue"} <= set(row.roles)  # else a source may be there that nobody marked
    if (value is None and attributed) or (value is not None and not attributed and complete):
        yield f"{where}: {tag} is {value!r} {'with' if attributed else 'without'} a source or cue"
    elif value is not None and value not in HEADS[tag]:
        yield f"{where}: {tag} {value!r}; known: {', '.join(HEADS[tag])}"


def duplicate_faults(splits: Mapping[str, Sequence[Example]]) -> Iterator[str]:
    """Yield sentences that stand in two splits, and ones with two labels inside a split."""
    seen: dict[str, list[tuple[str, Example]]] = defaultdict(list)
    for name, rows in splits.items():
        for row in rows:
            seen[squeeze(row.text).casefold()].append((name, row))
    for found in seen.values():
        names = {name for name, _ in found}
        ids = ", ".join(row.id for _, row in found)
        if len(names) > 1:
            yield f"the same sentence in {' and '.join(sorted(names))}: {ids}"
        elif len({row.label for _, row in found}) > 1:
            labels = ", ".join(f"{row.id} ({row.label})" for _, row in found)
            yield f"the same sentence with different labels: {labels}"


def near_faults(splits: Mapping[str, Sequence[Example]], threshold: float) -> Iterator[str]:
    """Yield sentences that are nearly the same as an earlier one of any split, or the same with the same label.

    Raises:
        MissingExtraError: without datasketch.
    """
    rows = [(name, row) for name, own in splits.items() for row in own]
    for one, other, similarity in near_pairs([row.text for _, row in rows], threshold):
        (first, a), (second, b) = rows[one], rows[other]
        if similarity == 1 and (first != second or a.label != b.label):
            continue  # `duplicate_faults` has it
        homes = f"in {first}" if first == second else f"in {first} and {second}"
        differ = "" if a.label == b.label else f", labels {a.label} and {b.label}"
        yield f"nearly the same sentence ({similarity:.2f}) {homes}: {a.id}, {b.id}{differ}"


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
