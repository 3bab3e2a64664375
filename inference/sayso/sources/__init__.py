"""From sentences to sources: who stands behind each sentence of one article, by rules on top of the model's spans."""

from __future__ import annotations

from collections.abc import Sequence

from sayso.records import Sentence
from sayso.sources.article import read_article
from sayso.sources.entity import Entity
from sayso.sources.graph import BASES, Attribution, Mention, Source, SourceGraph
from sayso.sources.resolve import Decision, resolve

__all__ = ["BASES", "Attribution", "Mention", "Source", "SourceGraph", "link"]


def link(text: str, sentences: Sequence[Sentence]) -> SourceGraph:
    """Link the mentions of one article's sources, and attribute its sentences to them.

    `text` is the whole document and `sentences` what `Classifier.analyze(text)` gave for it; offsets count its code
    points. A sentence of no attribution is left out; one whose source cannot be told has basis `none`.

    Raises:
        InputError: for sentences that are not those of `text`, or not in order.
    """
    article = read_article(text, sentences)
    entities, decisions = resolve(article)
    found = [(s, d) for s, d in zip(sentences, decisions, strict=True) if d is not None]
    ids: dict[int, int] = {}
    for _, decision in found:
        if decision.entity is not None:
            ids.setdefault(decision.entity.number, len(ids))
    sources = tuple(_source(number, entities[entity]) for entity, number in ids.items())
    return SourceGraph(sources, tuple(_attribution(s, d, ids) for s, d in found))


def _source(number: int, entity: Entity) -> Source:
    kind = entity.kinds.most_common(1)
    return Source(number, entity.name, kind[0][0] if kind else None, tuple(entity.mentions))


def _attribution(sentence: Sentence, decision: Decision, ids: dict[int, int]) -> Attribution:
    """Return the public form of a decision; evidence of `same-sentence` is the mention in the sentence."""
    entity = decision.entity
    if entity is None:
        return Attribution(sentence.sentence_index, None, "none", None)
    before = sentence.end if decision.basis == "same-sentence" else sentence.start
    return Attribution(sentence.sentence_index, ids[entity.number], decision.basis, entity.evidence(before))
