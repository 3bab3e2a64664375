"""Logits become labels, sets and whole-word spans by rules that can be checked by hand."""

from dataclasses import replace

import numpy as np
import pytest

from sayso.artifact import ArtifactConfig
from sayso.decode import find_spans, label_set, merge_tokens, predict_sentence, sigmoid, softmax
from sayso.encode import Window

CONFIG = ArtifactConfig(max_length=16, pad_id=0, segmenter="x")
TEXT = "Officials reportedly agreed."
OFFSETS = np.array([(0, 9), (10, 16), (16, 20), (21, 27), (27, 28)])


def window(offsets: np.ndarray, sentence: int = 0) -> Window:
    whole = np.vstack([[(0, 0)], offsets, [(0, 0)]])
    return Window(sentence, np.arange(len(whole)), whole)


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


def test_overlapping_windows_take_the_token_with_more_room() -> None:
    first, second = window(OFFSETS[:3]), window(OFFSETS[1:])
    low, high = np.zeros((5, 4)), np.ones((6, 4))
    offsets, values = merge_tokens([first, second], [low, high])
    assert offsets.tolist() == OFFSETS.tolist()
    assert values[:, 0].tolist() == [0, 0, 1, 1, 1]


def test_label_set_keeps_the_likeliest_and_what_reaches_its_quantile() -> None:
    shares = {"fact": 0.6, "claim": 0.3, "hedge": 0.08, "none": 0.02}
    assert label_set(shares, {"fact": 0.7, "claim": 0.25, "hedge": 0.1, "none": 0.05}) == ("fact", "claim")
    assert label_set(shares, {}) == ("fact",)


@pytest.mark.parametrize(("source", "kind"), [(5.0, "official"), (-5.0, None)])
def test_tags_only_with_a_source_or_cue(source: float, kind: str | None) -> None:
    tokens = np.full((7, 4), -5.0)
    tokens[1, 0] = source
    logits = {name: np.zeros(len(classes)) for name, classes in CONFIG.heads.items()}
    logits |= {"bias": np.zeros(1), "tokens": tokens, "kind": np.array([3.0, 0, 0, 0, 0, 0, 0])}
    prediction = predict_sentence(TEXT, [window(OFFSETS)], [logits], CONFIG)
    assert (prediction.kind, prediction.bias) == (kind, 0.5)
