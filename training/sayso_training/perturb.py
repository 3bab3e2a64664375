"""Surface perturbations of a sentence as character edits, so that labelled spans can move along."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from sayso_data.schema import SpanLabel

# What headline style leaves in lower case.
SMALL_WORDS: Final = frozenset({
    "a", "an", "and", "as", "at", "but", "by", "for", "from", "in", "into", "of", "off", "on", "or", "over", "the",
    "to",
})  # fmt: skip
_MARKS: Final = re.compile(r"[\"“”„«»]|(?<!\w)[‘'](?=\w)|(?<=[\w.,!?])[’'](?!\w)")


@dataclass(frozen=True, slots=True)
class Edit:
    """Replace the characters from `start` to `end` (exclusive; equal for an insertion) by `text`."""

    start: int
    end: int
    text: str


def apply_edits(text: str, edits: Iterable[Edit]) -> str:
    """Return `text` with all edits made; their offsets are those of the text before any of them."""
    for edit in sorted(edits, key=lambda e: (e.start, e.end), reverse=True):
        text = text[: edit.start] + edit.text + text[edit.end :]
    return text


def move_spans(spans: Iterable[SpanLabel], edits: Sequence[Edit]) -> tuple[SpanLabel, ...]:
    """Return the spans at their places after the edits; what is inserted at an edge stays outside.

    A span whose characters are all deleted is left out.

    Raises:
        ValueError: for an edit that crosses the edge of a span.
    """
    moved = (_moved(span, edits) for span in spans)
    return tuple(span for span in moved if span.end > span.start)


def _moved(span: SpanLabel, edits: Sequence[Edit]) -> SpanLabel:
    if any(e.start < edge < e.end for e in edits for edge in (span.start, span.end)):
        raise ValueError(f"an edit crosses the edge of span {span.start}-{span.end}")
    start = sum(_growth(e) for e in edits if e.end <= span.start)
    end = sum(_growth(e) for e in edits if e.start < span.end and e.end <= span.end)
    return SpanLabel(span.role, span.start + start, span.end + end)


def _growth(edit: Edit) -> int:
    return len(edit.text) - (edit.end - edit.start)


def _each(text: str, change: Callable[[str], str]) -> list[Edit]:
    """Return one edit for every character that `change` maps to another single character."""
    pairs = ((i, c, change(c)) for i, c in enumerate(text))
    return [Edit(i, i + 1, new) for i, old, new in pairs if new != old and len(new) == 1]


def lower(text: str) -> list[Edit]:
    """Put every letter in lower case."""
    return _each(text, str.lower)


def upper(text: str) -> list[Edit]:
    """Put every letter in upper case."""
    return _each(text, str.upper)


def headline(text: str) -> list[Edit]:
    """Capitalise every word but the small ones, as headlines do."""
    starts = [m.start() for m in re.finditer(r"(?<![\w'’])[a-z][\w'’]*", text) if m[0] not in SMALL_WORDS]
    return [Edit(i, i + 1, text[i].upper()) for i in starts]


def typographic(text: str) -> list[Edit]:
    """Turn straight quotation marks and apostrophes into curly ones."""
    return [Edit(m.start(), m.end(), _curly(text, m.start())) for m in re.finditer("\"|(?<!')'(?!')", text)]


def _curly(text: str, place: int) -> str:
    opening = place == 0 or text[place - 1] in " \t\n([“‘—–-"
    return {'"': "“" if opening else "”", "'": "‘" if opening else "’"}[text[place]]


def straight(text: str) -> list[Edit]:
    """Turn curly quotation marks and apostrophes into straight ones."""
    plain = {"“": '"', "”": '"', "‘": "'", "’": "'"}
    return _each(text, lambda c: plain.get(c, c))


def no_quotes(text: str) -> list[Edit]:
    """Delete the quotation marks; apostrophes inside words stay. No perturbation: marks may carry the label."""
    return [Edit(m.start(), m.end(), "") for m in _MARKS.finditer(text)]


def no_commas(text: str) -> list[Edit]:
    """Delete the commas that do not stand inside a number."""
    return [Edit(m.start(), m.end(), "") for m in re.finditer(r",(?!\d)", text)]


def no_stop(text: str) -> list[Edit]:
    """Delete the full stop at the end."""
    return [Edit(len(text) - 1, len(text), "")] if text.endswith(".") else []


PERTURBATIONS: Final[dict[str, Callable[[str], list[Edit]]]] = {
    "lower": lower,
    "upper": upper,
    "headline": headline,
    "typographic": typographic,
    "straight": straight,
    "no-commas": no_commas,
    "no-stop": no_stop,
}
