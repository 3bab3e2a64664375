"""The sources of an article as they come up: names, phrases and pronouns linked into one entity each.

Follows the order of the sieves of Lee et al. (2013): exact and partial names, acronyms, nouns by their head, and
pronouns last, each agreeing in kind and gender with the most salient entity before it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from sayso.sources.graph import Mention
from sayso.sources.names import Name
from sayso.sources.phrases import Phrase, singular
from sayso.sources.words import (
    ANY_BODY, BODIES, DOCUMENTS, FEMALE, FEMALE_NAMES, FEMALE_PRONOUNS, KIN, MALE, MALE_NAMES, MALE_PRONOUNS, OFFICES,
    PLURALS, THINGS, TITLES,
)  # fmt: skip

NEAR = 6  # sentences that a pronoun or a bare "the group" can reach back


@dataclass(eq=False, slots=True)
class Entity:
    """Somebody or something that the article mentions, while it is being read.

    `described` holds folded nouns said of it; `gender` is positive for a man and negative for a woman; `person`
    is None while nothing tells; `seen` gives how salient it is in each sentence that mentions it.
    """

    number: int
    tokens: tuple[str, ...] = ()
    aliases: set[str] = field(default_factory=set)
    described: set[str] = field(default_factory=set)
    gender: int = 0
    person: bool | None = None
    plural: bool = False
    name: str = ""
    mentions: list[Mention] = field(default_factory=list)
    seen: dict[int, int] = field(default_factory=dict)
    kinds: Counter[str] = field(default_factory=Counter)
    spoke: bool = False

    @property
    def names(self) -> list[Mention]:
        """Return the mentions by name; those by noun where it has no name."""
        return [m for m in self.mentions if m.form == "name"] or [m for m in self.mentions if m.form == "phrase"]

    def evidence(self, before: int) -> Mention | None:
        """Return the mention by name nearest before an offset, else the first one after it."""
        earlier = [mention for mention in self.names if mention.start < before]
        return earlier[-1] if earlier else self.names[0] if self.names else None

    def note(self, mention: Mention) -> None:
        """Note a mention, of two that overlap the longer one."""
        rivals = [m for m in self.mentions if m.start < mention.end and mention.start < m.end]
        if all(m.end - m.start < mention.end - mention.start for m in rivals):
            self.mentions = sorted([m for m in self.mentions if m not in rivals] + [mention], key=lambda m: m.start)

    def add(self, mention: Mention, sentence: int, weight: int) -> None:
        """Note a mention, of two that overlap the longer, and how salient it makes the entity in its sentence."""
        self.note(mention)
        self.seen[sentence] = max(weight, self.seen.get(sentence, 0))


@dataclass(frozen=True, slots=True)
class Facts:
    """What the words around a name tell: described nouns, gender votes, whether it is a person, an acronym for it."""

    described: frozenset[str]
    gender: int
    person: bool | None
    alias: str


class Register:
    """The entities found so far, in order of appearance."""

    def __init__(self) -> None:
        self.entities: list[Entity] = []

    def by_name(self, name: Name, facts: Facts) -> Entity:
        """Return the entity that a name belongs to, a new one where none fits."""
        fitting = [entity for entity in self.entities if _fits(entity, name, facts)]
        entity = max(fitting, key=lambda e: (_agreement(e, facts), max(e.seen, default=-1)), default=None)
        if entity is None:
            entity = self._new()
        _learn(entity, name, facts)
        return entity

    def by_phrase(self, phrase: Phrase, speaker: Entity | None = None) -> tuple[Entity, bool]:
        """Return the entity that a noun phrase stands for, and whether it was there before.

        `speaker` is who a possessive ("his wife") goes back to, and so nobody whom the phrase can stand for.
        """
        found = self._described(phrase, speaker) if phrase.definite else self._same_words(phrase)
        if found is None and phrase.definite and phrase.head in ANY_BODY and not phrase.others:
            found = self.salient(phrase.sentence, lambda e: e.person is not True and e.spoke and bool(e.tokens))
        if found is not None:
            return found, True
        entity = self._new()
        entity.described = {phrase.head, *phrase.others}
        entity.plural = phrase.text.casefold().split()[-1] != phrase.head and phrase.head not in BODIES
        entity.person = False if phrase.head in BODIES | DOCUMENTS else True
        entity.gender = 2 * ((phrase.head in MALE) - (phrase.head in FEMALE))
        entity.name = phrase.text
        return entity, False

    def by_pronoun(self, phrase: Phrase) -> Entity | None:
        """Return the most salient entity before a pronoun that agrees with it, or None."""
        word = phrase.pronoun
        if word in MALE_PRONOUNS | FEMALE_PRONOUNS:
            sign = 1 if word in MALE_PRONOUNS else -1
            fits: Callable[[Entity], bool] = lambda e: e.person is not False and not e.plural and e.gender * sign >= 0
        elif word in THINGS:
            fits = lambda e: e.person is not True and not e.plural
        elif word in PLURALS:
            fits = lambda e: e.plural or e.person is False
        else:
            return None
        return self.salient(phrase.sentence, fits)

    def salient(self, sentence: int, fits: Callable[[Entity], bool]) -> Entity | None:
        """Return the fitting entity that the nearest sentence before made most of."""
        for number in range(sentence - 1, max(-1, sentence - 1 - NEAR), -1):
            fitting = [entity for entity in self.entities if number in entity.seen and fits(entity)]
            if fitting:
                return max(fitting, key=lambda entity: (entity.seen[number], entity.spoke, -entity.number))
        return None

    def _new(self) -> Entity:
        self.entities.append(Entity(len(self.entities)))
        return self.entities[-1]

    def _described(self, phrase: Phrase, speaker: Entity | None) -> Entity | None:
        """Return the latest entity whose name or description has the head and every other word of a phrase."""
        for entity in self._latest():
            said = {singular(word) for word in entity.described | set(entity.tokens)} | entity.described
            kin = phrase.head in KIN and phrase.possessor in MALE_PRONOUNS | FEMALE_PRONOUNS
            if phrase.head in said and (kin or phrase.others <= said) and entity is not speaker:
                return entity
        return None

    def _same_words(self, phrase: Phrase) -> Entity | None:
        """Return the latest entity without a name that an indefinite phrase repeats: "officials", "officials"."""
        if phrase.text.split()[0].casefold() in ("a", "an", "one", "another", "some", "two", "three", "other"):
            return None
        wanted = {phrase.head, *phrase.others}
        return next((e for e in self._latest() if not e.tokens and wanted == e.described), None)

    def _latest(self) -> Iterator[Entity]:
        yield from sorted(self.entities, key=lambda entity: max(entity.seen, default=-1), reverse=True)


def _fits(entity: Entity, name: Name, facts: Facts) -> bool:
    """Return whether a name can be one of an entity's: the same words, some of them in order, or its acronym."""
    if not entity.tokens:
        return False
    if name.tokens == entity.tokens or name.text.casefold() in entity.aliases:
        return True
    if entity.person is True and facts.person is False or entity.person is False and facts.person is True:
        return False
    if entity.gender * facts.gender < 0 and abs(facts.gender) > 1:
        return False
    short, long = sorted((name.tokens, entity.tokens), key=len)
    if entity.person is False or name.body:
        return acronym(long) == short[-1] or _within(short, long)
    return short == long[-len(short) :] or short == long[: len(short)]


def acronym(tokens: tuple[str, ...]) -> str:
    """Return the initials of a name; small words are no part of `tokens`."""
    return "".join(token[0] for token in tokens) if len(tokens) > 1 else ""


def _within(short: tuple[str, ...], long: tuple[str, ...]) -> bool:
    return any(long[i : i + len(short)] == short for i in range(len(long) - len(short) + 1))


def _agreement(entity: Entity, facts: Facts) -> int:
    return int(entity.gender * facts.gender > 0) - int(entity.gender * facts.gender < 0)


def _learn(entity: Entity, name: Name, facts: Facts) -> None:
    """Add what a mention by name tells of an entity."""
    if len(name.tokens) > len(entity.tokens) or not entity.name:
        entity.tokens, entity.name = name.tokens, name.text
    entity.described |= facts.described | {TITLES.get(title) or title for title in name.titles}
    entity.aliases |= {alias for alias in (facts.alias, acronym(name.tokens)) if alias}
    entity.gender += facts.gender
    if entity.person is None or facts.person is not None:
        entity.person = facts.person


def guess_person(name: Name) -> bool | None:
    """Return whether a name alone looks like a person's."""
    if name.body:
        return False
    if name.titles and any(title in OFFICES | TITLES.keys() for title in name.titles):
        return True
    return True if name.tokens[0] in MALE_NAMES | FEMALE_NAMES and len(name.tokens) > 1 else None


def guess_gender(name: Name) -> int:
    """Return 2 for a man's title or first name, -2 for a woman's, else 0."""
    words = {*name.titles, *(name.tokens[:1] if len(name.tokens) > 1 else ())}
    return 2 * (bool(words & (MALE | MALE_NAMES)) - bool(words & (FEMALE | FEMALE_NAMES)))
