"""Splits: standoff labels joined with their texts, grouped by document."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from sayso.errors import DataError
from sayso.segmentation import split_sentences
from sayso_data.corpora import babe_examples, get_corpus, iter_articles, read_polnear, read_polnear_spans
from sayso_data.imported import SPLITS, is_path, load_imported
from sayso_data.sample import read_sample
from sayso_data.schema import Article, Example, SpanLabel
from sayso_data.standoff import fingerprint, join, read_standoff

REPOSITORY = Path(__file__).resolve().parents[2]
LABELS_DIR = REPOSITORY / "data" / "labels"
SAMPLE_DIR = REPOSITORY / "data" / "sample"
CALIBRATION_SHARE = 16  # one document in sixteen of train is kept back to calibrate on


def load_split(name: str, corpora: Path, labels: Path = LABELS_DIR) -> list[Example]:
    """Return the examples of split `name`: train, calibration or dev (gold), sample, polnear, babe, or a path.

    A path is a file that `sayso data import` wrote.

    `train` and `calibration` part the documents of the train labels, so no document is in both; sample-train,
    sample-calibration and sample-dev part the sample articles likewise.

    Raises:
        DataError: for an unknown split, a missing corpus, or text that is not what was labelled.
    """
    if is_path(name):
        return load_imported(Path(name))
    if name.partition("-")[0] == "sample":
        rows = load_labelled(SAMPLE_DIR / "labels.jsonl", corpora)
        return [row for row in rows if name in ("sample", _sample_part(row.doc))]
    if name == "dev":
        return load_labelled(labels / "dev.jsonl", corpora)
    if name in ("train", "calibration"):
        rows = load_labelled(labels / "train.jsonl", corpora)
        return [row for row in rows if is_calibration(row.doc) == (name == "calibration")]
    if name == "babe":
        return list(babe_auxiliary(corpora))
    if name == "polnear":
        return list(polnear_auxiliary(corpora, "train"))
    raise DataError(f"unknown split {name!r}; known: {', '.join(SPLITS)}, or the path of an imported file.jsonl")


def is_calibration(doc: str) -> bool:
    """Say whether a train document is kept back for calibration; depends on its id alone."""
    return int(fingerprint(doc), 16) % CALIBRATION_SHARE == 0


def _sample_part(doc: str) -> str:
    """Put one sample article in four into sample-dev and one into sample-calibration, by its number."""
    return {0: "sample-dev", 1: "sample-calibration"}.get(int(doc.lstrip("s")) % 4, "sample-train")


def load_labelled(path: Path, corpora: Path) -> list[Example]:
    """Join a standoff file with the corpora that it names, in the order of the file."""
    rows = read_standoff(path)
    articles = (article for name in sorted({row["corpus"] for row in rows}) for article in _articles(name, corpora))
    found = {example.id: example for example in join(rows, articles)}
    return [found[row["id"]] for row in rows]


def _articles(name: str, corpora: Path) -> Iterator[Article]:
    if name == "sample":
        return read_sample(SAMPLE_DIR / "articles.jsonl")
    return iter_articles(name, corpora)


def babe_auxiliary(corpora: Path) -> Iterator[Example]:
    """Yield BABE sentences for the bias head and the auxiliary loaded role."""
    for example in babe_examples(corpora / get_corpus("babe").file):
        yield _renamed(example, "babe")


def polnear_auxiliary(corpora: Path, split: str) -> Iterator[Example]:
    """Yield PolNeAR sentences with the source and cue fragments that lie inside each."""
    path = corpora / get_corpus("polnear").file
    spans = read_polnear_spans(path, split)
    for article in read_polnear(path, split):
        for number, (start, end) in enumerate(split_sentences(article.text)):
            inside = tuple(
                SpanLabel(s.role, s.start - start, s.end - start)
                for s in spans.get(article.id, ())
                if start <= s.start and s.end <= end
            )
            example = Example(
                id=f"polnear-{article.id}-{number}", text=article.text[start:end], corpus="polnear",
                doc=article.id, outlet=article.outlet, spans=inside, roles=("source", "cue"),
            )  # fmt: skip
            yield _renamed(example, "polnear")


def _renamed(example: Example, prefix: str) -> Example:
    """Mark the roles as the corpus's own: its annotators followed another guideline."""
    spans = tuple(SpanLabel(f"{prefix}-{s.role}", s.start, s.end) for s in example.spans)
    return replace(example, spans=spans, roles=tuple(f"{prefix}-{role}" for role in example.roles))
