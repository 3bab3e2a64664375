"""What the words for a source say: a pronoun, a name, or a noun phrase with a head and what describes it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sayso.sources.names import Name, Word, words_of
from sayso.sources.words import ARTICLES, DEFINITE, PREPOSITIONS, PRONOUNS


@dataclass(frozen=True, slots=True)
class Phrase:
    """The words for a source in one sentence.

    `pronoun` is the folded pronoun or empty; `name` the name that is the head, if one is. Otherwise `head` is the
    head noun and `others` the words that describe it, all folded; `definite` tells whether it points back.
    """

    start: int
    end: int
    text: str
    sentence: int
    pronoun: str
    name: Name | None
    head: str
    others: frozenset[str]
    definite: bool
    possessor: str
    plural: bool

    @property
    def form(self) -> str:
        """Return which of graph.FORMS the phrase has."""
        return "pronoun" if self.pronoun else "name" if self.name else "phrase"


def read_phrase(text: str, start: int, end: int, sentence: int, names: Sequence[Name]) -> Phrase:
    """Return what a source span says; `names` are the names of its sentence."""
    words = words_of(text, start, end)
    keys = [word.key for word in words]
    pronoun = keys[0] if len(keys) == 1 and keys[0] in PRONOUNS else ""
    name = None if pronoun else _head_name(text, words, [n for n in names if start <= n.start and n.end <= end])
    place = _head_place(text, words)
    described = frozenset(key for i, key in enumerate(keys) if i != place and key not in ARTICLES | PREPOSITIONS)
    return Phrase(
        start, end, text[start:end], sentence, pronoun, name, singular(keys[place]) if keys else "",
        described - DEFINITE, bool(keys) and _points_back(words, keys), keys[0] if keys else "",
        bool(keys) and keys[place] != singular(keys[place]),
    )  # fmt: skip


def _points_back(words: Sequence[Word], keys: Sequence[str]) -> bool:
    """Return whether a phrase begins like one that is known: an article, a possessive, or a genitive."""
    return keys[0] in DEFINITE or any(word.owner for word in words[:3])


def singular(word: str) -> str:
    """Return a noun without its plural ending; nothing but the letters decides."""
    if len(word) < 4 or word.endswith(("ss", "us", "is", "news")):
        return word
    return word[:-3] + "y" if word.endswith("ies") else word[:-1] if word.endswith("s") else word


def _head_name(text: str, words: Sequence[Word], names: Sequence[Name]) -> Name | None:
    """Return the name that the phrase stands for, or None for one that only describes: "Harran police".

    It stands before any preposition and no noun follows it. Of two, the one in apposition counts: "The Forest
    Agency's head, Lena Haddad".
    """
    limit = next((w.start for w in words if w.key in PREPOSITIONS and not any(_inside(w, n) for n in names)), None)
    heads = [
        name
        for name in names
        if (limit is None or name.start < limit) and not name.owner and not _noun_follows(text, words, name)
    ]
    if len(heads) > 1 and _apposed(text, *heads[-2:]):
        return heads[-1]
    return heads[0] if heads else None


def _noun_follows(text: str, words: Sequence[Word], name: Name) -> bool:
    """Return whether a name only describes the noun after it."""
    after = next((word for word in words if word.start >= name.end), None)
    return after is not None and not text[name.end : after.start].strip(" ") and after.key not in PREPOSITIONS


def _apposed(text: str, left: Name, right: Name) -> bool:
    """Return whether the second of two names stands for the first: a comma and no bracket between them."""
    between = text[left.end : right.start]
    return "," in between and "(" not in between and not left.body


def _inside(word: Word, name: Name) -> bool:
    return name.start <= word.start < name.end


def _head_place(text: str, words: Sequence[Word]) -> int:
    """Return the place of the head noun: the last word before a preposition, a comma or the end."""
    for place, word in enumerate(words[1:], 1):
        if word.key in PREPOSITIONS or text[words[place - 1].end : word.start].strip(" '’s"):
            return place - 1
    return len(words) - 1
