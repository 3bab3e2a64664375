"""Scores of linking on `data/sources`: is each sentence attributed to the right source of its article?"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sayso.errors import ConfigError
from sayso.records import Sentence, Span
from sayso.sources import Attribution, Mention, SourceGraph, link
from sayso.sources.words import ARTICLES, OFFICES, TITLES
from sayso_data.build import SAMPLE_DIR
from sayso_data.standoff import read_standoff

SOURCES_DIR = SAMPLE_DIR.parent / "sources"
SPLITS = ("dev", "test")  # dev may be read to write rules, test is only scored
ROWS = {
    "same-sentence": ("same-sentence",),
    "pronoun": ("pronoun",),
    "quotation-continued": ("quotation-continued",),
    "outside the sentence": ("pronoun", "quotation-continued"),
    "all": ("same-sentence", "pronoun", "quotation-continued"),
}
Analyse = Callable[[str], Sequence[Sentence]]


@dataclass(frozen=True, slots=True)
class Judged:
    """One sentence of the set beside what linking made of it: bases are None where nothing is attributed.

    `right` tells that both have a source and it is the same one; `named` that it has the right canonical name too.
    """

    doc: str
    text: str
    gold: str | None
    found: str | None
    right: bool
    named: bool
    wanted: str
    got: str


def load_stories(split: str) -> list[tuple[dict[str, Any], list[dict[str, Any]]]]:
    """Return (article, its sentences in order) of a split, `dev` or `test`.

    Raises:
        ConfigError: for another split.
        DataError: naming the line that is not JSON.
    """
    if split not in SPLITS:
        raise ConfigError(f"the sources are split into {' and '.join(SPLITS)}, not {split!r}; type --on test")
    labels = read_standoff(SOURCES_DIR / "labels.jsonl")
    articles = [row for row in read_standoff(SOURCES_DIR / "articles.jsonl") if row["split"] == split]
    return [(article, [row for row in labels if row["doc"] == article["id"]]) for article in articles]


def gold_sentences(article: dict[str, Any], rows: Sequence[dict[str, Any]]) -> list[Sentence]:
    """Return the records that a model without a fault would give, to tell its faults from those of the rules."""
    text = article["text"]

    def spans(places: Iterable[Sequence[int]]) -> tuple[Span, ...]:
        return tuple(Span(start, end, text[start:end], 1.0) for start, end in places)

    return [
        Sentence(
            article["id"], number, row["start"], row["end"], text[row["start"] : row["end"]], row["label"],
            {row["label"]: 1.0}, (row["label"],), spans(row["sources"]), spans(row["cues"]), (), (),
            row["kind"], None, None, 0.0, "gold",
        )
        for number, row in enumerate(rows)
    ]  # fmt: skip


def judge(split: str, analyse: Analyse | None = None) -> list[Judged]:
    """Return every sentence of a split judged; `analyse` labels a text, None takes the gold records."""
    judged = []
    for article, rows in load_stories(split):
        sentences = analyse(article["text"]) if analyse else gold_sentences(article, rows)
        graph = link(article["text"], sentences)
        judged += [_judge(article, row, graph, _answer(row, sentences, graph)) for row in rows]
    return judged


def _answer(row: dict[str, Any], sentences: Sequence[Sentence], graph: SourceGraph) -> Attribution | None:
    """Return the attribution of the sentence that covers most of a gold one."""
    overlap = {s.sentence_index: min(s.end, row["end"]) - max(s.start, row["start"]) for s in sentences}
    best = max(overlap, key=lambda index: overlap[index], default=None)
    return graph.of(best) if best is not None and overlap[best] > 0 else None


def _judge(article: dict[str, Any], row: dict[str, Any], graph: SourceGraph, found: Attribution | None) -> Judged:
    wanted = article["entities"][row["source"]]["name"] if row["source"] else ""
    source = graph.sources[found.source] if found and found.source is not None else None
    right = bool(found and found.evidence and row["source"] in _entities(article, found.evidence))
    got = source.name if source else ""
    named = right and bare_name(got) == bare_name(wanted)
    text = article["text"][row["start"] : row["end"]]
    return Judged(article["id"], text, row["basis"], found.basis if found else None, right, named, wanted, got)


def _entities(article: dict[str, Any], evidence: Mention) -> set[str]:
    """Return the entities that the evidence names: it shares half of the letters of one of their mentions by name."""
    shared = {
        entity: min(end, evidence.end) - max(start, evidence.start)
        for entity, start, end, named in article["mentions"]
        if named and min(end, evidence.end) - max(start, evidence.start) >= 0.5 * min(end - start, len(evidence.text))
    }
    return {entity for entity, size in shared.items() if size > 0}


def bare_name(name: str) -> tuple[str, ...]:
    """Return the folded words of a name without article, title and office, by which names are compared."""
    words = re.findall(r"[^\W_]+(?:['’-][^\W_]+)*", name.casefold())
    kept = [word for word in words if word not in ARTICLES and word not in TITLES]
    return tuple(word for word in kept if word not in OFFICES) or tuple(kept)


def scores(judged: Sequence[Judged]) -> dict[str, Any]:
    """Return precision, recall, F1, support and the share of right names by basis, and the false alarms.

    Precision is over the sentences that linking gave the basis, recall over those that have it: a right source by
    another basis counts for both.
    """
    bare = [item for item in judged if item.gold not in ROWS["all"]]
    alarms = sum(item.found in ROWS["all"] for item in bare)
    table = {row: _row(judged, bases) for row, bases in ROWS.items()}
    return {"bases": table, "not_attributed": len(bare), "false_alarms": alarms}


def _row(judged: Sequence[Judged], bases: Sequence[str]) -> dict[str, float]:
    gold = [item for item in judged if item.gold in bases]
    found = [item for item in judged if item.found in bases]
    right = sum(item.right for item in gold)
    precision = sum(item.right for item in found) / len(found) if found else 0.0
    recall = right / len(gold) if gold else 0.0
    return {
        "precision": precision,
        "recall": recall,
        "f1": 2 * precision * recall / (precision + recall) if precision + recall else 0.0,
        "named": sum(item.named for item in gold) / right if right else 0.0,
        "support": float(len(gold)),
    }


def scores_markdown(tables: dict[str, dict[str, Any]]) -> str:
    """Return the scores as Markdown; the keys say what the rules were given."""
    lines = ["| input | basis | precision | recall | F1 | right name | sentences |", "| --- " * 7 + "|"]
    for given, values in tables.items():
        for basis, row in values["bases"].items():
            numbers = " | ".join(f"{row[name]:.3f}" for name in ("precision", "recall", "f1", "named"))
            lines.append(f"| {given} | {basis} | {numbers} | {row['support']:.0f} |")
    lines.append("")
    for given, values in tables.items():
        alarms, bare = values["false_alarms"], values["not_attributed"]
        lines.append(f"{given}: {alarms} of {bare} sentences without a source were given one.  ")
    return "\n".join(lines)


def evaluate_sources(split: str, analyse: Analyse) -> dict[str, dict[str, Any]]:
    """Return the scores with the model's records and with gold ones, for a split of the set."""
    return {"model": scores(judge(split, analyse)), "gold": scores(judge(split))}


def misses(judged: Sequence[Judged]) -> str:
    """Return a line of JSON for each sentence that was judged wrong."""
    wrong = [i for i in judged if not i.right and (i.gold not in (None, "none") or i.found not in (None, "none"))]
    keys = ("doc", "gold", "found", "wanted", "got", "text")
    return "\n".join(json.dumps({k: getattr(i, k) for k in keys}, ensure_ascii=False) for i in wrong)
