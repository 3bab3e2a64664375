"""Configs, features and losses by hand-checkable cases."""

from pathlib import Path

import numpy as np
import pytest
import torch

from sayso.errors import ConfigError, DataError
from sayso.labels import HEADS
from sayso_data.schema import Example, SpanLabel
from sayso_training.baselines import CueRules
from sayso_training.config import LossConfig, load_config
from sayso_training.evaluate import evaluate
from sayso_training.features import IGNORE, class_target, token_targets
from sayso_training.loss import multitask_loss
from sayso_training.metrics import expected_calibration_error, macro_f1, reliability_bins
from sayso_training.model import TOKEN_ROLES
from sayso_training.tracking import TrackingError, metric_names, start_run

CONFIGS = Path(__file__).resolve().parents[2] / "experiments" / "configs"


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.yaml")), ids=lambda p: p.name)
def test_committed_configs_load(path: Path) -> None:
    assert load_config(path).name


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("trainer.epoch=2", "trainer.epoch: Extra inputs"),
        ("trainer.epochs=many", "trainer.epochs: Input should be a valid number"),
        ("trainer.epochs", "not key=value"),
    ],
)
def test_wrong_settings_are_named(override: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        load_config(CONFIGS / "tiny.yaml", (override,))


def test_overrides_apply() -> None:
    assert load_config(CONFIGS / "tiny.yaml", ("trainer.seed=7", "data.limit=5")).data.limit == 5


def test_token_targets_mark_overlap_and_ignore_what_is_not_annotated() -> None:
    spans = (SpanLabel("source", 0, 4), SpanLabel("loaded", 0, 4))
    example = Example("e", "Rain fell.", "c", "d", spans=spans, roles=("source", "cue", "hedge", "loaded"))
    found = token_targets(example, [(0, 0), (0, 4), (5, 9), (9, 10), (0, 0)])
    assert found[1, :4].tolist() == [1, 0, 0, 1]
    assert found[2, :4].tolist() == [0, 0, 0, 0]
    assert (found[[0, 4]] == IGNORE).all()
    assert (found[:, 4:] == IGNORE).all()


@pytest.mark.parametrize("span", [SpanLabel("cue", 3, 99), SpanLabel("cue", 4, 4), SpanLabel("verb", 0, 4)])
def test_bad_spans_are_refused(span: SpanLabel) -> None:
    with pytest.raises(DataError, match="is not in the sentence"):
        token_targets(Example("e", "Rain fell.", "c", "d", spans=(span,)), [(0, 4)])


def test_unknown_label_is_refused() -> None:
    with pytest.raises(DataError, match="unknown label 'rumour'; known: fact, claim, hedge, none"):
        class_target("label", "rumour")


def test_smoothing_spreads_a_share_over_all_classes() -> None:
    assert class_target("label", "hedge", 0.1).tolist() == pytest.approx([0.025, 0.025, 0.925, 0.025])
    assert class_target("label", None, 0.1).tolist() == [0, 0, 0, 0]


def test_heads_without_targets_get_no_gradient() -> None:
    sizes = {**{h: len(c) for h, c in HEADS.items()}, "bias": 1}
    logits = {h: torch.randn(2, n, requires_grad=True) for h, n in sizes.items()}
    logits["tokens"] = torch.randn(2, 3, len(TOKEN_ROLES), requires_grad=True)
    targets = {h: torch.zeros(2, len(c)) for h, c in HEADS.items()} | {"bias": torch.full((2,), -100.0)}
    targets |= {"tokens": torch.full((2, 3, len(TOKEN_ROLES)), -100.0), "label": torch.eye(4)[[0, 2]]}
    losses = multitask_loss(logits, targets, LossConfig())
    losses["loss"].backward()
    assert logits["label"].grad.abs().sum() > 0
    assert all(logits[h].grad.abs().sum() == 0 for h in logits if h != "label")


def test_scores_of_known_cases() -> None:
    assert macro_f1(["a", "b", "b"], ["a", "b", "a"], ["a", "b"]) == pytest.approx(2 / 3)
    bins = reliability_bins(np.array([0.9, 0.9, 0.6]), np.array([True, False, True]))
    assert expected_calibration_error(bins) == pytest.approx((0.4 * 2 + 0.4) / 3)


def test_evaluation_of_the_rules() -> None:
    rows = [
        Example("1", "The army reportedly left.", "c", "d", label="hedge", spans=(SpanLabel("hedge", 9, 19),)),
        Example("2", "Rain fell on Monday.", "c", "d", label="fact"),
        Example("3", "Why did it fall?", "c", "d", label="none"),
    ]
    scores = evaluate(CueRules(), rows)
    assert scores["label"]["macro_f1"] == 1.0
    assert scores["spans"]["hedge"]["exact"]["f1"] == 1.0


def test_broken_tracking_store_stops_the_run(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("a file where a folder is meant")
    uri = f"sqlite:///{tmp_path}/file/mlflow.db"
    with pytest.raises(TrackingError, match="--tracking-uri"):
        start_run({}, "x", "x", uri, None)


def test_metric_names_are_what_mlflow_takes() -> None:
    assert metric_names({"a (> 3), b": 1, "c": "text", "d.é": 0.5}) == {"a __ 3__ b": 1.0, "d._": 0.5}
