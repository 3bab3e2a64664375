"""Text to sentences: exact code point offsets, whatever the text holds."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

PIECE = 200_000  # characters of one document that are split and labelled at a time
SEGMENTER = "nupunkt-paragraphs-1"
_BREAKS = "\r\n\v\f\x1c\x1d\x1e\x85\u2028\u2029"
_LINE = re.compile(f"[^{_BREAKS}]+")
# A lower-case word of four letters or more is hardly ever an abbreviation, so its full stop ends a sentence.
_MISSED = re.compile(r"[a-z]{4}[.!?][\"”’)]*(\s+)(?=[“\"‘(]?[A-Z])")
_CLOSERS = re.compile(r"[\"'”’»)\]]+(?=\s)")


@cache
def _splitter() -> Any:
    import nupunkt

    return nupunkt.load_default_model()


def split_sentences(text: str) -> list[tuple[int, int]]:
    """Return the (start, end) of every sentence in `text`, in order and never overlapping.

    A line break always ends a sentence: news text holds one paragraph a line. Offsets count code points,
    white space around a sentence is outside it, and a stretch without a letter or digit is left out.
    """
    return [span for line in _LINE.finditer(text) for span in _split_line(text, *line.span())]


def piece_end(text: str, start: int = 0) -> int:
    """Return where the piece of at most PIECE characters that begins at `start` may end without cutting a sentence.

    That is after its last line break; in a line longer than a piece, before its last sentence; in a sentence
    longer than a piece, after its last space; and in a word longer than a piece, wherever the piece is full.
    """
    full = start + PIECE
    if len(text) <= full:
        return len(text)
    after_break = max(text.rfind(mark, start, full) for mark in _BREAKS) + 1
    if after_break > start:
        return after_break
    sentences = split_sentences(text[start:full])
    if len(sentences) > 1:
        return start + sentences[-1][0]
    space = text.rfind(" ", start, full) + 1
    return space if space > start else full


def _split_line(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    line = text[start:end]
    found = [part for span in _splitter().span_tokenize(line) for part in _parted(line, *span)]
    for left, right in _joined(line, found):
        trimmed = _trim(line, left, right)
        if trimmed is not None:
            yield start + trimmed[0], start + trimmed[1]


def _parted(line: str, left: int, right: int) -> Iterator[tuple[int, int]]:
    """Split a span where the splitter took the end of a plain word for an abbreviation."""
    for missed in _MISSED.finditer(line, left, right):
        if missed.end() < right:
            yield left, missed.end()
            left = missed.end()
    yield left, right


def _joined(line: str, spans: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Give a closing quotation mark that opens a sentence back to the sentence before it."""
    previous: tuple[int, int] | None = None
    for left, right in spans:
        if previous is not None:
            stray = _CLOSERS.match(line, left) if _opens_with_closer(line, left, previous) else None
            cut = stray.end() if stray else left
            yield previous[0], cut if stray else previous[1]
            left = cut
        previous = (left, right)
    if previous is not None:
        yield previous


def _opens_with_closer(line: str, left: int, previous: tuple[int, int]) -> bool:
    mark = line[left : left + 1]
    if mark in ("”", "’", "»", ")", "]"):
        return True
    return mark in ('"', "'") and line.count(mark, *previous) % 2 == 1


def _trim(line: str, left: int, right: int) -> tuple[int, int] | None:
    while left < right and line[left].isspace():
        left += 1
    while right > left and line[right - 1].isspace():
        right -= 1
    return (left, right) if any(map(str.isalnum, line[left:right])) else None
