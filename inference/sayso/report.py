"""One article as a page that people read: tinted sentences, underlined spans, side notes, legend."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from sayso.labels import LABELS, MEANINGS, NOTICE
from sayso.records import Sentence

TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text with the roles of the spans that cover it."""

    text: str
    roles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Part:
    """A sentence in pieces, or (`sentence` None) the text between sentences."""

    pieces: tuple[Piece, ...]
    sentence: Sentence | None


def render_article(text: str, sentences: Sequence[Sentence], title: str) -> str:
    """Return a self-contained HTML page: no script, no network, everything escaped.

    Lone surrogates become U+FFFD, so that the page can be written as UTF-8.
    """
    from jinja2 import Environment, FileSystemLoader

    environment = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True, trim_blocks=True)
    counts = Counter(sentence.label for sentence in sentences)
    page = environment.get_template("report.html.j2").render(
        title=title, parts=list(parts(text, sentences)), counts=counts, total=len(sentences), labels=LABELS,
        meanings=MEANINGS, notice=NOTICE,
    )  # fmt: skip
    return page.encode("utf-8", "replace").decode("utf-8")


def parts(text: str, sentences: Sequence[Sentence]) -> Iterator[Part]:
    """Yield the whole text in order: sentences in pieces, and what lies between them."""
    place = 0
    for sentence in sentences:
        if sentence.start > place:
            yield Part((Piece(text[place : sentence.start], ()),), None)
        yield Part(tuple(pieces(sentence)), sentence)
        place = sentence.end
    if place < len(text):
        yield Part((Piece(text[place:], ()),), None)


def pieces(sentence: Sentence) -> Iterator[Piece]:
    """Cut a sentence wherever a span starts or ends, so that overlapping spans all show."""
    spans = sentence.spans()
    edges = {sentence.start, sentence.end} | {e for _, s in spans for e in (s.start, s.end)}
    cuts = sorted(edges)
    for left, right in pairwise(cuts):
        roles = tuple(role for role, span in spans if span.start <= left and right <= span.end)
        yield Piece(sentence.text[left - sentence.start : right - sentence.start], roles)
