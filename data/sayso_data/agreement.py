"""How far annotators agree: kappa and alpha for every field, F1 for spans, and where they differ."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import mean
from typing import Any

from sayso.errors import DataError, MissingExtraError
from sayso.labels import HEADS, ROLES
from sayso_data.schema import Example

Labels = Mapping[str, Sequence[Example]]


@dataclass(frozen=True, slots=True)
class Unit:
    """One sentence and what each annotator made of it, by name."""

    text: str
    answers: Mapping[str, Example]


@dataclass(frozen=True, slots=True)
class FieldAgreement:
    """Agreement on one field over the `units` that two or more annotators gave a value.

    `agreed` is the share of pairs of answers that are the same; `kappas` is Cohen's, a pair of annotators, and
    `alpha` Krippendorff's, both None where only one value occurs. Bias is a number: alpha with squared distance.
    """

    field: str
    units: int
    agreed: float | None
    kappas: Mapping[str, float | None]
    alpha: float | None


@dataclass(frozen=True, slots=True)
class SpanAgreement:
    """F1 of one role between annotators, the mean over pairs: of whole spans, and of the characters in spans."""

    role: str
    spans: int
    exact: float | None
    characters: float | None


def match(labels: Labels) -> list[Unit]:
    """Return the sentences that two or more annotators labelled, matched by text and, among repeats, by order.

    Raises:
        DataError: when there is none.
    """
    found: dict[tuple[str, int], dict[str, Example]] = defaultdict(dict)
    for name, rows in labels.items():
        times: dict[str, int] = defaultdict(int)
        for row in rows:
            found[row.text, times[row.text]][name] = row
            times[row.text] += 1
    units = [Unit(text, answers) for (text, _), answers in found.items() if len(answers) > 1]
    if not units:
        first = "; ".join(f"{name} begins {rows[0].text[:40]!r}" for name, rows in labels.items() if rows)
        raise DataError(f"no sentence is in two of {', '.join(labels)}; {first}")
    return units


def field_agreement(units: Sequence[Unit], field: str) -> FieldAgreement:
    """Return the agreement on one head, or on `bias`.

    Raises:
        MissingExtraError: without scikit-learn or NLTK.
    """
    valued = [{n: v for n, row in u.answers.items() if (v := getattr(row, field)) is not None} for u in units]
    valued = [values for values in valued if len(values) > 1]
    pairs = [one == other for values in valued for one, other in combinations(values.values(), 2)]
    names = list(dict.fromkeys(name for unit in units for name in unit.answers))
    kappas = {} if field == "bias" else {f"{a}, {b}": _kappa(valued, a, b) for a, b in combinations(names, 2)}
    return FieldAgreement(field, len(valued), mean(pairs) if pairs else None, kappas, _alpha(valued, field == "bias"))


def _kappa(valued: Sequence[Mapping[str, Any]], one: str, other: str) -> float | None:
    try:
        from sklearn.metrics import cohen_kappa_score
    except ImportError as error:
        raise MissingExtraError("agreement", "data") from error
    both = [(values[one], values[other]) for values in valued if one in values and other in values]
    if len({value for pair in both for value in pair}) < 2:
        return None
    return float(cohen_kappa_score(*zip(*both, strict=True)))


def _alpha(valued: Sequence[Mapping[str, Any]], numbers: bool) -> float | None:
    try:
        from nltk.metrics import binary_distance, interval_distance
        from nltk.metrics.agreement import AnnotationTask
    except ImportError as error:
        raise MissingExtraError("agreement", "data") from error
    if len({value for values in valued for value in values.values()}) < 2:
        return None
    data = [(name, unit, value) for unit, values in enumerate(valued) for name, value in values.items()]
    return float(AnnotationTask(data=data, distance=interval_distance if numbers else binary_distance).alpha())


def span_agreement(units: Sequence[Unit], role: str) -> SpanAgreement:
    """Return the agreement on one role over the sentences for which two annotators marked it or could have."""
    names = list(dict.fromkeys(name for unit in units for name in unit.answers))
    exact, characters, spans = [], [], 0
    for one, other in combinations(names, 2):
        pairs = [(_spans(a, role), _spans(b, role)) for a, b in _answers(units, one, other) if _both(a, b, role)]
        spans += sum(len(a) + len(b) for a, b in pairs)
        exact.append(_f1(pairs))
        characters.append(_f1([(_inside(a), _inside(b)) for a, b in pairs]))
    return SpanAgreement(role, spans, _mean(exact), _mean(characters))


def _answers(units: Sequence[Unit], one: str, other: str) -> Iterator[tuple[Example, Example]]:
    for unit in units:
        if one in unit.answers and other in unit.answers:
            yield unit.answers[one], unit.answers[other]


def _both(one: Example, other: Example, role: str) -> bool:
    return role in one.roles and role in other.roles


def _spans(row: Example, role: str) -> set[tuple[int, int]]:
    return {(span.start, span.end) for span in row.spans if span.role == role}


def _inside(spans: set[tuple[int, int]]) -> set[int]:
    return {place for start, end in spans for place in range(start, end)}


def _f1(pairs: Sequence[tuple[set[Any], set[Any]]]) -> float | None:
    """Return F1 of one side against the other, which is the same both ways; None where neither marked anything."""
    total = sum(len(a) + len(b) for a, b in pairs)
    return 2 * sum(len(a & b) for a, b in pairs) / total if total else None


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return mean(known) if known else None


def disagreements(units: Sequence[Unit]) -> Iterator[dict[str, Any]]:
    """Yield a row for each sentence and field on which annotators differ, with the answer of each by name.

    Spans are quoted with their place, as in `The mayor [0-9]`; an answer that was not given is None.
    """
    for unit in units:
        rows = list(unit.answers.values())
        for field in (*HEADS, "bias"):
            answers: dict[str, Any] = {name: getattr(row, field) for name, row in unit.answers.items()}
            if len(set(answers.values())) > 1:
                yield _row(unit, field, answers)
        for role in ROLES:
            if all(role in row.roles for row in rows) and len({frozenset(_spans(row, role)) for row in rows}) > 1:
                yield _row(unit, role, {name: _quoted(row, role) for name, row in unit.answers.items()})


def _row(unit: Unit, field: str, answers: Mapping[str, Any]) -> dict[str, Any]:
    first = next(iter(unit.answers.values()))
    return {"id": first.id, "doc": first.doc, "text": unit.text, "field": field, "answers": dict(answers)}


def _quoted(row: Example, role: str) -> str:
    return "; ".join(f"{row.text[start:end]} [{start}-{end}]" for start, end in sorted(_spans(row, role))) or "-"
