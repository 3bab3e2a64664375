"""Reading an article in order: names and words for sources become entities, quotations go on with their speaker."""

from __future__ import annotations

from dataclasses import dataclass

from sayso.sources.article import Article
from sayso.sources.facts import facts_of
from sayso.sources.graph import Mention
from sayso.sources.names import Name
from sayso.sources.phrases import Phrase
from sayso.sources.register import Entity, Register
from sayso.sources.words import POSSESSIVES

# How much a sentence makes of an entity: it speaks, it goes on speaking, the sentence opens with it, it occurs.
SPEAKS, GOES_ON, OPENS, OCCURS = 4, 3, 2, 1


@dataclass(slots=True)
class Decision:
    """To whom a sentence is attributed, and how that is known: a basis of graph.BASES."""

    entity: Entity | None
    basis: str


def resolve(article: Article) -> tuple[list[Entity], list[Decision | None]]:
    """Return the entities of an article, and a decision for each sentence or None.

    Sentences are read in order, since what a pronoun stands for depends on who spoke before it. What only words
    further on can tell is left to `carry`.
    """
    register = Register()
    decisions: list[Decision | None] = []
    for number in range(len(article.sentences)):
        named = _note_names(article, register, number)
        decision = _direct(article, register, number, named)
        decisions.append(decision or _goes_on(article, decisions, number))
        _remember(decisions[-1], article, number)
    return register.entities, decisions


def _note_names(article: Article, register: Register, number: int) -> dict[Name, Entity]:
    """Enter the names of a sentence, those in quotations without making them salient."""
    sentence, names, found = article.sentences[number], article.names[number], {}
    for place, name in enumerate(names):
        facts = facts_of(article.text, name, (sentence.start, sentence.end), names[place + 1 :], article.quotes)
        entity = found[name] = register.by_name(name, facts)
        spoken = article.quotes.at(name.start) is not None
        weight = OPENS if opens(article, name) else OCCURS
        mention = Mention(name.start, name.end, article.text[name.start : name.end], "name")
        if spoken:
            entity.note(mention)
        else:
            entity.add(mention, number, weight)
    return found


def opens(article: Article, name: Name) -> bool:
    """Return whether a name is the subject that a sentence opens with: no more than an article stands before it."""
    before = article.text[article.sentences[name.sentence].start : name.start]
    return before.strip().casefold() in ("", "the") or before.endswith(", ") and before.count(",") == 1


def _direct(article: Article, register: Register, number: int, named: dict[Name, Entity]) -> Decision | None:
    """Return the decision that a sentence's own words for its source allow, or None without such words."""
    phrase = article.speaker[number]
    if phrase is None:
        sentence = article.sentences[number]
        reported = sentence.label in ("claim", "hedge") and sentence.cues and not sentence.sources
        return Decision(None, "none") if reported and not article.quoted[number] else None
    if phrase.name is not None:
        entity, basis = named[phrase.name], "same-sentence"
    elif phrase.pronoun:
        found = register.by_pronoun(phrase)
        if found is None:
            return Decision(None, "none")
        entity, basis = found, "pronoun"
    else:
        entity, basis = _by_phrase(register, phrase)
    entity.add(Mention(phrase.start, phrase.end, phrase.text, phrase.form), number, SPEAKS)
    entity.gender += _agrees(phrase)
    return Decision(entity, basis)


def _by_phrase(register: Register, phrase: Phrase) -> tuple[Entity, str]:
    """Return the entity of a noun phrase; `pronoun` where its words are not the name or the whole first phrase."""
    owner = None
    if phrase.possessor in POSSESSIVES:
        owner = register.salient(phrase.sentence, lambda entity: entity.person is True)
    entity, known = register.by_phrase(phrase, owner)
    whole = not entity.tokens and entity.described <= {phrase.head, *phrase.others}
    return entity, "pronoun" if known and not whole else "same-sentence"


def _agrees(phrase: Phrase) -> int:
    return {"he": 1, "she": -1}.get(phrase.pronoun, 0)


def _goes_on(article: Article, decisions: list[Decision | None], number: int) -> Decision | None:
    """Return the speaker of the sentence before for a quotation that goes on, in its paragraph or over the break."""
    if not article.quoted[number] or not number:
        return None
    before = decisions[number - 1]
    same = article.paragraph[number] == article.paragraph[number - 1]
    if before and before.entity and (same or article.speeches(number) & article.speeches(number - 1)):
        return Decision(before.entity, "quotation-continued")
    return None


def _remember(decision: Decision | None, article: Article, number: int) -> None:
    if decision and decision.entity:
        entity, kind = decision.entity, article.sentences[number].source_kind
        entity.spoke = True
        entity.seen[number] = max(GOES_ON, entity.seen.get(number, 0))
        if kind and decision.basis == "same-sentence":
            entity.kinds[kind] += 1
