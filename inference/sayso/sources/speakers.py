"""Which words of a sentence name its source, if any do: the model's span, else the words beside a reporting verb."""

from __future__ import annotations

from collections.abc import Sequence

from sayso.records import Sentence
from sayso.sources.names import Name, Word, words_of
from sayso.sources.quotes import Quoted
from sayso.sources.words import FIRST_PERSON, PRONOUNS, SPEECH

QUOTED = 0.75  # share of a sentence in quotation marks from which it is a quotation without more words


_DASHES = "—–―-"
_CLOSED = ("”", "’", "»", '"', "'")


def speaker_span(text: str, sentence: Sentence, names: Sequence[Name], quoted: Quoted) -> tuple[int, int] | None:
    """Return (start, end) of the words for the source of a sentence's main assertion, or None.

    Spans inside a quotation are attributions within what its speaker says. The trigram sieve of Muzny et al. (2017),
    a name or pronoun beside a verb of speech, covers a quotation whose source the model did not mark.
    """
    signed = _signature(text, sentence, names, quoted)
    if signed:
        return signed
    spans = [span for span in sentence.sources if quoted.at(span.start) is None]
    says = quoted.share(text, sentence.start, sentence.end) > 0
    if spans and (sentence.label in ("claim", "hedge") or (says and sentence.cues)):
        return spans[0].start, spans[0].end  # the outermost attribution: English puts the others inside its clause
    return _beside_verb(text, sentence, names, quoted) if says else None


def is_signature(text: str, sentence: Sentence) -> bool:
    """Return whether a splitter made a sentence of the name that a dash puts behind a quotation: "— A reader"."""
    before = text[max(0, sentence.start - 8) : sentence.start].rstrip()
    return sentence.text[0] in _DASHES and before.endswith(_CLOSED)


def _signature(text: str, sentence: Sentence, names: Sequence[Name], quoted: Quoted) -> tuple[int, int] | None:
    """Return the name that a dash puts behind a quotation, as under letters to the editor, or None."""
    opening = quoted.at(sentence.start)
    left = sentence.start if is_signature(text, sentence) else opening.end if opening else sentence.end
    for name in names:
        gap = text[left : name.start].strip() if left <= name.start else ""
        if gap and not gap.strip(_DASHES):
            return name.start, name.end
    return None


def _beside_verb(text: str, sentence: Sentence, names: Sequence[Name], quoted: Quoted) -> tuple[int, int] | None:
    for start, end in quoted.outside(text, sentence.start, sentence.end):
        words = words_of(text, start, end)
        for number, word in enumerate(words):
            if word.key in SPEECH:
                return _adjacent(words, number, names)
    return None


def _adjacent(words: Sequence[Word], verb: int, names: Sequence[Name]) -> tuple[int, int] | None:
    """Return the name or pronoun right before or right after a verb of speech."""
    for neighbour in (verb - 1, verb + 1):
        word = words[neighbour] if 0 <= neighbour < len(words) else None
        if word is None:
            continue
        if word.key in PRONOUNS - FIRST_PERSON:
            return word.start, word.end
        for name in names:
            if name.start <= word.start < name.end:
                return name.start, name.end
    return None
