"""Shortcut audit: does the label hang on something that it should not hang on?

Every row has the number of sentences that it rests on; fewer than 20 give no number. A probe that changes the text
keeps the gold label, and counts only the sentences that it changes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from scipy.stats import binomtest

from sayso_data.schema import Example
from sayso_training.evaluate import SMALLEST_SLICE, Predictor, fast_macro_f1
from sayso_training.metrics import bootstrap_interval
from sayso_training.names import FAR_CORPORA, REGIONS
from sayso_training.perturb import apply_edits, lower, no_quotes, no_stop, straight, typographic
from sayso_training.renaming import remove_outlets, replace_outlets, swap_names, world

SAMPLES = 300
SAY = ("say", "says", "said")
SURFACE = (
    ("quotation marks", "removed", no_quotes),
    ("quotation marks", "straight", straight),
    ("quotation marks", "typographic", typographic),
    ("final full stop", "removed", no_stop),
    ("letters", "lower case", lower),
)


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One measured number; `score` and `interval` (95%) are None with fewer than 20 sentences.

    The interval is a bootstrap over sentences for macro-F1 (Efron 1979) and Wilson's for shares.
    """

    probe: str
    value: str
    measure: str
    sentences: int
    score: float | None
    interval: tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class Labelled:
    """The examples of an audit with the label that the model gives each."""

    examples: tuple[Example, ...]
    found: tuple[str, ...]

    def where(self, test: Callable[[Example], bool]) -> Labelled:
        """Return the examples that pass `test`."""
        kept = [pair for pair in zip(self.examples, self.found, strict=True) if test(pair[0])]
        return Labelled(tuple(e for e, _ in kept), tuple(label for _, label in kept))


def audit(predictor: Predictor, examples: Sequence[Example]) -> list[AuditRow]:
    """Return the rows of every probe, in a fixed order.

    Names: persons and places that the lists in `names` know are renamed after each region; a flip is a label that
    is not the one of the unchanged sentence.

    False alarms: how often gold `fact` sentences are called hedge or claim. `far` ones hold a listed name or place from
    outside Western Europe and North America, or come from a corpus on the Middle East and hold a capitalised word
    after the first; `near` ones hold Western names only. This is a proxy for whose news is doubted: names stand for
    people and places only roughly, and topic, corpus and name come together.
    """
    texts = [example.text for example in examples]
    base = Labelled(tuple(examples), tuple(p.label for p in predictor.predict(texts)))
    return [
        *cue_rows(base),
        *group_rows("outlet bias", base, lambda e: e.outlet_bias),
        *group_rows("corpus", base, lambda e: e.corpus),
        *false_alarm_rows(base),
        *(row for name, value, change in _changes() for row in change_rows(predictor, base, name, value, change)),
    ]


def _changes() -> Iterator[tuple[str, str, Callable[[Example], str]]]:
    yield "outlet names", "invented outlet", lambda e: replace_outlets(e.text, e.outlet, e.id)
    yield "outlet names", "the outlet", lambda e: remove_outlets(e.text, e.outlet)
    for region in REGIONS:
        yield "names", region, lambda e, region=region: swap_names(e.text, region, e.id)  # type: ignore[misc]
    for name, value, edits in SURFACE:
        yield name, value, lambda e, edits=edits: apply_edits(e.text, edits(e.text))  # type: ignore[misc]


def cue_rows(base: Labelled) -> Iterator[AuditRow]:
    """Yield macro-F1, and the share of gold claims that are found, by what the gold cue is."""
    for value in ("say, says or said", "another cue", "no cue"):
        part = base.where(lambda e, value=value: cue_class(e) == value)  # type: ignore[misc]
        yield _macro("cue", value, part)
        claims = part.where(lambda e: e.label == "claim")
        yield _share("cue", value, "claims found", [label == "claim" for label in claims.found])


def cue_class(example: Example) -> str:
    """Say which cue an example's gold has; one say, says or said among several decides."""
    cues = {example.text[s.start : s.end].lower() for s in example.spans if s.role == "cue"}
    return "no cue" if not cues else "say, says or said" if cues & set(SAY) else "another cue"


def group_rows(probe: str, base: Labelled, key: Callable[[Example], str | None]) -> Iterator[AuditRow]:
    """Yield macro-F1 of every value of `key`."""
    for value in sorted({str(key(e)) for e in base.examples if key(e)}):
        yield _macro(probe, value, base.where(lambda e, value=value: key(e) == value))  # type: ignore[misc]


def false_alarm_rows(base: Labelled) -> Iterator[AuditRow]:
    """Yield how often gold facts are called hedge or claim, by whose names they hold (see `audit`)."""
    facts = base.where(lambda e: e.label == "fact")
    for value in ("far", "near"):
        part = facts.where(lambda e, value=value: whose(e) == value)  # type: ignore[misc]
        for label in ("hedge", "claim"):
            yield _share("false alarms", f"{value} names", f"called {label}", [found == label for found in part.found])


def whose(example: Example) -> str | None:
    """Say whether a sentence is about people and places `far` or `near`; None when nothing tells (see `audit`)."""
    if example.corpus in FAR_CORPORA and re.search(r"\s[A-Z]", example.text):
        return "far"
    return world(example.text)


def change_rows(
    predictor: Predictor, base: Labelled, probe: str, value: str, change: Callable[[Example], str]
) -> Iterator[AuditRow]:
    """Yield macro-F1 before and after a change of the text, and the share of labels that flip."""
    part = base.where(lambda e: change(e) != e.text)
    after = tuple(p.label for p in predictor.predict([change(e) for e in part.examples])) if part.examples else ()
    yield _macro(probe, value, part, "macro-F1 before")
    yield _macro(probe, value, Labelled(part.examples, after), "macro-F1 after")
    yield _share(probe, value, "flips", [a != b for a, b in zip(part.found, after, strict=True)])


def _macro(probe: str, value: str, part: Labelled, measure: str = "macro-F1") -> AuditRow:
    size = len(part.examples)
    if size < SMALLEST_SLICE:
        return AuditRow(probe, value, measure, size, None, None)
    gold, found = np.array([e.label for e in part.examples]), np.array(part.found)
    interval = bootstrap_interval(lambda rows: fast_macro_f1(gold[rows], found[rows]), size, SAMPLES)
    return AuditRow(probe, value, measure, size, fast_macro_f1(gold, found), interval)


def _share(probe: str, value: str, measure: str, hits: Sequence[bool]) -> AuditRow:
    if len(hits) < SMALLEST_SLICE:
        return AuditRow(probe, value, measure, len(hits), None, None)
    low_high = binomtest(sum(hits), len(hits)).proportion_ci(method="wilson")
    interval = (float(low_high.low), float(low_high.high))
    return AuditRow(probe, value, measure, len(hits), sum(hits) / len(hits), interval)


def audit_json(rows: Sequence[AuditRow]) -> list[dict[str, Any]]:
    """Return the rows as JSON-ready values."""
    return [asdict(row) for row in rows]


def audit_table(rows: Sequence[AuditRow]) -> str:
    """Return the rows as a Markdown table."""
    lines = ["| probe | value | measure | score | 95% interval | sentences |", "| --- | --- | --- | --- | --- | --- |"]
    for row in rows:
        score = "too few" if row.score is None else f"{row.score:.3f}"
        interval = "-" if row.interval is None else f"{row.interval[0]:.3f}-{row.interval[1]:.3f}"
        lines.append(f"| {row.probe} | {row.value} | {row.measure} | {score} | {interval} | {row.sentences} |")
    return "\n".join(lines) + "\n"
