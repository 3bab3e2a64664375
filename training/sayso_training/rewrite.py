"""Rebuild a labelled sentence from pieces of it and new words; every span keeps its exact place."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from sayso_data.schema import Example, SpanLabel
from sayso_training.perturb import Edit, apply_edits, move_spans

_MARK = re.compile(r"\[([^\]]+)\]\((\w+)\)")


@dataclass(frozen=True, slots=True)
class Keep:
    """The characters from `start` to `end` of the old sentence; `first` changes the case of the first one."""

    start: int
    end: int
    first: Literal["upper", "lower"] | None = None


@dataclass(frozen=True, slots=True)
class New:
    """Words that the old sentence does not have; with a role they are a span."""

    text: str
    role: str | None = None


Piece = Keep | New


def compose(example: Example, pieces: Sequence[Piece], suffix: str, **changes: Any) -> Example | None:
    """Return the example with the text of `pieces`, its spans moved along, and other fields changed.

    None when a kept piece would cut a span in two.
    """
    if any(_cuts(piece, span) for piece in pieces if isinstance(piece, Keep) for span in example.spans):
        return None
    text, spans = "", list[SpanLabel]()
    for piece in pieces:
        if isinstance(piece, New):
            spans += [SpanLabel(piece.role, len(text), len(text) + len(piece.text))] if piece.role else []
            text += piece.text
        else:
            spans += _kept(example, piece, len(text) - piece.start)
            text += recased(example.text[piece.start : piece.end], piece.first)
    ordered = tuple(sorted(spans, key=lambda s: (s.start, s.end, s.role)))
    return _renewed(example, text, ordered, suffix, **changes)


def _cuts(piece: Keep, span: SpanLabel) -> bool:
    return any(span.start < edge < span.end for edge in (piece.start, piece.end))


def _kept(example: Example, piece: Keep, shift: int) -> list[SpanLabel]:
    inside = [s for s in example.spans if piece.start <= s.start and s.end <= piece.end]
    return [SpanLabel(s.role, s.start + shift, s.end + shift) for s in inside]


def _renewed(example: Example, text: str, spans: tuple[SpanLabel, ...], suffix: str, **changes: Any) -> Example:
    return replace(example, id=f"{example.id}+{suffix}", text=text, spans=spans, natural=False, **changes)


def edited(example: Example, edits: Sequence[Edit], suffix: str) -> Example:
    """Return the example with the edits made in its text and its spans moved along.

    Raises:
        ValueError: for an edit that crosses the edge of a span.
    """
    return _renewed(example, apply_edits(example.text, edits), move_spans(example.spans, edits), suffix)


def recased(text: str, first: Literal["upper", "lower"] | None) -> str:
    """Return the text with its first character in the case named, where that is one character again."""
    if first is None or not text:
        return text
    changed = text[0].upper() if first == "upper" else text[0].lower()
    return changed + text[1:] if len(changed) == 1 else text


def parse_marked(text: str) -> tuple[str, tuple[SpanLabel, ...]]:
    """Return the plain text and the spans of `... [words](role) ...`."""
    plain, spans, place = "", list[SpanLabel](), 0
    for match in _MARK.finditer(text):
        plain += text[place : match.start()]
        spans.append(SpanLabel(match[2], len(plain), len(plain) + len(match[1])))
        plain, place = plain + match[1], match.end()
    return plain + text[place:], tuple(spans)
