"""One article as a page that people read: tinted sentences, underlined spans, notes in the margin."""

from __future__ import annotations

import re
from base64 import b64encode
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from sayso.errors import InputError
from sayso.labels import KINDS, LABELS, MEANINGS, NOTICE, ROLES
from sayso.records import Sentence

if TYPE_CHECKING:
    from jinja2 import Template

TEMPLATES = Path(__file__).parent / "templates"
SYMBOLS = {"fact": "F", "claim": "C", "hedge": "H", "none": "–"}
OTHER_KIND = "other"

_LINE = re.compile(r"(\s*[\n\r\v\f\x85\u2028\u2029]\s*)")
_BREAK = r"(?:\r\n|\n|\r(?!\n))"
_BLANK_LINE = re.compile(rf"(\s*{_BREAK}[^\S\r\n]*{_BREAK}\s*)")
# Surrogates cannot be encoded, and browsers drop or invent glyphs for control characters.
_UNSHOWABLE = re.compile("[\ud800-\udfff\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff]")


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text with the roles of the spans that cover it."""

    text: str
    roles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Part:
    """A sentence in pieces, or (`sentence` None) one piece of the text between sentences."""

    pieces: tuple[Piece, ...]
    sentence: Sentence | None = None


@dataclass(frozen=True, slots=True)
class Paragraph:
    """What stands in one paragraph, and the white space that follows it in the text."""

    parts: tuple[Part, ...]
    after: str


@dataclass(frozen=True, slots=True)
class Share:
    """How many sentences have a label; `offset` is the percentage taken by the labels before it."""

    label: str
    count: int
    percent: float
    offset: float


@dataclass(frozen=True, slots=True)
class Speakers:
    """The distinct sources of one kind, as first spelled, in order of appearance."""

    kind: str
    names: tuple[str, ...]


def render_article(text: str, sentences: Sequence[Sentence], title: str) -> str:
    """Return a self-contained HTML page: no network, everything escaped, readable without its script.

    Lone surrogates and control characters become U+FFFD, so that the page can be written as UTF-8.

    Raises:
        InputError: when a sentence is not where it says it is in `text`.
    """
    ordered = sorted(sentences, key=lambda sentence: sentence.start)
    for sentence in ordered:
        if text[sentence.start : sentence.end] != sentence.text:
            raise InputError(f"sentence {sentence.sentence_index} is not in this text; score the text again")
    page = _template().render(
        title=title, paragraphs=list(paragraphs(text, ordered)), total=len(ordered), shares=shares(ordered),
        speakers=speakers(ordered), models=sorted({sentence.model for sentence in ordered}),
        labels=LABELS, roles=ROLES, meanings=MEANINGS, symbols=SYMBOLS, notice=NOTICE,
    )  # fmt: skip
    return _UNSHOWABLE.sub("\ufffd", page)


@cache
def _template() -> Template:
    from jinja2 import Environment, FileSystemLoader

    environment = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.filters["csp_hash"] = csp_hash
    return environment.get_template("report.html.j2")


def csp_hash(content: str) -> str:
    """Return the source expression that lets a content security policy admit exactly this style or script."""
    return f"'sha256-{b64encode(sha256(content.encode()).digest()).decode()}'"


def paragraphs(text: str, sentences: Sequence[Sentence]) -> Iterator[Paragraph]:
    """Yield the whole text in paragraphs: cut at blank lines, or at every line where there is no blank one."""
    breaks = _BLANK_LINE if _BLANK_LINE.search(text.strip()) else _LINE
    run: list[Part] = []
    for part in parts(text, sentences):
        if part.sentence:
            run.append(part)
            continue
        for index, stretch in enumerate(breaks.split(part.pieces[0].text)):
            if index % 2:
                yield Paragraph(tuple(run), stretch)
                run = []
            elif stretch:
                run.append(Part((Piece(stretch),)))
    yield Paragraph(tuple(run), "")


def parts(text: str, sentences: Sequence[Sentence]) -> Iterator[Part]:
    """Yield the whole text in order, once: sentences in pieces, and what lies between them."""
    place = 0
    for sentence in sentences:
        if sentence.start > place:
            yield Part((Piece(text[place : sentence.start]),))
        yield Part(tuple(pieces(text, sentence, max(place, sentence.start))), sentence)
        place = max(place, sentence.end)
    if place < len(text):
        yield Part((Piece(text[place:]),))


def pieces(text: str, sentence: Sentence, start: int) -> Iterator[Piece]:
    """Cut a sentence wherever a span starts or ends, so that overlapping spans all show."""
    spans = sentence.spans()
    edges = {edge for _, span in spans for edge in (span.start, span.end) if start < edge < sentence.end}
    for left, right in pairwise(sorted(edges | {start, sentence.end})):
        covering = {role for role, span in spans if span.start <= left and right <= span.end}
        yield Piece(text[left:right], tuple(role for role in ROLES if role in covering))


def shares(sentences: Sequence[Sentence]) -> list[Share]:
    """Count the sentences of every label, in the schema's order."""
    counts = Counter(sentence.label for sentence in sentences)
    result: list[Share] = []
    offset = 0.0
    for label in LABELS:
        percent = 100 * counts[label] / max(len(sentences), 1)
        result.append(Share(label, counts[label], percent, offset))
        offset += percent
    return result


def speakers(sentences: Sequence[Sentence]) -> list[Speakers]:
    """Collect the distinct sources by kind; case and spacing do not make another source."""
    found: dict[str, dict[str, str]] = {}
    for sentence in sentences:
        names = found.setdefault(sentence.source_kind or OTHER_KIND, {})
        for span in sentence.sources:
            name = " ".join(span.text.split())
            names.setdefault(name.casefold(), name)
    return [Speakers(kind, tuple(found[kind].values())) for kind in (*KINDS, OTHER_KIND) if found.get(kind)]
