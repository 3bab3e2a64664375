"""What the words around a name tell of its bearer: apposition, relative clause, age, acronym, the next pronoun."""

from __future__ import annotations

import re
from collections.abc import Sequence

from sayso.sources.names import Name, words_of
from sayso.sources.quotes import Quoted
from sayso.sources.register import Facts
from sayso.sources.words import (
    ABBREVIATIONS,
    FEMALE,
    FEMALE_NAMES,
    MALE,
    MALE_NAMES,
    MALE_PRONOUNS,
    OPENERS,
    PLACE_BEFORE,
    PREPOSITIONS,
    SPEECH,
)  # fmt: skip

_AFTER = re.compile(r",\s+((?:(?:the|an?|its|his|her|their|one of)\b|[^,.;:“”\"]*?['’]s\b)[^,.;:“”\"]*)")
_CLAUSE = re.compile(r",\s+((?:who|which|whose)\b[^,.;:“”\"]*)")
_AGE = re.compile(r",\s+\d{1,3}(?=\W)")
_ALIAS = re.compile(r"\s+\((?:the\s+)?([^\W_]{2,12})\)")
_BREAK = re.compile(r"[,;:.“”\"()]")
_SUBJECT = re.compile(r"\b(he|she|himself|herself)\b", re.IGNORECASE)  # "his", "her" may be somebody else's
_WHO, _WHICH = re.compile(r"[^,.]{0,60}?,?\s+who(?:se|m)?\b"), re.compile(r",\s+which\b")
WINDOW = 300  # characters on either side of a name that are looked at, however long its sentence
NOUNS = 60  # characters of the nouns right before a name
LONGEST = 8  # words of an apposition before a name; longer stretches are clauses


def facts_of(text: str, name: Name, place: tuple[int, int], following: Name | None, quoted: Quoted) -> Facts:
    """Return what the sentence at `place` tells of a name; `following` is the next name in the sentence."""
    start, end = max(place[0], name.start - WINDOW), min(place[1], name.end + WINDOW)
    after, before = text[name.end : end], text[start : name.start]
    alias = _ALIAS.match(after)
    beside = _beside(before, after)
    clause = _CLAUSE.match(_AGE.sub("", after, count=1))
    nouns = [noun for phrase in beside for noun in heads_of(phrase)]
    said = [word for phrase in (*beside, clause.group(1) if clause else "") for word in _content(phrase)]
    gender = guess_gender(name) + 2 * _apposed_gender(nouns) + _pronoun_after(text, name, end, following, quoted)
    return Facts(
        frozenset(nouns), frozenset(said), gender, _person(name, before, after), _at_place(name, before),
        alias.group(1).casefold() if alias else "",
    )  # fmt: skip


def _beside(before: str, after: str) -> list[str]:
    """Return the noun phrases that stand for a name beside it: "the mayor" in "the mayor, X", "X, the mayor"."""
    apposition = _AFTER.match(_AGE.sub("", after, count=1))
    found = [apposition.group(1)] if apposition else []
    ahead = _last_part(before.rstrip()[:-1]) if before.rstrip().endswith(",") else ""
    if ahead and len(ahead.split()) <= LONGEST:
        found.append(ahead)
    return [*found, _directly_before(before)]


def guess_person(name: Name) -> bool | None:
    """Return whether a name alone looks like a person's."""
    if name.body:
        return False
    if name.titles:
        return True
    return True if len(name.tokens) > 1 and name.tokens[0] in MALE_NAMES | FEMALE_NAMES else None


def guess_gender(name: Name) -> int:
    """Return 2 for a man's title or first name, -2 for a woman's, else 0."""
    words = {*name.titles, *(name.tokens[:1] if len(name.tokens) > 1 else ())}
    return 2 * (bool(words & (MALE | MALE_NAMES)) - bool(words & (FEMALE | FEMALE_NAMES)))


def _last_part(before: str) -> str:
    """Return what follows the last punctuation mark."""
    return _BREAK.split(before)[-1]


def _directly_before(before: str) -> str:
    """Return the nouns right before a name, as in "battery maker Voltera": back to a verb or small word."""
    words = words_of(before, max(0, len(before) - NOUNS), len(before))
    first = len(words)
    while first and words[first - 1].key not in OPENERS | PREPOSITIONS | SPEECH and not words[first - 1].owner:
        first -= 1
    run = words[first:]
    joined = bool(run) and not before[run[-1].end :].strip() and len(run) <= 3
    return before[run[0].start :] if joined else ""


def heads_of(phrase: str) -> list[str]:
    """Return the folded nouns by which a phrase can be taken up again: those before its first preposition."""
    found: list[str] = []
    for word in words_of(phrase, 0, len(phrase)):
        if word.key in PREPOSITIONS and found:
            break
        if not word.owner and word.key not in OPENERS | PREPOSITIONS:
            found.append(word.key)
    return found


def _content(phrase: str) -> list[str]:
    return [word.key for word in words_of(phrase, 0, len(phrase)) if word.key not in OPENERS | PREPOSITIONS]


def _apposed_gender(nouns: Sequence[str]) -> int:
    """Return 1 or -1 for a noun such as "daughter" or "spokesman" among the first said of a name."""
    for noun in nouns[:2]:
        if noun in MALE | FEMALE and noun not in ABBREVIATIONS:
            return 1 if noun in MALE else -1
    return 0


def _person(name: Name, before: str, after: str) -> bool | None:
    """Return whether a name is a person's, by the words beside it and then by itself."""
    turn = after.startswith(":") and not before.strip('“" ')
    if turn or _AGE.match(after) or (not name.body and _WHO.match(after)):
        return True
    if _at_place(name, before) or _WHICH.match(after) or (before.lower().endswith("the ") and not name.titles):
        return False
    return guess_person(name)


def _at_place(name: Name, before: str) -> bool:
    """Return whether a name of one word stands after "in", "at" or "near"."""
    words = before.split()
    return bool(words) and words[-1].casefold() in PLACE_BEFORE and len(name.tokens) == 1


def _pronoun_after(text: str, name: Name, end: int, following: Name | None, quoted: Quoted) -> int:
    """Return 1 or -1 for the first "he" or "she" that follows a name in its sentence with no other name between."""
    limit = following.start if following else end
    for match in _SUBJECT.finditer(text, name.end, max(name.end, limit)):
        if quoted.at(match.start()) is None:
            return 1 if match.group().casefold() in MALE_PRONOUNS else -1
    return 0
