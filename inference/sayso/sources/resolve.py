"""Reading an article in order: names and words for sources become entities, quotations go on with their speaker."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import zip_longest

from sayso.sources.article import Article
from sayso.sources.carry import earlier_speaker, later_speaker, named_after
from sayso.sources.entity import Entity
from sayso.sources.facts import facts_of
from sayso.sources.graph import Mention
from sayso.sources.names import Name, words_of
from sayso.sources.phrases import Phrase, read_phrase
from sayso.sources.register import Register
from sayso.sources.salience import GOES_ON, OCCURS, OPENS, SPEAKS, known_person
from sayso.sources.words import POSSESSIVES

FURTHEST = 100  # characters before a name that may still be an apposition to it
_SIGN = {"he": 1, "she": -1}


@dataclass(frozen=True, slots=True)
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
    speakers: list[Entity | None] = []
    for number in range(len(article.sentences)):
        named = _note_names(article, register, number)
        decision = _direct(article, register, number, named, _asker(article, speakers))
        if decision is None and article.quoted[number] and named_after(article, number) is None:
            decision = _continued(earlier_speaker(article, register, speakers, number))
        decisions.append(decision)
        speakers.append(decision.entity if decision else None)
        _remember(article, register, number, decision)
    return register.entities, [
        _last_word(article, register, speakers, number, decision) for number, decision in enumerate(decisions)
    ]


def _last_word(
    article: Article, register: Register, speakers: list[Entity | None], number: int, decision: Decision | None
) -> Decision | None:
    """Return the decision on a sentence once all of the article is read."""
    if article.signature[number]:
        return None  # a name behind a quotation asserts nothing by itself
    if decision is not None or not article.quoted[number]:
        return decision
    speaker = later_speaker(article, speakers, number) or earlier_speaker(article, register, speakers, number)
    return _continued(speaker) or Decision(None, "none")


def _continued(speaker: Entity | None) -> Decision | None:
    return Decision(speaker, "quotation-continued") if speaker else None


def _note_names(article: Article, register: Register, number: int) -> dict[Name, Entity]:
    """Enter the names of a sentence, those in quotations without making them salient."""
    sentence, names, found = article.sentences[number], article.names[number], {}
    for name, following in zip_longest(names, names[1:]):
        facts = facts_of(article.text, name, (sentence.start, sentence.end), following, article.quotes)
        entity = found[name] = register.by_name(name, facts)
        entity.note(Mention(name.start, name.end, article.text[name.start : name.end], "name"))
        if article.quotes.at(name.start) is None:
            register.see(entity, number, OPENS if opens(article, name) else OCCURS)
    return found


def _note_subject(article: Article, register: Register, number: int) -> None:
    """Keep whoever a sentence without a source opens with as "He" or "She" in the reader's mind."""
    sentence = article.sentences[number]
    first = words_of(article.text, sentence.start, sentence.end)[:1]
    if first and first[0].key in ("he", "she"):
        entity = register.by_pronoun(read_phrase(article.text, first[0].start, first[0].end, number, ()))
        if entity is not None:
            entity.gender += _SIGN[first[0].key]
            register.see(entity, number, OPENS)


def opens(article: Article, name: Name) -> bool:
    """Return whether a name is the subject that a sentence opens with: no more than an article stands before it."""
    start = article.sentences[name.sentence].start
    before = article.text[start : name.start] if name.start - start < FURTHEST else "..."
    return before.strip().casefold() in ("", "the") or (before.endswith(", ") and before.count(",") == 1)


def _asker(article: Article, speakers: list[Entity | None]) -> Entity | None:
    """Return who asked in the last sentence so far, as in: "Why?" a visitor asked. It is somebody else who answers."""
    if not speakers:
        return None
    last = article.sentences[len(speakers) - 1]
    asked = "?" in last.text and any(cue.text.casefold().startswith("ask") for cue in last.cues)
    return speakers[-1] if asked else None


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
    entity.note(Mention(phrase.start, phrase.end, phrase.text, phrase.form))
    register.see(entity, number, SPEAKS)
    entity.gender += _SIGN.get(phrase.pronoun, 0)
    return Decision(entity, basis)


def _by_phrase(register: Register, phrase: Phrase) -> tuple[Entity, str]:
    """Return the entity of a noun phrase; `pronoun` where its words are not the name or the whole first phrase."""
    owner = None
    if phrase.possessor in POSSESSIVES:
        owner = register.salient(phrase.sentence, known_person)
    entity, known = register.by_phrase(phrase, owner)
    whole = not entity.tokens and entity.described <= {phrase.head, *phrase.others}
    return entity, "pronoun" if known and not whole else "same-sentence"


def _remember(article: Article, register: Register, number: int, decision: Decision | None) -> None:
    """Keep the speaker of a sentence in mind, or whoever it opens with as "He" or "She"."""
    if decision is None and not article.quoted[number]:
        _note_subject(article, register, number)
    if decision is None or decision.entity is None:
        return
    decision.entity.spoke = True
    register.see(decision.entity, number, GOES_ON)
    kind = article.sentences[number].source_kind
    if kind and decision.basis == "same-sentence":
        decision.entity.kinds[kind] += 1
