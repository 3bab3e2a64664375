"""Reading an article in order: names and words for sources become entities, quotations go on with their speaker."""

from __future__ import annotations

from dataclasses import dataclass

from sayso.sources.article import Article
from sayso.sources.carry import OPENS, earlier_speaker, later_speaker, named_after
from sayso.sources.facts import facts_of
from sayso.sources.graph import Mention
from sayso.sources.names import Name, words_of
from sayso.sources.phrases import Phrase, read_phrase
from sayso.sources.register import Entity, Register
from sayso.sources.words import POSSESSIVES

_SIGN = {"he": 1, "she": -1}
# How much a sentence makes of an entity: it speaks, it goes on speaking, the sentence opens with it, it occurs.
SPEAKS, GOES_ON, OCCURS = 4, 3, 1  # and OPENS


@dataclass(slots=True)
class Decision:
    """To whom a sentence is attributed, and how that is known: a basis of graph.BASES."""

    entity: Entity | None
    basis: str


def resolve(article: Article) -> tuple[list[Entity], list[Decision | None]]:
    """Return the entities of an article, and a decision for each sentence or None.

    Sentences are read in order, since what a pronoun stands for depends on who spoke before it. Quotations that
    only words further on can give to a speaker are decided last.
    """
    register = Register()
    decisions: list[Decision | None] = []
    for number in range(len(article.sentences)):
        named = _note_names(article, register, number)
        decision = _direct(article, register, number, named, _asker(article, decisions))
        if decision is None and article.quoted[number] and named_after(article, number) is None:
            decision = _continued(earlier_speaker(article, register.entities, _speakers(decisions), number))
        decisions.append(decision)
        _remember(decision, article, number)
        if decision is None and not article.quoted[number]:
            _note_subject(article, register, number)
    speakers = _speakers(decisions)
    for number, decision in enumerate(decisions):
        if article.signature[number]:
            decisions[number] = None
        elif decision is None and article.quoted[number]:
            decisions[number] = _continued(later_speaker(article, speakers, number)) or Decision(None, "none")
    return register.entities, decisions


def _continued(speaker: Entity | None) -> Decision | None:
    return Decision(speaker, "quotation-continued") if speaker else None


def _speakers(decisions: list[Decision | None]) -> list[Entity | None]:
    return [decision.entity if decision else None for decision in decisions]


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


def _note_subject(article: Article, register: Register, number: int) -> None:
    """Keep whoever a sentence without a source opens with as "He" or "She" in the reader's mind."""
    sentence = article.sentences[number]
    first = words_of(article.text, sentence.start, sentence.end)[:1]
    if first and first[0].key in ("he", "she"):
        entity = register.by_pronoun(read_phrase(article.text, first[0].start, first[0].end, number, ()))
        if entity is not None:
            entity.gender += _SIGN[first[0].key]
            entity.seen[number] = max(OPENS, entity.seen.get(number, 0))


def opens(article: Article, name: Name) -> bool:
    """Return whether a name is the subject that a sentence opens with: no more than an article stands before it."""
    before = article.text[article.sentences[name.sentence].start : name.start]
    return before.strip().casefold() in ("", "the") or (before.endswith(", ") and before.count(",") == 1)


def _asker(article: Article, decisions: list[Decision | None]) -> Entity | None:
    """Return who asked in the last sentence so far, as in: "Why?" a visitor asked. It is somebody else who answers."""
    last = decisions[-1] if decisions else None
    sentence = article.sentences[len(decisions) - 1] if decisions else None
    asked = sentence is not None and any(cue.text.casefold().startswith("ask") for cue in sentence.cues)
    return last.entity if last and sentence is not None and asked and "?" in sentence.text else None


def _direct(
    article: Article, register: Register, number: int, named: dict[Name, Entity], asker: Entity | None
) -> Decision | None:
    """Return the decision that a sentence's own words for its source allow, or None without such words."""
    phrase = article.speaker[number]
    if phrase is None:
        sentence = article.sentences[number]
        reported = sentence.label in ("claim", "hedge") and sentence.cues and not sentence.sources
        return Decision(None, "none") if reported and not article.quoted[number] else None
    if phrase.name is not None:
        entity, basis = named[phrase.name], "same-sentence"
    elif phrase.pronoun:
        found = register.by_pronoun(phrase, asker)
        if found is None:
            return Decision(None, "none")
        entity, basis = found, "pronoun"
    else:
        entity, basis = _by_phrase(register, phrase)
    entity.add(Mention(phrase.start, phrase.end, phrase.text, phrase.form), number, SPEAKS)
    entity.gender += _SIGN.get(phrase.pronoun, 0)
    return Decision(entity, basis)


def _by_phrase(register: Register, phrase: Phrase) -> tuple[Entity, str]:
    """Return the entity of a noun phrase; `pronoun` where its words are not the name or the whole first phrase."""
    owner = None
    if phrase.possessor in POSSESSIVES:
        owner = register.salient(phrase.sentence, lambda entity: 0 if entity.person is True else None)
    entity, known = register.by_phrase(phrase, owner)
    whole = not entity.tokens and entity.described <= {phrase.head, *phrase.others}
    return entity, "pronoun" if known and not whole else "same-sentence"


def _remember(decision: Decision | None, article: Article, number: int) -> None:
    if decision and decision.entity:
        entity, kind = decision.entity, article.sentences[number].source_kind
        entity.spoke = True
        entity.seen[number] = max(GOES_ON, entity.seen.get(number, 0))
        if kind and decision.basis == "same-sentence":
            entity.kinds[kind] += 1
