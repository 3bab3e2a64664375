"""Speakers of quotations whose own sentence does not name one.

After the quote-to-mention sieves of Muzny et al. (2017), in their order of certainty: the same quotation, the
speaker before it in the paragraph, the speaker named right after it, the subject of the sentence before it, the
speaker of the conversation.
"""

from __future__ import annotations

from collections.abc import Sequence

from sayso.sources.article import Article
from sayso.sources.entity import Entity
from sayso.sources.register import Register
from sayso.sources.salience import OPENS

BACK = 4  # sentences without a speaker after which a conversation is over

Speakers = Sequence[Entity | None]  # of the sentences, as far as they are decided


def earlier_speaker(article: Article, register: Register, speakers: Speakers, number: int) -> Entity | None:
    """Return the speaker of a quotation by what stands before it, or None."""
    return (
        _goes_on(article, speakers, number)
        or _subject_before(article, register, number)
        or _conversation(article, speakers, number)
    )


def later_speaker(article: Article, speakers: Speakers, number: int) -> Entity | None:
    """Return the speaker of a quotation by what stands after it, or None."""
    later = named_after(article, number)
    return speakers[later] if later is not None else None


def named_after(article: Article, number: int) -> int | None:
    """Return the sentence that names the speaker of a quotation after it, or None.

    That is one of the same quotation, or the next one of the paragraph with words for its source and a quotation
    of its own, if the paragraph did not name a speaker before and is nothing but quotations in between.
    """
    opening = not number or article.paragraph[number - 1] != article.paragraph[number]
    for later in range(number + 1, len(article.sentences)):
        if article.signature[later]:
            return later
        same = article.speeches(number) & article.speeches(later)
        if not same and (article.paragraph[later] != article.paragraph[number] or not article.speeches(later)):
            return None
        if article.speaker[later] is not None:
            return later if same or opening or _quoted_from_start(article, number) else None
    return None


def _quoted_from_start(article: Article, number: int) -> bool:
    """Return whether a paragraph holds nothing but quotations up to a sentence."""
    place = number - 1
    while place >= 0 and article.paragraph[place] == article.paragraph[number]:
        if not article.quoted[place]:
            return False
        place -= 1
    return True


def _goes_on(article: Article, speakers: Speakers, number: int) -> Entity | None:
    """Return the speaker of the sentence before, for the same quotation or the next one of the paragraph."""
    before = article.before(number)
    if before is None:
        return None
    same = article.paragraph[number] == article.paragraph[before]
    return speakers[before] if same or article.speeches(number) & article.speeches(before) else None


def _subject_before(article: Article, register: Register, number: int) -> Entity | None:
    """Return the person with whom the sentence before opens, in the same paragraph: Haddad looked up. "No."

    A colon at its end leads on into the next paragraph.
    """
    before = article.before(number)
    if before is None:
        return None
    leads_on = article.sentences[before].text.endswith(":")
    if article.paragraph[number] != article.paragraph[before] and not leads_on:
        return None
    weights = register.seen(before).items()
    subjects = (entity for entity, weight in weights if weight >= OPENS and entity.person is not False)
    return min(subjects, key=lambda entity: entity.number, default=None)


def _conversation(article: Article, speakers: Speakers, number: int) -> Entity | None:
    """Return the last speaker before, where a quotation follows a question, another quotation or a report."""
    before = article.before(number)
    asked = before is not None and article.sentences[before].text.rstrip().endswith("?")
    for earlier in range(number - 1, max(-1, number - 1 - BACK), -1):
        if speakers[earlier] is not None:
            return speakers[earlier]
        if not asked and earlier == before:
            return None
    return None
