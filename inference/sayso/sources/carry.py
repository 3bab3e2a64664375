"""Speakers of quotations whose own sentence does not name one and that no speaker went on before.

After the quote-to-mention sieves of Muzny et al. (2017), in their order of certainty: the same quotation, the
speaker named right after it, the subject of the sentence before it, the speaker of the conversation.
"""

from __future__ import annotations

from collections.abc import Sequence

from sayso.sources.article import Article
from sayso.sources.register import Entity
from sayso.sources.resolve import OPENS, Decision

BACK = 4  # sentences without a speaker after which a conversation is over


def carry(article: Article, entities: Sequence[Entity], decisions: list[Decision | None]) -> list[Decision | None]:
    """Return the decisions with a speaker, or basis `none`, for every quotation that had no decision."""
    done = list(decisions)
    for number in range(len(done)):
        if done[number] is None and article.quoted[number]:
            speaker = _speaker(article, entities, done, number)
            done[number] = Decision(speaker, "quotation-continued" if speaker else "none")
    return done


def _speaker(
    article: Article, entities: Sequence[Entity], decisions: Sequence[Decision | None], number: int
) -> Entity | None:
    return (
        _same_speech(article, decisions, number)
        or _named_after(article, decisions, number)
        or _going_on(article, decisions, number)
        or _subject_before(article, entities, number)
        or _conversation(article, decisions, number)
    )


def _same_speech(article: Article, decisions: Sequence[Decision | None], number: int) -> Entity | None:
    """Return the speaker of another sentence of the same quotation, the nearest first."""
    speeches = article.speeches(number)
    for other in sorted(range(len(decisions)), key=lambda place: abs(place - number)):
        decision = decisions[other]
        if decision and decision.entity and speeches & article.speeches(other):
            return decision.entity
    return None


def _named_after(article: Article, decisions: Sequence[Decision | None], number: int) -> Entity | None:
    """Return the speaker whom the paragraph names after its opening quotations, with a quotation of theirs."""
    for later in range(number + 1, len(decisions)):
        if article.paragraph[later] != article.paragraph[number] or not article.speeches(later):
            return None
        decision = decisions[later]
        if article.speaker[later] is not None:
            return decision.entity if decision else None
    return None


def _going_on(article: Article, decisions: Sequence[Decision | None], number: int) -> Entity | None:
    """Return the speaker found by now of a quotation right before, in the same paragraph."""
    before = decisions[number - 1] if number and article.paragraph[number] == article.paragraph[number - 1] else None
    return before.entity if before else None


def _subject_before(article: Article, entities: Sequence[Entity], number: int) -> Entity | None:
    """Return the person with whom the sentence before opens, in the same paragraph: Haddad looked up. "No." """
    if not number or article.paragraph[number] != article.paragraph[number - 1]:
        return None
    subjects = [e for e in entities if e.seen.get(number - 1, 0) >= OPENS and e.person is not False]
    return subjects[0] if subjects else None


def _conversation(article: Article, decisions: Sequence[Decision | None], number: int) -> Entity | None:
    """Return the last speaker before, where a quotation follows a question or another quotation."""
    for earlier in range(number - 1, max(-1, number - 1 - BACK), -1):
        decision = decisions[earlier]
        if decision and decision.entity:
            return decision.entity if article.speeches(earlier) else None
        if decision is None and not article.sentences[earlier].text.rstrip().endswith("?") and earlier == number - 1:
            return None
    return None
