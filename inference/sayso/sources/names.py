"""Runs of capitalised words that name somebody or something, with exact offsets."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sayso.sources.words import (
    ABBREVIATIONS,
    BODIES,
    BODY_JOINTS,
    DOCUMENTS,
    JOINTS,
    KIN,
    NOT_NAMES,
    OFFICES,
    OPENERS,
    PLAIN,
    TITLES,
)  # fmt: skip

_WORD = re.compile(r"[^\W_]+(?:[-'’.&][^\W_]+)*\.?")
_CLAUSE = re.compile(r", (?:which|who|whose)\b")
_GENITIVE = re.compile(r"(?:['’]s|(?<=s)['’])$")


@dataclass(frozen=True, slots=True)
class Word:
    """A word; `end` leaves out a genitive ending, which `owner` tells of."""

    start: int
    end: int
    text: str
    owner: bool

    @property
    def capital(self) -> bool:
        """Return whether the word begins with a capital letter."""
        return self.text[:1].isupper()

    @property
    def key(self) -> str:
        """Return the word folded for comparison."""
        return self.text.rstrip(".").casefold()


@dataclass(frozen=True, slots=True)
class Name:
    """A run of capitalised words; `tokens` are the words without titles, `titles` the words taken off, both folded.

    `text` is the name without titles as it stands in the article, and `sentence` the number of its sentence.
    """

    start: int
    end: int
    text: str
    tokens: tuple[str, ...]
    titles: tuple[str, ...]
    sentence: int
    owner: bool

    @property
    def body(self) -> bool:
        """Return whether a word of the name says that it is no person."""
        return any(token in BODIES for token in self.tokens) or (
            len(self.tokens) == 1 and self.text.isupper() and len(self.text) > 1
        )


def words_of(text: str, start: int, end: int) -> list[Word]:
    """Return the words of a stretch of an article."""
    found = []
    for match in _WORD.finditer(text, start, end):
        word = match.group()
        if word.endswith(".") and word[:-1].casefold() not in ABBREVIATIONS and len(word) > 2 and "." not in word[:-1]:
            word = word[:-1]
        bare = _GENITIVE.sub("", word) if "'" in word or "’" in word else word
        found.append(Word(match.start(), match.start() + len(bare), bare, bare != word))
    return found


def find_names(text: str, places: Sequence[tuple[int, int]], spoken: frozenset[int] = frozenset()) -> list[Name]:
    """Return the names in the sentences at `places`, in order.

    The capital of a sentence's first word proves nothing: such a word alone is a name only if the article has it
    with a capital elsewhere too, or if it is a source by itself (`spoken`, offsets) and no plain noun.
    """
    sentences = [words_of(text, *place) for place in places]
    inner = {w.key for words in sentences for w in words[1:] if w.capital}
    lower = {w.key for words in sentences for w in words if not w.capital}
    names = []
    for number, words in enumerate(sentences):
        for run in _runs(text, words):
            name = _name(text, run, number)
            alone = run[0] is words[0] and len(run) == 1
            if name and not (alone and (run[0].key in lower or not _proved(text, run[0], inner, spoken))):
                names.append(name)
    return names


def _proved(text: str, word: Word, inner: set[str], spoken: frozenset[int]) -> bool:
    """Return whether the first word of a sentence is a name by more than its capital.

    As a source it may be a noun such as "Officials": a plural, a body or a document.
    """
    if word.key in inner or word.text.isupper() or word.owner or _CLAUSE.match(text, word.end):
        return True
    noun = word.key.endswith("s") or word.key in BODIES | DOCUMENTS | OFFICES | KIN | PLAIN
    return word.start in spoken and not noun


def _runs(text: str, words: Sequence[Word]) -> Iterator[list[Word]]:
    """Yield the longest runs of capitalised words, small words of names between them included."""
    run: list[Word] = []
    for number, word in enumerate(words):
        if run and not _goes_on(text, run, words, number):
            yield from _trimmed(run)
            run = []
        if (word.capital and not (not run and word.key in OPENERS | NOT_NAMES)) or run:
            run.append(word)
    yield from _trimmed(run)


def _goes_on(text: str, run: Sequence[Word], words: Sequence[Word], number: int) -> bool:
    """Return whether a word belongs to the run before it."""
    word, last = words[number], run[-1]
    if last.owner:
        return _shared(last) and word.capital and word.key in BODIES
    if text[last.end : word.start].strip():
        return False
    if word.capital:
        return word.key not in NOT_NAMES
    ahead = words[number + 1 : number + 3]
    if word.key in JOINTS:
        return any(later.capital for later in ahead[: 2 if ahead and ahead[0].key in JOINTS else 1])
    body = any(member.key in BODIES for member in run)
    return word.key in BODY_JOINTS and body and any(later.capital for later in ahead[: 2 if word.key == "of" else 1])


def _shared(word: Word) -> bool:
    """Return whether a genitive may be part of a body's name: "Nurses' Association", "Queen's Hospital"."""
    return word.key.endswith(("s", "men", "people", "children")) or word.key in OFFICES


def _trimmed(run: list[Word]) -> Iterator[list[Word]]:
    while run and not run[-1].capital:
        run = run[:-1]
    if run:
        yield run


def _name(text: str, run: Sequence[Word], sentence: int) -> Name | None:
    """Return the name in a run, or None for titles alone."""
    first = 0
    while first < len(run) - 1 and run[first].key in OFFICES | TITLES.keys() and not _is_body(run[first:]):
        first += 1
    rest = run[first:]
    if len(run) == 1 and rest[0].key in OFFICES | TITLES.keys() | OPENERS:
        return None
    tokens = tuple(word.key for word in rest if word.key not in BODY_JOINTS)
    titles = tuple(word.key for word in run[:first])
    start, end = rest[0].start, rest[-1].end
    return Name(run[0].start, end, text[start:end], tokens, titles, sentence, run[-1].owner)


def _is_body(run: Sequence[Word]) -> bool:
    """Return whether a run names a body, whose first words are no titles."""
    return any(word.key in BODIES for word in run)
