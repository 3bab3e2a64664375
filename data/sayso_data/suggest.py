"""Which unlabelled sentences are worth labelling next: those that a model is unsure of, of rare classes, unlike others.

Uncertainty is the entropy of the label and tags (Lewis and Gale 1994); with several models it is how far they
disagree, the Jensen-Shannon divergence of their answers (query by committee, McCallum and Nigam 1998).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sayso.classifier import Classifier
from sayso.corpus import batched, pieces
from sayso.decode import Prediction
from sayso.errors import MissingExtraError
from sayso.labels import HEADS
from sayso.records import Document
from sayso.segmentation import split_sentences
from sayso_data.schema import Example, SpanLabel
from sayso_data.standoff import fingerprint, squeeze

WORDS = (3, 80)  # a sentence of fewer or more words teaches little or is a splitting fault
POOL = 20  # sentences looked at for one that is chosen
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Weights:
    """How much uncertainty, rare classes and unlikeness to what is chosen already count."""

    uncertainty: float = 1.0
    rare: float = 0.5
    diversity: float = 0.5


@dataclass(frozen=True, slots=True)
class Candidate:
    """An unlabelled sentence, where it stands, and the probabilities of every head by each model.

    `shares` maps a head to (models, classes); a tag is there only when a model finds a source or cue.
    """

    text: str
    doc: str
    outlet: str | None
    shares: dict[str, Floats]


@dataclass(frozen=True, slots=True)
class Choice:
    """A sentence that was chosen, the model's answer as an example, and why: each from 0 to 1."""

    example: Example
    uncertainty: float
    rarity: float


def candidates(
    documents: Iterable[Document], models: Sequence[Classifier], known: set[str], whole: bool
) -> Iterator[Candidate]:
    """Yield the distinct sentences of documents that `known` (fingerprints of texts) does not hold.

    `whole` takes each document for one sentence.
    """
    seen = set(known)
    pieced = documents if whole else (piece for document in documents for piece in pieces(document))
    for batch in batched(pieced):
        found = [(text, document) for document in batch for text in _sentences(document.text, whole)]
        fresh = {text: document for text, document in reversed(found) if fingerprint(text) not in seen}
        seen |= {fingerprint(text) for text in fresh}
        answers = [model.predict(list(fresh)) for model in models]
        for (text, document), rows in zip(fresh.items(), zip(*answers, strict=True), strict=True):
            outlet = document.metadata.get("outlet")
            yield Candidate(text, document.id, outlet if isinstance(outlet, str) else None, _shares(rows))


def _sentences(text: str, whole: bool) -> Iterator[str]:
    for start, end in [(0, len(text))] if whole else split_sentences(text):
        sentence = squeeze(text[start:end])
        if WORDS[0] <= len(sentence.split()) <= WORDS[1]:
            yield sentence


def _shares(answers: Sequence[Prediction]) -> dict[str, Floats]:
    attributed = any(answer.kind is not None for answer in answers)
    heads = HEADS if attributed else ("label",)
    return {h: np.array([[a.probabilities[h][c] for c in HEADS[h]] for a in answers]) for h in heads}


def uncertainty(shares: dict[str, Floats]) -> float:
    """Return how unsure one model is, or how far several disagree, from 0 to 1: the mean over the heads."""
    return float(np.mean([_head_uncertainty(rows) for rows in shares.values()]))


def _head_uncertainty(rows: Floats) -> float:
    models, classes = rows.shape
    if models == 1:
        return float(_entropy(rows[0]) / np.log(classes))
    return float((_entropy(rows.mean(0)) - np.mean([_entropy(row) for row in rows])) / np.log(min(models, classes)))


def _entropy(shares: Floats) -> float:
    return float(-(shares * np.log(np.maximum(shares, 1e-12))).sum())


def rarities(pool: Sequence[Candidate]) -> list[float]:
    """Return for each sentence how rare its likely classes are in the pool, from 0 (the commonest) to 1.

    The rarity of a class is one less its share of the pool over that of the commonest class of its head.
    """
    rare: dict[str, Floats] = {}
    for head in HEADS:
        rows = [c.shares[head].mean(0) for c in pool if head in c.shares]
        if rows:
            share = np.mean(rows, axis=0)
            rare[head] = 1 - share / share.max()
    return [max(float(rows.mean(0) @ rare[head]) for head, rows in c.shares.items()) for c in pool]


def choose(pool: Sequence[Candidate], count: int, weights: Weights) -> list[tuple[int, float, float]]:
    """Return (number, uncertainty, rarity) of the sentences to label, the most useful first.

    Each next one has the best sum of its ranks, less its likeness (cosine of TF-IDF) to the likest chosen before
    (maximal marginal relevance, Carbonell and Goldstein 1998).

    Raises:
        MissingExtraError: without scikit-learn.
    """
    unsure, rare = [uncertainty(c.shares) for c in pool], rarities(pool)
    worth = weights.uncertainty * _ranks(unsure) + weights.rare * _ranks(rare)
    best = np.argsort(-worth, kind="stable")[: count * POOL]
    vectors = _vectors([pool[i].text for i in best])
    gain, likest = worth[best].copy(), np.zeros(len(best))
    chosen: list[tuple[int, float, float]] = []
    for _ in range(min(count, len(best))):
        at = int(np.argmax(gain - weights.diversity * likest))
        chosen.append((int(best[at]), unsure[best[at]], rare[best[at]]))
        likest = np.maximum(likest, (vectors @ vectors[at].T).toarray().ravel())
        gain[at] = -np.inf
    return chosen


def _ranks(values: Sequence[float]) -> Floats:
    """Return the share of values that are smaller, so that measures of different spread weigh alike."""
    ordered = np.sort(values)
    return np.asarray(np.searchsorted(ordered, values) / max(1, len(values) - 1), dtype=np.float64)


def _vectors(texts: Sequence[str]) -> Any:
    try:
        from sklearn.feature_extraction.text import TfidfVectorizer
    except ImportError as error:
        raise MissingExtraError("sayso data suggest", "data") from error
    return TfidfVectorizer(token_pattern=r"(?u)\b\w+\b", sublinear_tf=True).fit_transform(texts)


def suggest(pool: Sequence[Candidate], model: Classifier, count: int, weights: Weights, corpus: str) -> list[Choice]:
    """Return the sentences to label, each with what `model` says of it as a first answer."""
    if not pool:
        return []
    chosen = choose(pool, count, weights)
    answers = model.predict([pool[i].text for i, _, _ in chosen])
    return [
        Choice(_example(pool[i], answer, corpus), unsure, rare)
        for (i, unsure, rare), answer in zip(chosen, answers, strict=True)
    ]


def _example(candidate: Candidate, answer: Prediction, corpus: str) -> Example:
    return Example(
        id=f"{corpus}-{fingerprint(f'{candidate.doc} {candidate.text}')}", text=candidate.text, corpus=corpus,
        doc=candidate.doc, outlet=candidate.outlet, natural=False, label=answer.label, kind=answer.kind,
        stance=answer.stance, framing=answer.framing, bias=round(answer.bias, 2),
        spans=tuple(SpanLabel(span.role, span.start, span.end) for span in answer.spans),
    )  # fmt: skip
