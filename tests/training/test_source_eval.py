"""Scores of linking: what counts as right, and what the rules and the shipped model reach."""

import json
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from sayso.classifier import Classifier
from sayso.errors import ConfigError, DataError
from sayso.segmentation import split_sentences
from sayso.sources import Mention
from sayso_data.corpora import get_corpus
from sayso_training.evaluate_cli import evaluate_command
from sayso_training.source_eval import (
    Judged,
    _entities,
    bare_name,
    gold_sentences,
    judge,
    load_stories,
    misses,
    scores,
    scores_markdown,
)  # fmt: skip
from sayso_training.source_polnear import Report, parse_reports, polnear_markdown, polnear_sources

ITEM = Judged("d", "t", "pronoun", "pronoun", True, True, "A B", "A B")


def test_scores_count_by_basis() -> None:
    wrong = replace(ITEM, found="same-sentence", right=False, named=False)
    alarm = replace(ITEM, gold=None, right=False, named=False)
    silent = replace(ITEM, gold="none", found="none", right=False, named=False)
    values = scores([ITEM, wrong, alarm, silent])
    pronoun = values["bases"]["pronoun"]
    assert (pronoun["precision"], pronoun["recall"], pronoun["support"], pronoun["named"]) == (0.5, 0.5, 2.0, 1.0)
    assert values["bases"]["same-sentence"]["f1"] == 0.0
    assert (values["not_attributed"], values["false_alarms"]) == (2, 1)
    assert "| model | pronoun | 0.500 | 0.500 | 0.500 | 1.000 | 2 |" in scores_markdown({"model": values})


def test_misses_list_wrong_and_invented_sources() -> None:
    alarm = replace(ITEM, gold=None, right=False)
    assert [json.loads(line)["gold"] for line in misses([ITEM, alarm]).splitlines()] == [None]


def test_evidence_must_share_half_of_a_name() -> None:
    article = {"mentions": [["H", 10, 21, True], ["K", 10, 40, False]]}
    assert _entities(article, Mention(4, 21, "Mayor Lena Haddad", "name")) == {"H"}
    assert _entities(article, Mention(20, 40, "x" * 20, "name")) == set()


def test_names_compare_without_titles() -> None:
    assert bare_name("Mayor Lena Haddad") == bare_name("Lena Haddad") == ("lena", "haddad")
    assert bare_name("the governor") == ("governor",)


def test_another_split_is_refused() -> None:
    with pytest.raises(ConfigError, match="--on test"):
        load_stories("train")


def test_gold_records_hold_the_marked_spans() -> None:
    article, rows = load_stories("dev")[0]
    sentences = gold_sentences(article, rows)
    assert all(article["text"][s.start : s.end] == s.text for s in sentences)
    assert sum(len(s.sources) for s in sentences) == sum(len(row["sources"]) for row in rows) > 5


@pytest.mark.parametrize("split", ["dev", "test"])
def test_rules_reach_what_is_stated(split: str) -> None:
    values = scores(judge(split))
    assert values["bases"]["same-sentence"]["f1"] >= 0.95
    assert values["bases"]["outside the sentence"]["f1"] >= 0.90
    assert values["false_alarms"] <= 2


def test_shipped_model_reaches_the_targets_on_the_test_half(classifier: Classifier) -> None:
    values = scores(judge("test", classifier.analyze))
    assert values["bases"]["same-sentence"]["f1"] >= 0.88
    assert values["bases"]["outside the sentence"]["f1"] >= 0.60
    assert values["false_alarms"] <= 0.1 * values["not_attributed"]


BRAT = "T1\tSource 27 31\tHolm\nT2\tContent 0 19;34 50\tx\nE1\tAttribution:T3 Content:T2 Cue:T4 Source:T1\n"


@pytest.mark.parametrize(("marked", "recall"), [(True, 1.0), (False, 0.0)])
def test_polnear_counts_sentences_whose_source_is_elsewhere(tmp_path: Path, marked: bool, recall: float) -> None:
    text = "“We lost the road,” sang X Holm. “Nobody was there.” It rained."
    with zipfile.ZipFile(tmp_path / get_corpus("polnear").file, "w") as out:
        out.writestr("data/dev/text/a_1.txt", text)
        out.writestr("data/dev/attributions/a_1_00ff.ann", BRAT)
    place = [text.index("X Holm"), text.index("X Holm") + 6]
    rows = [
        {
            "start": a,
            "end": b,
            "label": "claim",
            "sources": [place] if marked and not a else [],
            "cues": [],
            "kind": None,
        }
        for a, b in split_sentences(text)
    ]
    values = polnear_sources(lambda text: gold_sentences({"id": "a", "text": text}, rows), tmp_path)
    assert (values["recall"], values["precision"], values["support"]) == (recall, recall, 1.0)
    assert polnear_markdown(values).endswith(f"{recall:.3f} | 1 |")


def test_brat_events_are_read() -> None:
    assert parse_reports(BRAT) == [Report(((27, 31),), ((0, 19), (34, 50)))]


def test_polnear_without_the_corpus_says_what_to_type(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="sayso data fetch polnear"):
        polnear_sources(lambda text: [], tmp_path)


def test_command_refuses_baselines() -> None:
    result = CliRunner().invoke(evaluate_command, ["rules", "--sources"])
    assert isinstance(result.exception, ConfigError)
    assert "no records of an article" in str(result.exception)
