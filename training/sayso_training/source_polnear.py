"""Linking on real news: PolNeAR dev sentences that lie in a quotation or report whose source another sentence names."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from sayso.errors import DataError
from sayso.records import Sentence
from sayso.sources import SourceGraph, link
from sayso_data.corpora import get_corpus
from sayso_training.metrics import f1_from_counts

COVERED = 0.8  # share of a sentence that the attributed content must fill
Place = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Report:
    """One annotated attribution: where its source and its content stand in the document."""

    sources: tuple[Place, ...]
    contents: tuple[Place, ...]


def polnear_sources(analyse: Callable[[str], Sequence[Sentence]], corpora: Path) -> dict[str, float]:
    """Return precision, recall, F1 and support of linking on sentences whose source stands in another sentence.

    Right is a source of which a mention overlaps the annotated one; sentences without a source count against recall
    alone. PolNeAR (Newell et al. 2018) does not say what a pronoun stands for, so the right pronoun is right. Of a
    document with several annotators the first counts.

    Raises:
        DataError: for a missing corpus.
    """
    right = answered = total = 0
    for text, reports in read_reports(corpora / get_corpus("polnear").file):
        sentences = analyse(text)
        graph = link(text, sentences)
        for sentence in sentences:
            wanted = [place for report in reports if _lies_in(sentence, report) for place in report.sources]
            if wanted:
                given = _mentions(graph, sentence.sentence_index)
                total, answered = total + 1, answered + bool(given)
                right += any(a < end and start < b for a, b in given for start, end in wanted)
    return f1_from_counts(right, answered, total)


def polnear_markdown(values: dict[str, float]) -> str:
    """Return the scores as Markdown."""
    numbers = " | ".join(f"{values[name]:.3f}" for name in ("precision", "recall", "f1"))
    return (
        "| PolNeAR dev, source in another sentence | precision | recall | F1 | sentences |\n"
        f"| --- | --- | --- | --- | --- |\n| quotations and reports | {numbers} | {values['support']:.0f} |"
    )


def read_reports(path: Path) -> Iterator[tuple[str, list[Report]]]:
    """Yield (text, attributions) of every dev document of the PolNeAR archive.

    Raises:
        DataError: for a missing archive.
    """
    if not path.exists():
        raise DataError(f"{path} is missing; type: sayso data fetch polnear --from DIR")
    with zipfile.ZipFile(path) as archive:
        first: dict[str, str] = {}
        for name in sorted(archive.namelist()):
            found = re.fullmatch(r"data/dev/attributions/(.+)_[0-9a-f]{4}\.ann", name)
            if found:
                first.setdefault(found[1], name)
        for doc, name in first.items():
            text = archive.read(f"data/dev/text/{doc}.txt").decode("utf-8")
            yield text, parse_reports(archive.read(name).decode("utf-8"))


def parse_reports(annotations: str) -> list[Report]:
    """Return the attributions of a brat file: its events, whose arguments are text spans."""
    lines = [line.split("\t") for line in annotations.splitlines()]
    spans = {row[0]: _places(row[1]) for row in lines if row[0].startswith("T")}
    reports = []
    for row in lines:
        if row[0].startswith("E"):
            parts = [part.partition(":") for part in row[1].split()]
            sources, contents = (
                tuple(place for role, _, key in parts if role.startswith(wanted) for place in spans[key])
                for wanted in ("Source", "Content")
            )
            reports.append(Report(sources, contents))
    return reports


def _places(mark: str) -> list[Place]:
    """Return the fragments of a brat span such as `Source 3 9;12 20`."""
    _, _, fragments = mark.partition(" ")
    pairs = (fragment.split() for fragment in fragments.split(";"))
    return [(int(start), int(end)) for start, end in pairs]


def _lies_in(sentence: Sentence, report: Report) -> bool:
    """Return whether a sentence is content of an attribution and holds no word of its source."""
    covered = sum(max(0, min(end, sentence.end) - max(start, sentence.start)) for start, end in report.contents)
    outside = all(end <= sentence.start or sentence.end <= start for start, end in report.sources)
    return bool(report.sources) and outside and covered >= COVERED * (sentence.end - sentence.start)


def _mentions(graph: SourceGraph, index: int) -> list[Place]:
    found = graph.of(index)
    if found is None or found.source is None:
        return []
    return [(mention.start, mention.end) for mention in graph.sources[found.source].mentions]
