"""Where quotations begin and end, over sentences and paragraphs."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

# What may close a quotation, by the mark that opens it: careless text mixes curly and straight marks, and some wire
# copy writes two apostrophes or a closing mark in front.
_PAIRS = {"“": '”"', "«": "»", "„": "“”", '"': '"”', "”": '”"'}
_TWO = "''"
_SINGLES = {"‘": "’", "'": "'"}
# A speaker's turn in a transcript or interview: "WALLACE: ...", perhaps after a quotation mark.
LONGEST = 5000  # characters of a quotation in single marks, which may be an apostrophe that nothing closes
TURN = re.compile(r"[“\"]?(?P<name>[^\W\d_a-z][\w.'’-]*(?: [^\W\d_a-z][\w.'’-]*){0,3}): (?=\S)")
_PARAGRAPH = re.compile(r"[^\r\n\u2028\u2029]+")


@dataclass(frozen=True, slots=True)
class Quotation:
    """A quotation within one paragraph, marks included; `speech` numbers what one speaker says without a break.

    By newspaper convention a quotation that runs over paragraphs opens each of them and closes only the last, so
    such quotations share a `speech`. Offsets count code points of the article, end exclusive.
    """

    start: int
    end: int
    speech: int


def find_quotations(text: str) -> list[Quotation]:
    """Return the quotations of an article in order; one that never closes ends with its paragraph."""
    found: list[Quotation] = []
    pending = ""  # the mark of a quotation that the paragraph before left open
    for paragraph in _PARAGRAPH.finditer(text):
        left_open = pending
        pending = ""
        for start, end, closed in _quotations(paragraph.group()):
            goes_on = start == 0 and left_open == paragraph.group()[0] and not TURN.match(paragraph.group())
            speech = found[-1].speech + (0 if goes_on else 1) if found else 0
            found.append(Quotation(paragraph.start() + start, paragraph.start() + end, speech))
            pending = "" if closed else paragraph.group()[start]
    return found


def _quotations(line: str) -> Iterator[tuple[int, int, bool]]:
    """Yield (start, end, closed) of the outer quotations of one paragraph."""
    place = 0
    while place < len(line):
        mark = line[place]
        end = _end(line, place, mark)
        if end is None:
            place += 1
            continue
        yield place, min(end, len(line)), end <= len(line)
        place = end


def _end(line: str, place: int, mark: str) -> int | None:
    """Return the end of the quotation that opens at `place`, beyond the line where it does not close, or None."""
    if line.startswith(_TWO, place):
        end = line.find(_TWO, place + 2)
        return end + 2 if end >= 0 else len(line) + 1
    if mark in _SINGLES:
        return _close_single(line, place)
    if mark not in _PAIRS or (mark in '"”' and place and line[place - 1].isalnum()):
        return None  # inches, or a stray closing mark
    return _close(line, place)


def _close(line: str, start: int) -> int:
    """Return the end of the quotation in double marks that opens at `start`; curly marks inside it go in pairs."""
    closers, inner = _PAIRS[line[start]], 0
    if line[start] == "“" and line.find("”", start) >= 0:
        closers = "”"
    for place in range(start + 1, len(line)):
        if line[place] == "“" and "“" not in closers:
            inner += 1
        elif line[place] == "”" and inner:
            inner -= 1
        elif line[place] in closers:
            return place + 1
    return len(line) + 1


def _close_single(line: str, start: int) -> int | None:
    """Return the end of the quotation in single marks that opens at `start`, or None for an apostrophe.

    A mark after `s` may be a genitive, so one elsewhere in the paragraph is preferred; a quotation that does not
    close counts only where it opens the paragraph.
    """
    if (start and line[start - 1].isalnum()) or not line[start + 1 : start + 2].strip():
        return None
    mark = re.escape(_SINGLES[line[start]])
    for pattern in (rf"(?<=[^\w\s]){mark}(?!\w)", rf"(?<=[^\ss]){mark}(?!\w)", rf"(?<=\S){mark}(?!\w)"):
        closing = re.compile(pattern).search(line, start + 1, start + LONGEST)
        if closing:
            return closing.end()
    return len(line) + 1 if start == 0 else None


@dataclass(frozen=True, slots=True)
class Quoted:
    """The quotations of an article, looked up by offset."""

    quotations: Sequence[Quotation]

    def at(self, offset: int) -> Quotation | None:
        """Return the quotation that holds the code point at `offset`."""
        number = bisect_right(self.quotations, offset, key=lambda quotation: quotation.start) - 1
        return self.quotations[number] if number >= 0 and offset < self.quotations[number].end else None

    def within(self, start: int, end: int) -> list[Quotation]:
        """Return the quotations that overlap a stretch."""
        first = bisect_right(self.quotations, start, key=lambda quotation: quotation.end)
        last = bisect_right(self.quotations, end - 1, key=lambda quotation: quotation.start)
        return list(self.quotations[first:last])

    def outside(self, text: str, start: int, end: int) -> list[tuple[int, int]]:
        """Return the parts of a stretch that lie in no quotation and hold a letter or digit."""
        edges = [start]
        for quotation in self.within(start, end):
            edges += [max(start, quotation.start), min(end, quotation.end)]
        edges.append(end)
        parts = zip(edges[::2], edges[1::2], strict=True)
        return [(a, b) for a, b in parts if any(map(str.isalnum, text[a:b]))]

    def share(self, text: str, start: int, end: int) -> float:
        """Return which share of the letters and digits of a stretch is quoted; 0 without any."""
        total = sum(map(str.isalnum, text[start:end]))
        bare = sum(sum(map(str.isalnum, text[a:b])) for a, b in self.outside(text, start, end))
        return 1 - bare / total if total else 0.0
