"""The evaluation set of sources: built files fit their source, and the builder finds what is wrong."""

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType

import pytest

SET = Path(__file__).resolve().parents[2] / "data" / "sources"
HEAD = "x1 | split: dev | title: T | outlet: O | date: 2025-01-01 | topic: local\n= H: Lena Haddad | person\n\n"


@pytest.fixture(scope="module")
def builder() -> ModuleType:
    spec = importlib.util.spec_from_file_location("build_sources", SET / "build_sources.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["build_sources"] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def rows(name: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in (SET / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]


def test_built_files_are_those_of_the_articles(builder: ModuleType) -> None:
    stories = list(builder.parse((SET / "articles.txt").read_text(encoding="utf-8")))
    assert [fault for story in stories for fault in builder.faults(story)] == []
    assert [builder.article_row(story) for story in stories] == rows("articles")
    assert [builder.label_row(s, n, line) for s in stories for n, line in enumerate(s.lines)] == rows("labels")


def test_set_is_large_enough_and_halved(builder: ModuleType) -> None:
    labels = rows("labels")
    for split in ("dev", "test"):
        outside = [r for r in labels if r["split"] == split and r["basis"] in ("pronoun", "quotation-continued")]
        sources = [r for r in labels if r["split"] == split and r["basis"] not in (None, "none")]
        bare = [r for r in labels if r["split"] == split and r["basis"] in (None, "none")]
        assert (len(sources) >= 400, len(outside) >= 200, len(bare) >= 150) == (True, True, True)
    articles = rows("articles")
    topics = {split: sorted({str(a["topic"]) for a in articles if a["split"] == split}) for split in ("dev", "test")}
    assert topics["dev"] == topics["test"]


def test_evidence_names_the_source(builder: ModuleType) -> None:
    articles = {article["id"]: article for article in rows("articles")}
    for row in rows("labels"):
        evidence, article = row["evidence"], articles[row["doc"]]
        assert (evidence is None) == (row["source"] is None)
        if evidence:
            assert [row["source"], *evidence, True] in article["mentions"]  # type: ignore[misc]
            inside = row["start"] <= evidence[0] and evidence[1] <= row["end"]  # type: ignore[index, operator]
            assert inside or row["basis"] != "same-sentence"


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ("{H|Lena Haddad} left.", "a source without a cue"),
        ("She <said> so.\n[H|Lena Haddad] left.", "a cue, or a cue without a source"),
        ("{H|Lena Haddad} <told> {H|Haddad} so.", "more than one source"),
        ("Lena Haddad left.\n[H|Haddad] ran.", "Lena Haddad without a mark"),
        ("{K|Kirk} <said> so.\n[H|Haddad] ran.", "undeclared ['K']"),
        ("Rain fell. => H\n[H|Haddad] ran.", "continues a quotation outside quotation marks"),
        ("{H|She} <said> so.\n[H|Haddad] ran.", "'She' is no name of Lena Haddad"),
        ("{H~Lena Haddad} <said> so.\n[H|Haddad] ran.", "'Lena Haddad' is the name of Lena Haddad"),
        ("It rained [ here.\n[H|Haddad] ran.", "a stray mark or space"),
        ("Rain fell.", "Lena Haddad is never named"),
    ],
)
def test_faults_are_found(builder: ModuleType, body: str, fault: str) -> None:
    (story,) = builder.parse(f"# id: {HEAD}{body}\n")
    assert any(fault in found for found in builder.faults(story)), list(builder.faults(story))


def test_header_faults_are_found(builder: ModuleType) -> None:
    (story,) = builder.parse(f"# id: {HEAD.replace('dev', 'train').replace('person', 'robot')}[H|Haddad] ran.\n")
    assert sorted(builder.faults(story)) == ["Lena Haddad: kind 'robot'", "split is 'train'"]
