"""What it costs to take an entity for a pronoun or a bare "the group": the least costly one near by is meant."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from sayso.sources.entity import Entity
from sayso.sources.phrases import singular
from sayso.sources.words import ANY_SORT, FEMALE_PRONOUNS, MALE_PRONOUNS, PLURALS, SORTS, THINGS

Cost = Callable[[Entity], int | None]  # None: cannot be meant

# How much a sentence makes of an entity: it speaks, goes on speaking, the sentence opens with it, it occurs.
SPEAKS, GOES_ON, OPENS, OCCURS = 4, 3, 2, 1
NEAR: Final = 12  # sentences that a pronoun or a bare "the group" can reach back
FAR: Final = 2  # what each sentence in between costs, on the scale of the weights above
UNSURE: Final = 3  # what it costs if it is not sure to be a person, or a body that speaks


def pronoun_cost(pronoun: str) -> Cost | None:
    """Return the cost of taking an entity for a folded pronoun of the third person, None for another one."""
    if pronoun in MALE_PRONOUNS | FEMALE_PRONOUNS:
        return _person_cost(1 if pronoun in MALE_PRONOUNS else -1)
    return _thing_cost if pronoun in THINGS else _many_cost if pronoun in PLURALS else None


def body_cost(head: str) -> Cost:
    """Return the cost of taking an entity for "the group", "the company": a body of a sort that the noun fits."""

    def cost(entity: Entity) -> int | None:
        if entity.person is True or entity.place or not entity.tokens:
            return None
        said = {singular(word) for word in (*entity.heads, *entity.tokens)}
        sorts = [sort for sort in SORTS if said & sort]
        if sorts and head not in ANY_SORT and not any(head in sort for sort in sorts):
            return None
        return UNSURE * (entity.person is None) + UNSURE * (not entity.spoke)

    return cost


def known_person(entity: Entity) -> int | None:
    """Return no cost for a person, whoever it is."""
    return 0 if entity.person is True else None


def _person_cost(sign: int) -> Cost:
    def cost(entity: Entity) -> int | None:
        if entity.person is False or entity.plural or entity.gender * sign < 0:
            return None
        unsure = entity.person is None and not entity.gender
        return UNSURE * unsure * (1 if len(entity.tokens) > 1 else 2) + (not entity.gender)

    return cost


def _thing_cost(entity: Entity) -> int | None:
    if entity.person is True or entity.plural or entity.place or (entity.gender and entity.person is None):
        return None
    unsure = (2 if len(entity.tokens) > 1 else 1) if entity.person is None else 0
    return UNSURE * (unsure + (not entity.spoke))


def _many_cost(entity: Entity) -> int | None:
    return 0 if entity.plural else None if entity.person is not False else UNSURE
