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
    ANY_BODY,
    ANY_SORT,
    BODIES,
    DOCUMENTS,
    FEMALE,
    FEMALE_NAMES,
    FEMALE_PRONOUNS,
    KIN,
    MALE,
    MALE_NAMES,
    MALE_PRONOUNS,
    OFFICES,
    PLURALS,
    SORTS,
    THINGS,
    TITLES,
)  # fmt: skip

NEAR = 12  # sentences that a pronoun or a bare "the group" can reach back
FAR = 2  # what each sentence in between costs, on the scale of the weights of `resolve`
_UNSURE = 3  # what it costs if it is not sure to be a person, or a body that speaks


@dataclass(eq=False, slots=True)
class Entity:
    """Somebody or something that the article mentions, while it is being read.

    `heads` holds the folded nouns by which it can be taken up, `described` all words said of it; `gender` is
    positive for a man and negative for a woman; `person` is None while nothing tells; `seen` gives how salient it is
    in each sentence that mentions it.
    """

    number: int
    tokens: tuple[str, ...] = ()
    aliases: set[str] = field(default_factory=set)
    heads: set[str] = field(default_factory=set)
    described: set[str] = field(default_factory=set)
    gender: int = 0
    person: bool | None = None
    place: bool = False
    plural: bool = False
    name: str = ""
    mentions: list[Mention] = field(default_factory=list)
    seen: dict[int, int] = field(default_factory=dict)
    kinds: Counter[str] = field(default_factory=Counter)
    spoke: bool = False

    @property
    def last(self) -> int:
        """Return the last sentence that mentions it outside quotations, -1 for none."""
        return max(self.seen, default=-1)

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


Cost = Callable[[Entity], int | None]  # None: cannot be meant


@dataclass(frozen=True, slots=True)
class Facts:
    """What the words around a name tell: nouns for it, all words, gender votes, whether a person, an acronym."""

    heads: frozenset[str]
    described: frozenset[str]
    gender: int
    person: bool | None
    place: bool
    alias: str


def _describes(phrase: Phrase, entity: Entity) -> bool:
    """Return whether a definite phrase says nothing but what is known of an entity."""
    named = {singular(token) for token in entity.tokens} if entity.person is not True else set()
    heads = {singular(head) for head in entity.heads} | named
    kin = phrase.head in KIN and phrase.possessor in MALE_PRONOUNS | FEMALE_PRONOUNS
    known = {*entity.described, *entity.tokens}
    return phrase.head in heads and (kin or phrase.others <= known | {singular(word) for word in known})


def _body_cost(entity: Entity, head: str) -> int | None:
    """Return what it costs to take an entity for "the group" or "the company"; None where that is no word for it."""
    if entity.person is True or entity.place or not entity.tokens:
        return None
    said = {singular(word) for word in (*entity.heads, *entity.tokens)}
    sorts = [sort for sort in SORTS if said & sort]
    if sorts and head not in ANY_SORT and not any(head in sort for sort in sorts):
        return None
    return _UNSURE * (entity.person is None) + _UNSURE * (not entity.spoke)


def _person_cost(sign: int) -> Cost:
    """Return the cost of taking an entity for "he" (sign 1) or "she" (-1)."""

    def cost(entity: Entity) -> int | None:
        if entity.person is False or entity.plural or entity.gender * sign < 0:
            return None
        unsure = entity.person is None and not entity.gender
        return _UNSURE * unsure * (1 if len(entity.tokens) > 1 else 2) + (not entity.gender)

    return cost


def _thing_cost(entity: Entity) -> int | None:
    """Return the cost of taking an entity for "it"."""
    if entity.person is True or entity.plural or entity.place or (entity.gender and entity.person is None):
        return None
    unsure = entity.person is None
    return _UNSURE * (unsure * (2 if len(entity.tokens) > 1 else 1) + (not entity.spoke))


def _many_cost(entity: Entity) -> int | None:
    """Return the cost of taking an entity for "they"."""
    return 0 if entity.plural else None if entity.person is not False else _UNSURE


_PRONOUN_COSTS: dict[str, Cost] = {
    **dict.fromkeys(MALE_PRONOUNS, _person_cost(1)), **dict.fromkeys(FEMALE_PRONOUNS, _person_cost(-1)),
    **dict.fromkeys(THINGS, _thing_cost), **dict.fromkeys(PLURALS, _many_cost),
}  # fmt: skip


class Register:
    """The entities found so far, in order of appearance."""

    def __init__(self) -> None:
        self.entities: list[Entity] = []

    def by_name(self, name: Name, facts: Facts) -> Entity:
        """Return the entity that a name belongs to, a new one where none fits."""
        fitting = [entity for entity in self.entities if _fits(entity, name, facts)]
        entity = max(fitting, key=lambda e: (*_agreement(e, name, facts), e.last), default=None)
        if entity is None:
            entity = self._new()
        _learn(entity, name, facts)
        return entity

    def by_phrase(self, phrase: Phrase, owner: Entity | None = None) -> tuple[Entity, bool]:
        """Return the entity that a noun phrase stands for, and whether it was there before.

        `owner` is who a possessive ("his wife") goes back to, and so nobody whom the phrase can stand for.
        """
        found = self._taken_up(phrase, owner) if phrase.definite else self._same_words(phrase)
        if found is not None:
            return found, True
        entity = self._new()
        entity.heads = {phrase.head}
        entity.described = {phrase.head, *phrase.others}
        entity.plural = phrase.plural and phrase.head not in BODIES
        entity.person = not {phrase.head, f"{phrase.head}s"} & (BODIES | DOCUMENTS)
        entity.gender = 2 * ((phrase.head in MALE) - (phrase.head in FEMALE))
        entity.name = phrase.text
        return entity, False

    def by_pronoun(self, phrase: Phrase, asker: Entity | None = None) -> Entity | None:
        """Return the most salient entity before a pronoun that agrees with it, or None; `asker` is not meant."""
        cost = _PRONOUN_COSTS.get(phrase.pronoun)
        if cost is None:
            return None
        return self.salient(phrase.sentence, lambda entity: None if entity is asker else cost(entity))

    def salient(self, sentence: int, cost: Cost) -> Entity | None:
        """Return the entity of least cost before a sentence: near, prominent there, and of the right sort."""
        best: tuple[int, int, Entity] | None = None
        for entity in self.entities:
            sort = cost(entity)
            for number, weight in entity.seen.items() if sort is not None else ():
                distance = sentence - number
                if sort is not None and 0 < distance <= NEAR:
                    rival = (FAR * distance + sort - weight, distance, entity)
                    best = rival if best is None or rival[:2] < best[:2] else best
        return best[2] if best else None

    def _new(self) -> Entity:
        self.entities.append(Entity(len(self.entities)))
        return self.entities[-1]

    def _taken_up(self, phrase: Phrase, owner: Entity | None) -> Entity | None:
        """Return the entity that a definite phrase goes back to: by its head noun, or a body by "the group"."""
        described = next((e for e in self._latest() if e is not owner and _describes(phrase, e)), None)
        if phrase.head not in ANY_BODY or phrase.others:
            return described
        body = self.salient(phrase.sentence, lambda entity: _body_cost(entity, phrase.head))
        if described is None or body is None or described.spoke or phrase.head in described.tokens:
            return described or body
        return body if body.last > described.last else described

    def _same_words(self, phrase: Phrase) -> Entity | None:
        """Return the latest entity without a name that an indefinite phrase repeats: "officials", "officials"."""
        if phrase.text.split()[0].casefold() in ("a", "an", "one", "another", "some", "two", "three", "other"):
            return None
        wanted = {phrase.head, *phrase.others}
        return next((e for e in self._latest() if not e.tokens and wanted == e.described), None)

    def _latest(self) -> Iterator[Entity]:
        yield from sorted(self.entities, key=lambda entity: entity.last, reverse=True)


def _fits(entity: Entity, name: Name, facts: Facts) -> bool:
    """Return whether a name can be one of an entity's: the same words, some of them in order, or its acronym."""
    if not entity.tokens:
        return False
    if name.tokens == entity.tokens or name.text.casefold() in entity.aliases:
        return True
    if (entity.person is True and facts.person is False) or (entity.person is False and facts.person is True):
        return False
    if entity.gender * facts.gender < 0 and abs(facts.gender) > 1:
        return False
    short, long = sorted((name.tokens, entity.tokens), key=len)
    if entity.person is False or facts.person is False:
        return acronym(long) == short[-1] or _within(short, long)
    return short == long[-len(short) :] or short == long[: len(short)]


def acronym(tokens: tuple[str, ...]) -> str:
    """Return the initials of a name; small words are no part of `tokens`."""
    return "".join(token[0] for token in tokens) if len(tokens) > 1 else ""


def _within(short: tuple[str, ...], long: tuple[str, ...]) -> bool:
    return any(long[i : i + len(short)] == short for i in range(len(long) - len(short) + 1))


def _agreement(entity: Entity, name: Name, facts: Facts) -> tuple[int, int]:
    """Return how well an entity fits a name that several share: in gender, and in title."""
    votes = entity.gender * facts.gender
    titles = {TITLES.get(title) or title for title in name.titles}
    return (votes > 0) - (votes < 0), len(titles & entity.heads)


def _learn(entity: Entity, name: Name, facts: Facts) -> None:
    """Add what a mention by name tells of an entity."""
    if len(name.tokens) > len(entity.tokens) or not entity.name:
        entity.tokens, entity.name = name.tokens, name.text
    entity.heads |= facts.heads | {TITLES.get(title) or title for title in name.titles}
    entity.described |= facts.described | entity.heads
    entity.aliases |= {alias for alias in (facts.alias, acronym(name.tokens)) if alias}
    entity.gender += facts.gender
    entity.place = facts.place and not entity.spoke
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
