"""Logits become labels, sets and whole-word spans by rules that can be checked by hand."""

from dataclasses import dataclass, replace

import numpy as np
import pytest

from sayso.artifact import ArtifactConfig
from sayso.decode import decode, label_sets, sigmoid, softmax
from sayso.encode import Windows, batches, pad
from sayso.spans import RawSpan, find_spans, merge_tokens, span_columns

CONFIG = ArtifactConfig(max_length=16, pad_id=0, segmenter="x")
TEXT = "Officials reportedly agreed."
OFFSETS = np.array([(0, 9), (10, 16), (16, 20), (21, 27), (27, 28)])


@dataclass
class Tokens:
    """Stands for what the tokenizer gives."""

    ids: list[int]
    offsets: list[tuple[int, int]]


def windows(*offsets: np.ndarray, sentences: tuple[int, ...] | None = None) -> Windows:
    parts = [(0, Tokens(list(range(len(own) + 2)), [(0, 0), *map(tuple, own.tolist()), (0, 0)])) for own in offsets]
    return Windows.of(sentences or (0,) * len(parts), parts)


def test_softmax_and_sigmoid_do_not_overflow() -> None:
    assert softmax(np.array([1000.0, 0.0])).tolist() == [1.0, 0.0]
    assert sigmoid(np.array([-1000.0, 0.0, 1000.0])).tolist() == [0.0, 0.5, 1.0]


def test_spans_take_whole_words_and_may_overlap() -> None:
    shares = np.zeros((5, 4))
    shares[0, 0] = 0.9
    shares[1:3, 2] = [0.3, 0.8]  # the pieces of "reportedly" disagree: their mean counts
    shares[[1, 2, 3], 3] = 0.6
    spans = [(s.role, TEXT[s.start : s.end]) for s in find_spans(TEXT, OFFSETS, shares, CONFIG)]
    assert spans == [("source", "Officials"), ("hedge", "reportedly"), ("loaded", "reportedly agreed")]


def test_a_span_goes_on_above_its_floor_and_needs_its_threshold_once() -> None:
    config = replace(CONFIG, thresholds={"source": 0.7}, floors={"source": 0.3})
    shares = np.zeros((5, 4))
    shares[:, 0] = [0.8, 0.4, 0.4, 0.1, 0.1]
    assert [TEXT[s.start : s.end] for s in find_spans(TEXT, OFFSETS, shares, config)] == ["Officials reportedly"]
    shares[0, 0] = 0.6
    assert find_spans(TEXT, OFFSETS, shares, config) == []


def test_spans_do_not_run_from_one_sentence_into_the_next() -> None:
    whole, texts = np.full((5, 4), 0.9), ["Rain fell.", TEXT]
    short = np.array([(0, 4), (5, 9), (9, 10)])
    spans = span_columns([(3, texts[0], short, whole[:3]), (7, texts[1], OFFSETS, whole)], CONFIG)
    pairs = zip(texts, (short, OFFSETS), strict=True)
    alone = [find_spans(text, offsets, whole[: len(offsets)], CONFIG) for text, offsets in pairs]
    assert spans.raw(CONFIG.roles) == [span for own in alone for span in own]
    assert spans.sentence.tolist() == [3] * 4 + [7] * 4
    assert alone[0][0] == RawSpan("source", 0, 10, 0.9)


def test_repeated_sentences_take_their_spans_along() -> None:
    shares = np.full((5, 4), 0.9)
    shares[:, 1:] = 0
    spans = span_columns([(0, TEXT, OFFSETS, shares), (2, TEXT, OFFSETS[:1], shares[:1])], CONFIG)
    taken = spans.take(np.array([2, 1, 0, 2]), 3)
    assert (taken.sentence.tolist(), taken.end.tolist()) == ([0, 2, 3], [9, 28, 9])


def test_overlapping_windows_take_the_token_with_more_room() -> None:
    values = np.vstack([np.zeros((5, 4)), np.ones((6, 4))])
    offsets, merged = merge_tokens(windows(OFFSETS[:3], OFFSETS[1:]), [0, 1], values)
    assert offsets.tolist() == OFFSETS.tolist()
    assert merged[:, 0].tolist() == [0, 0, 1, 1, 1]


def test_windows_of_one_sentence_weigh_by_their_tokens() -> None:
    logits = {name: np.zeros((3, len(classes)), np.float32) for name, classes in CONFIG.heads.items()}
    logits |= {"bias": np.array([[0.0], [1.0], [5.0]], np.float32), "tokens": np.full((16, 4), -9.0, np.float32)}
    found = windows(OFFSETS[:3], OFFSETS[1:], OFFSETS[:3], sentences=(0, 0, 1))
    decoded = decode([TEXT, TEXT], found, logits, CONFIG)
    assert decoded.bias.tolist() == [round(float(sigmoid(np.array(6 / 11))), 4), round(float(sigmoid(np.array(5))), 4)]


def test_label_set_keeps_the_likeliest_and_what_reaches_its_quantile() -> None:
    shares = np.array([[0.6, 0.3, 0.08, 0.02], [0.1, 0.45, 0.45, 0.0]])
    config = replace(CONFIG, quantiles={"fact": 0.7, "claim": 0.25, "hedge": 0.1, "none": 0.05})
    ranked, kept = label_sets(shares, config)
    assert [row[keep].tolist() for row, keep in zip(ranked, kept, strict=True)] == [[0, 1], [1, 2]]
    _, kept = label_sets(shares, CONFIG)
    assert kept.sum(1).tolist() == [1, 1]


@pytest.mark.parametrize(("source", "kind"), [(5.0, "official"), (-5.0, None)])
def test_tags_only_with_a_source_or_cue(source: float, kind: str | None) -> None:
    tokens = np.full((7, 4), -5.0)
    tokens[1, 0] = source
    logits = {name: np.zeros((1, len(classes))) for name, classes in CONFIG.heads.items()}
    logits |= {"bias": np.zeros((1, 1)), "tokens": tokens, "kind": np.array([[3.0, 0, 0, 0, 0, 0, 0]])}
    (prediction,) = decode([TEXT], windows(OFFSETS), logits, CONFIG).predictions(CONFIG)
    assert (prediction.kind, prediction.bias) == (kind, 0.5)


def test_batches_hold_every_window_once_within_the_budget() -> None:
    lengths = np.array([7, 3, 90, 3, 41, 12, 12, 5])
    found = [numbers.tolist() for numbers in batches(lengths, budget=48)]
    assert sorted(n for numbers in found for n in numbers) == list(range(8))
    assert all(max(lengths[numbers]) * len(numbers) <= 48 for numbers in found if numbers != [2])
    assert found[0] == [1, 3, 7, 0]


def test_padding_can_be_undone() -> None:
    own = windows(OFFSETS[:1], OFFSETS, OFFSETS[:2])
    batch, filled, places = pad(own, np.array([1, 0]), pad_id=99)
    assert batch["input_ids"].tolist() == [[0, 1, 2, 3, 4, 5, 6], [0, 1, 2, 99, 99, 99, 99]]
    assert batch["attention_mask"].tolist() == filled.astype(int).tolist()
    assert own.ids[places].tolist() == batch["input_ids"][filled].tolist()
