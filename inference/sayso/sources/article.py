"""One article as linking reads it: sentences, paragraphs, quotations, names and the words for sources."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from sayso.errors import InputError
from sayso.records import Sentence
from sayso.sources.names import Name, find_names, words_of
from sayso.sources.phrases import Phrase, read_phrase
from sayso.sources.quotes import TURN, Quoted, find_quotations
from sayso.sources.speakers import QUOTED, is_signature, speaker_span


@dataclass(frozen=True, slots=True)
class Article:
    """A text with its sentences and what stands in them; lists have one item a sentence.

    `paragraph` numbers the paragraph, `names` are the names, `speaker` the words for the source or None, `quoted`
    whether the sentence is a quotation with no reporting words around it, or goes on with a turn of a transcript;
    `signature` whether it is no sentence but a name behind a quotation.
    """

    text: str
    sentences: Sequence[Sentence]
    quotes: Quoted
    paragraph: list[int]
    names: list[list[Name]]
    speaker: list[Phrase | None]
    quoted: list[bool]
    signature: list[bool]

    def before(self, number: int) -> int | None:
        """Return the sentence before one, leaving out pieces that a splitter cut off: "), head of the caucus"."""
        for earlier in range(number - 1, -1, -1):
            first = self.sentences[earlier].text[0]
            if not (first in "),;:" or first.islower()):
                return earlier
        return None

    def speeches(self, number: int) -> set[int]:
        """Return the numbers of the quotations in a sentence; those that run over paragraphs share one."""
        sentence = self.sentences[number]
        return {quotation.speech for quotation in self.quotes.within(sentence.start, sentence.end)}


def read_article(text: str, sentences: Sequence[Sentence]) -> Article:
    """Return what linking needs of an article.

    Raises:
        InputError: for sentences that are not those of this text, or not in order.
    """
    check(text, sentences)
    quotes = Quoted(find_quotations(text))
    paragraph = _paragraphs(text, sentences)
    turns = find_turns(text, sentences, paragraph)
    names: list[list[Name]] = [[] for _ in sentences]
    spoken = frozenset(span.start for sentence in sentences for span in sentence.sources if " " not in span.text)
    for name in find_names(text, [(s.start, s.end) for s in sentences], spoken):
        names[name.sentence].append(name)
    speaker = [_speaker(text, n, s, names[n], quotes, n in turns) for n, s in enumerate(sentences)]
    spoken_turns = {paragraph[number] for number in turns}
    quoted = [
        (paragraph[number] in spoken_turns and number not in turns) or _is_quotation(text, sentence, quotes)
        for number, sentence in enumerate(sentences)
    ]
    signature = [is_signature(text, sentence) for sentence in sentences]
    return Article(text, sentences, quotes, paragraph, names, speaker, quoted, signature)


def find_turns(text: str, sentences: Sequence[Sentence], paragraph: Sequence[int]) -> set[int]:
    """Return the sentences with which a speaker's turn begins, "WALLACE: ..."; one name in front proves nothing."""
    firsts = [n for n in range(len(sentences)) if not n or paragraph[n] != paragraph[n - 1]]
    turns = {n: match["name"] for n in firsts if (match := TURN.match(text, sentences[n].start))}
    return {n for n in turns if len(turns) > 2 and len(set(turns.values())) < len(turns)}


def check(text: str, sentences: Sequence[Sentence]) -> None:
    """Raise InputError for sentences that are not those of `text`, or not in order."""
    for sentence in sentences:
        if text[sentence.start : sentence.end] != sentence.text or not sentence.text:
            raise InputError(
                f"sentence {sentence.sentence_index} is not at {sentence.start}-{sentence.end} of the text; "
                "pass the text of the whole document that was analysed"
            )
    for left, right in pairwise(sentences):
        if right.start < left.end or right.sentence_index <= left.sentence_index:
            raise InputError(f"sentence {right.sentence_index} is out of order; pass one document's sentences in order")


def _paragraphs(text: str, sentences: Sequence[Sentence]) -> list[int]:
    numbers = [0] if sentences else []
    for left, right in pairwise(sentences):
        gap = text[left.end : right.start]
        numbers.append(numbers[-1] + any(mark in gap for mark in "\n\r\u2028\u2029"))
    return numbers


def _speaker(
    text: str, number: int, sentence: Sentence, names: Sequence[Name], quotes: Quoted, turn: bool
) -> Phrase | None:
    match = TURN.match(text, sentence.start) if turn else None
    span = match.span("name") if match else speaker_span(text, sentence, names, quotes)
    return read_phrase(text, *span, number, names) if span else None


def _is_quotation(text: str, sentence: Sentence, quotes: Quoted) -> bool:
    """Return whether a sentence is quoted but for one word at most, such as "And" or a vocative."""
    outside = quotes.outside(text, sentence.start, sentence.end)
    words = sum(len(words_of(text, start, end)) for start, end in outside)
    return words <= 1 and quotes.share(text, sentence.start, sentence.end) >= QUOTED
