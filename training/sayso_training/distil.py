"""Distillation's first half: draw unlabelled sentences, rich in what is rare, and let teachers label them softly."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sayso.classifier import Classifier, Output
from sayso.labels import HEADS
from sayso.segmentation import split_sentences
from sayso_data.build import LABELS_DIR, load_split
from sayso_data.corpora import iter_articles
from sayso_data.schema import Example
from sayso_data.standoff import fingerprint, read_standoff, squeeze
from sayso_training.soft import SoftExample

CORPORA = ("abp", "tehrantimes", "bbc-gaza", "fakes", "wikinews")
RARE_TAGS = {"stance": ("deny", "doubt"), "framing": ("distance",), "kind": ("partisan", "unnamed")}
WORDS = (3, 80)  # a sentence of fewer or more words teaches little or is a splitting fault
BATCH = 4096


@dataclass(frozen=True, slots=True)
class Candidate:
    """An unlabelled sentence and where it stands."""

    text: str
    corpus: str
    doc: str


def rare_words(examples: Sequence[Example]) -> re.Pattern[str]:
    """Return a pattern of the span texts that mark rare classes in gold: hedges, loaded words, and the cues and
    sources of denial, doubt, distance, partisan and unnamed sources."""
    found = set()
    for example in examples:
        rare = any(getattr(example, tag) in values for tag, values in RARE_TAGS.items())
        roles = ("hedge", "loaded", "cue", "source") if rare else ("hedge", "loaded")
        found |= {example.text[s.start : s.end].casefold() for s in example.spans if s.role in roles}
    kept = sorted(word for word in found if len(word) > 2 and len(word.split()) <= 3)
    return re.compile(r"\b(?:" + "|".join(map(re.escape, kept)) + r")\b", re.IGNORECASE)


def draw(directory: Path, total: int, rare_share: float, seed: int) -> list[Candidate]:
    """Draw `total` distinct sentences; about `rare_share` hold a word of `rare_words`, the rest are as they come.

    Documents of dev and calibration, and sentences that dev or the train labels hold, are left out; heldout is never
    opened.
    """
    pattern = rare_words(load_split("train", directory))
    seen = {row["sha256"] for name in ("train", "dev") for row in read_standoff(LABELS_DIR / f"{name}.jsonl")}
    rare: list[Candidate] = []
    plain: list[Candidate] = []
    wanted = round(total * rare_share)
    for candidate in _shuffled(directory, seed):
        key = fingerprint(candidate.text)
        if key in seen:
            continue
        seen.add(key)
        if len(plain) < total - wanted:
            plain.append(candidate)
        elif len(rare) < wanted and pattern.search(candidate.text):
            rare.append(candidate)
        if len(plain) + len(rare) == total:
            break
    return plain + rare


def _shuffled(directory: Path, seed: int) -> Iterator[Candidate]:
    """Yield the sentences of whole articles, the articles of all corpora in a random order."""
    kept_back = {example.doc for name in ("dev", "calibration") for example in load_split(name, directory)}
    articles = [a for name in CORPORA for a in iter_articles(name, directory) if a.id not in kept_back]
    random.Random(seed).shuffle(articles)
    for article in articles:
        for start, end in split_sentences(article.text):
            text = squeeze(article.text[start:end])
            if WORDS[0] <= len(text.split()) <= WORDS[1]:
                yield Candidate(text, article.corpus, article.id)


def label_softly(
    teachers: Sequence[Classifier], candidates: Sequence[Candidate], weights: Sequence[float] | None = None
) -> Iterator[list[SoftExample]]:
    """Yield the candidates in batches with the mean of the teachers' calibrated probabilities, weighted by `weights`.

    Raises:
        ValueError: when two teachers cut a sentence into different tokens, whose probabilities have no mean, or
            when teachers and weights differ in number.
    """
    if weights is not None and len(weights) != len(teachers):
        raise ValueError(f"{len(teachers)} teachers but {len(weights)} weights")
    for first in range(0, len(candidates), BATCH):
        batch = candidates[first : first + BATCH]
        texts = [candidate.text for candidate in batch]
        answers = [teacher.outputs(texts) for teacher in teachers]
        yield [
            _mean(candidate, rows, weights) for candidate, rows in zip(batch, zip(*answers, strict=True), strict=True)
        ]


def _mean(candidate: Candidate, outputs: Sequence[Output], weights: Sequence[float] | None) -> SoftExample:
    offsets = [output.offsets for output in outputs]
    if any(not np.array_equal(other, offsets[0]) for other in offsets[1:]):
        raise ValueError("the teachers' tokenizers differ; use teachers of one encoder family")

    def mean(values: Sequence[Any]) -> Any:
        return np.average(np.stack(values), axis=0, weights=weights)

    return SoftExample(
        candidate.text, candidate.corpus, candidate.doc,
        {head: mean([output.shares[head] for output in outputs]) for head in HEADS},
        float(mean([output.bias for output in outputs])),
        offsets[0].astype(np.int32), mean([output.tokens for output in outputs]),
    )  # fmt: skip
