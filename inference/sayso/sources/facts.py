"""What the words around a name tell of its bearer: apposition, relative clause, age, acronym, the next pronoun."""

from __future__ import annotations

import re
from collections.abc import Sequence

from sayso.sources.names import Name, words_of
from sayso.sources.quotes import Quoted
from sayso.sources.register import Facts, guess_gender, guess_person
from sayso.sources.words import (
    ABBREVIATIONS, FEMALE, FEMALE_PRONOUNS, MALE, MALE_PRONOUNS, OPENERS, PREPOSITIONS, TITLES,
)  # fmt: skip

_AFTER = re.compile(r",\s+((?:(?:who|which|whose|the|an?|its|his|her|their|one of)\b|[^,.;:“”\"]*?['’]s\b)[^,.;:“”\"]*)")
_AGE = re.compile(r",\s+\d{1,3}(?=\W)")
_ALIAS = re.compile(r"\s+\((?:the\s+)?([^\W_]{2,12})\)")
_BEFORE = re.compile(r"([^,;:.“”\"()]*),\s*$")
_DIRECT = re.compile(r"((?:[a-zà-ÿ][\w'’-]*\s+){1,5})$")
_WHO, _WHICH = re.compile(r"[^,.]{0,60}?,?\s+who(?:se|m)?\b"), re.compile(r",\s+which\b")
_PRONOUNS = MALE_PRONOUNS | FEMALE_PRONOUNS


def facts_of(text: str, name: Name, place: tuple[int, int], following: Sequence[Name], quoted: Quoted) -> Facts:
    """Return what the sentence at `place` tells of a name; `following` are the names after it in the sentence."""
    start, end = place
    after, before = text[name.end : end], text[start : name.start]
    alias = _ALIAS.match(after)
    nouns = described(before, after)
    gender = guess_gender(name) + 2 * _apposed_gender(nouns) + _pronoun_after(text, name, end, following, quoted)
    return Facts(frozenset(nouns), gender, _person(name, before, after), alias.group(1).casefold() if alias else "")


def described(before: str, after: str) -> list[str]:
    """Return the folded words of the noun phrases that stand beside a name, the nearest phrase first."""
    found: list[str] = []
    apposition = _AFTER.match(_AGE.sub("", after, count=1))
    if apposition:
        found += _nouns(apposition.group(1))
    ahead = _BEFORE.search(before)
    if ahead and len(ahead.group(1).split()) <= 8:
        found += _nouns(ahead.group(1))
    direct = _DIRECT.search(before)
    return found + (_nouns(direct.group(1)) if direct else [])


def _nouns(phrase: str) -> list[str]:
    words = words_of(phrase, 0, len(phrase))
    return [w.key for w in words if w.key not in OPENERS | PREPOSITIONS and (len(w.key) > 2 or w.key in TITLES)]


def _apposed_gender(nouns: Sequence[str]) -> int:
    """Return 1 or -1 for a noun such as "daughter" or "spokesman" among the first said of a name."""
    for noun in nouns[:2]:
        if noun in MALE | FEMALE and noun not in ABBREVIATIONS:
            return 1 if noun in MALE else -1
    return 0


def _person(name: Name, before: str, after: str) -> bool | None:
    """Return whether a name is a person's, by the words beside it and then by itself."""
    if _AGE.match(after) or (not name.body and _WHO.match(after)):
        return True
    if _WHICH.match(after) or (before.lower().endswith("the ") and not name.titles):
        return False
    return guess_person(name)


def _pronoun_after(text: str, name: Name, end: int, following: Sequence[Name], quoted: Quoted) -> int:
    """Return 1 or -1 for the first "he" or "she" that follows a name in its sentence with no other name between."""
    limit = min((other.start for other in following), default=end)
    for word in words_of(text, name.end, limit):
        if word.key in _PRONOUNS and quoted.at(word.start) is None:
            return 1 if word.key in MALE_PRONOUNS else -1
    return 0
