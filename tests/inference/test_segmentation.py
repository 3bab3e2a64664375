"""Sentences have exact offsets on any text, and survive what news text holds."""

import json
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sayso.segmentation import split_sentences

SAMPLE = Path(__file__).resolve().parents[2] / "data" / "sample"


def cut(text: str) -> list[str]:
    return [text[start:end] for start, end in split_sentences(text)]


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet=st.characters(), max_size=300))
def test_offsets_are_ordered_trimmed_and_lose_no_word(text: str) -> None:
    spans = split_sentences(text)
    assert all(text[a:b] == text[a:b].strip() != "" for a, b in spans)
    assert all(left[1] <= right[0] for left, right in pairwise(spans))
    inside = {i for a, b in spans for i in range(a, b)}
    assert all(i in inside for i, character in enumerate(text) if character.isalnum())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Gen. Orhan Demir met Dr. Lind at 5 p.m. on Monday. They talked.", 2),
        ("“We left,” the mayor said. “It was late.” Nobody followed.", 3),
        ("The U.S. Senate voted. No. 10 did not comment.", 2),
        ("PORT HALE, Sept. 3 — Rain fell. The river rose.", 2),
        ("First line\nSecond line", 2),
        ("Prices rose 3.5 percent. Sales fell.", 2),
    ],
)
def test_abbreviations_quotes_datelines(text: str, expected: int) -> None:
    assert len(cut(text)) == expected


def test_closing_quote_stays_with_its_sentence() -> None:
    assert cut('He said: "It is over. We won." Then he left.')[1] == 'We won."'


@pytest.mark.parametrize("text", ["", " \n\t ", "...", "\x00", "— — —"])
def test_nothing_to_say_gives_no_sentence(text: str) -> None:
    assert cut(text) == []


def test_sample_boundaries_are_found() -> None:
    """Precision and recall of whole sentences on the sample articles."""
    rows = [json.loads(line) for line in (SAMPLE / "labels.jsonl").read_text(encoding="utf-8").splitlines()]
    gold = {(row["doc"], row["start"], row["end"]) for row in rows}
    articles = [json.loads(line) for line in (SAMPLE / "articles.jsonl").read_text(encoding="utf-8").splitlines()]
    found = {(a["id"], *span) for a in articles for span in split_sentences(a["text"])}
    assert len(gold & found) / len(found) >= 0.98
    assert len(gold & found) / len(gold) >= 0.98


@pytest.mark.parametrize("text", ["He lives at approx. 40 Main St. in town.", "See Smith et al. (2019) for more."])
def test_abbreviations_stay_whole(text: str) -> None:
    assert len(cut(text)) == 1
