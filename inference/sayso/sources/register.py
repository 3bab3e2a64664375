"""The sources of an article as they come up: names, phrases and pronouns linked into one entity each.

Follows the order of the sieves of Lee et al. (2013): exact and partial names, acronyms, nouns by their head, and
pronouns last, each agreeing in kind and gender with the most salient entity before it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from sayso.sources.entity import Entity
from sayso.sources.names import Name
from sayso.sources.phrases import Phrase, singular
from sayso.sources.salience import FAR, NEAR, Cost, body_cost, pronoun_cost
from sayso.sources.words import (
    ANY_BODY,
    BODIES,
    DOCUMENTS,
    FEMALE,
    FEMALE_PRONOUNS,
    INDEFINITE,
    KIN,
    MALE,
    MALE_PRONOUNS,
    TITLES,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Facts:
    """What the words around a name tell: nouns for it, all words, gender votes, whether a person or place, an acronym.

    `gender` is positive for a man and negative for a woman, beyond 1 either way where it is certain.
    """

    heads: frozenset[str]
    described: frozenset[str]
    gender: int
    person: bool | None
    place: bool
    alias: str


class Register:
    """The entities found so far, in order of appearance; looked up by word, so that long articles stay cheap."""

    def __init__(self) -> None:
        self.entities: list[Entity] = []
        self._by_word: defaultdict[str, dict[Entity, None]] = defaultdict(dict)  # of names and acronyms
        self._by_head: defaultdict[str, dict[Entity, None]] = defaultdict(dict)
        self._weights: defaultdict[int, dict[Entity, int]] = defaultdict(dict)

    def see(self, entity: Entity, sentence: int, weight: int) -> None:
        """Note how salient a sentence makes an entity."""
        self._weights[sentence][entity] = max(weight, self._weights[sentence].get(entity, 0))
        entity.last = max(entity.last, sentence)

    def seen(self, sentence: int) -> dict[Entity, int]:
        """Return how salient a sentence makes each entity in it."""
        return self._weights.get(sentence, {})

    def by_name(self, name: Name, facts: Facts) -> Entity:
        """Return the entity that a name belongs to, a new one where none fits."""
        words = (*name.tokens, name.text.casefold(), acronym(name.tokens))
        near = {entity: None for word in words for entity in self._by_word.get(word, ())}
        fitting = [entity for entity in near if _fits(entity, name, facts)]
        entity = max(fitting, key=lambda e: (*_agreement(e, name, facts), e.last), default=None)
        if entity is None:
            entity = self._new()
        _learn(entity, name, facts)
        self._index(entity)
        return entity

    def by_phrase(self, phrase: Phrase, owner: Entity | None = None) -> tuple[Entity, bool]:
        """Return the entity that a noun phrase stands for, and whether it was there before.

        `owner` is who a possessive ("his wife") goes back to, and so nobody whom the phrase can stand for.
        """
        found = self._taken_up(phrase, owner) if phrase.definite else self._same_words(phrase)
        if found is not None:
            return found, True
        entity = self._new()
        entity.heads, entity.described, entity.name = {phrase.head}, {phrase.head, *phrase.others}, phrase.text
        entity.plural = phrase.plural and phrase.head not in BODIES
        entity.person = not {phrase.head, f"{phrase.head}s"} & (BODIES | DOCUMENTS)
        entity.gender = 2 * ((phrase.head in MALE) - (phrase.head in FEMALE))
        self._index(entity)
        return entity, False

    def by_pronoun(self, phrase: Phrase, asker: Entity | None = None) -> Entity | None:
        """Return the most salient entity before a pronoun that agrees with it, or None; `asker` is not meant."""
        cost = pronoun_cost(phrase.pronoun)
        return self.salient(phrase.sentence, cost, asker) if cost else None

    def salient(self, sentence: int, cost: Cost, but: Entity | None = None) -> Entity | None:
        """Return the entity of least cost before a sentence: near, prominent there, and of the right sort."""
        rivals: list[tuple[int, int, int]] = []
        for distance in range(1, NEAR + 1):
            for entity, weight in self.seen(sentence - distance).items():
                sort = cost(entity)
                if sort is not None and entity is not but:
                    rivals.append((FAR * distance + sort - weight, distance, entity.number))
        return self.entities[min(rivals)[2]] if rivals else None

    def _new(self) -> Entity:
        self.entities.append(Entity(len(self.entities)))
        return self.entities[-1]

    def _index(self, entity: Entity) -> None:
        for word in (*entity.tokens, *entity.aliases):
            self._by_word[word][entity] = None
        for word in (*entity.heads, *(entity.tokens if entity.person is not True else ())):
            self._by_head[singular(word)][entity] = None

    def _taken_up(self, phrase: Phrase, owner: Entity | None) -> Entity | None:
        """Return the entity that a definite phrase goes back to: by its head noun, or a body by "the group"."""
        fitting = [e for e in self._by_head.get(phrase.head, ()) if e is not owner and _describes(phrase, e)]
        described = _latest(fitting)
        if phrase.head not in ANY_BODY or phrase.others:
            return described
        body = self.salient(phrase.sentence, body_cost(phrase.head))
        if described is None or body is None or described.spoke or phrase.head in described.tokens:
            return described or body
        return _latest((described, body))

    def _same_words(self, phrase: Phrase) -> Entity | None:
        """Return the latest entity without a name that a bare plural repeats: "officials", "officials"."""
        if phrase.possessor in INDEFINITE:
            return None
        wanted = {phrase.head, *phrase.others}
        return _latest(e for e in self._by_head.get(phrase.head, ()) if not e.tokens and wanted == e.described)


def acronym(tokens: tuple[str, ...]) -> str:
    """Return the initials of a name; small words are no part of `tokens`."""
    return "".join(token[0] for token in tokens) if len(tokens) > 1 else ""


def _latest(entities: Iterable[Entity]) -> Entity | None:
    return max(entities, key=lambda entity: entity.last, default=None)


def _fits(entity: Entity, name: Name, facts: Facts) -> bool:
    """Return whether a name can be one of an entity's: the same words, some of them in order, or its acronym."""
    if not entity.tokens:
        return False
    if name.tokens == entity.tokens or name.text.casefold() in entity.aliases:
        return True
    if {entity.person, facts.person} == {True, False} or (entity.gender * facts.gender < 0 and abs(facts.gender) > 1):
        return False
    short, long = sorted((name.tokens, entity.tokens), key=len)
    if entity.person is False or facts.person is False:
        return acronym(long) == short[-1] or _within(short, long)
    return short == long[-len(short) :] or short == long[: len(short)]


def _within(short: tuple[str, ...], long: tuple[str, ...]) -> bool:
    return any(long[i : i + len(short)] == short for i in range(len(long) - len(short) + 1))


def _agreement(entity: Entity, name: Name, facts: Facts) -> tuple[int, int]:
    """Return how well an entity fits a name that several share: in gender, and in title."""
    votes = entity.gender * facts.gender
    return (votes > 0) - (votes < 0), len(_roles(name) & entity.heads)


def _roles(name: Name) -> set[str]:
    return {TITLES.get(title) or title for title in name.titles}


def _learn(entity: Entity, name: Name, facts: Facts) -> None:
    """Add what a mention by name tells of an entity."""
    if len(name.tokens) > len(entity.tokens) or not entity.name:
        entity.tokens, entity.name = name.tokens, name.text
    entity.heads |= facts.heads | _roles(name)
    entity.described |= facts.described | entity.heads
    entity.aliases |= {alias for alias in (facts.alias, acronym(name.tokens)) if alias}
    entity.gender += facts.gender
    entity.place = facts.place and not entity.spoke
    if entity.person is None or facts.person is not None:
        entity.person = facts.person


def _describes(phrase: Phrase, entity: Entity) -> bool:
    """Return whether a definite phrase says nothing but what is known of an entity."""
    kin = phrase.head in KIN and phrase.possessor in MALE_PRONOUNS | FEMALE_PRONOUNS
    known = {*entity.described, *entity.tokens}
    return kin or phrase.others <= known | {singular(word) for word in known}
