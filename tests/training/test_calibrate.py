"""Calibration recovers what was done to made-up logits, keeps order, and never sees the document it is scored on."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sayso.artifact import DEFAULT_MODEL, Artifact, ArtifactConfig, load_artifact
from sayso.classifier import Classifier
from sayso.decode import class_shares, softmax, unsmooth
from sayso.engines.onnx_runtime import OnnxEngine
from sayso.labels import HEADS, LABELS
from sayso_data.build import load_split
from sayso_data.schema import Example
from sayso_training.calibrate import calibrate_classes, fit_quantiles, fit_scaling
from sayso_training.crossfit import cross_calibrate
from sayso_training.metrics import ece_floor, expected_calibration_error, reliability_bins
from sayso_training.plots import risk_coverage_plot
from sayso_training.selective import selective_risks, selective_scores

CONFIG = ArtifactConfig(max_length=16, pad_id=0, segmenter="x")


def drawn(smoothing: float, temperature: float, size: int = 4000) -> tuple[dict[str, np.ndarray], list[Example]]:
    """Return logits that are smoothed and sharpened copies of the shares that the labels were drawn from."""
    random = np.random.default_rng(5)
    shares = random.dirichlet([0.3] * 4, size)
    gold = [int(random.choice(4, p=row)) for row in shares]
    sharp = softmax(np.log(shares + 1e-9) * temperature)
    label = np.log(sharp * (1 - smoothing) + smoothing / 4)
    logits = {head: np.zeros((size, len(classes))) for head, classes in HEADS.items()} | {"label": label}
    return logits, [Example(str(i), "x", "c", str(i % 50), label=LABELS[g]) for i, g in enumerate(gold)]


@pytest.mark.parametrize(("smoothing", "temperature"), [(0.0, 1.5), (0.05, 2.0)])
def test_smoothing_and_temperature_are_found_again(smoothing: float, temperature: float) -> None:
    logits, examples = drawn(smoothing, temperature)
    smoothings, temperatures = fit_scaling(logits, examples)
    assert smoothings == {"label": smoothing}  # heads without gold are left alone
    assert temperatures["label"] == pytest.approx(temperature, rel=0.15)


def test_calibration_closes_the_gap_and_keeps_every_decision() -> None:
    logits, examples = drawn(0.05, 2.0)
    config = calibrate_classes(CONFIG, logits, examples)
    raw, fitted = softmax(logits["label"]), class_shares(logits, "label", config)
    assert (raw.argmax(1) == fitted.argmax(1)).all()
    right = np.array([LABELS[i] == e.label for i, e in zip(raw.argmax(1), examples, strict=True)])
    before, after = (expected_calibration_error(reliability_bins(p.max(1), right)) for p in (raw, fitted))
    assert after < 0.02 < before


def test_unsmooth_undoes_label_smoothing() -> None:
    shares = np.array([[0.7, 0.2, 0.06, 0.04]])
    smoothed = np.log(shares * 0.95 + 0.0125)
    assert softmax(unsmooth(smoothed, 0.05)) == pytest.approx(shares)
    assert unsmooth(smoothed, 0.0) is smoothed
    assert np.isfinite(unsmooth(np.array([[50.0, 0.0, 0.0, 0.0]]), 0.05)).all()


def test_outputs_and_predictions_are_freed_of_smoothing_alike(classifier: Classifier) -> None:
    artifact, texts = classifier.artifact, ["The army reportedly shelled the town.", "Rain fell."]
    plain, freed = (
        Classifier(
            Artifact(artifact.path, replace(artifact.config, smoothings=s), artifact.digest), OnnxEngine(artifact)
        )
        for s in ({}, {"label": 0.05})
    )
    rows = zip(freed.outputs(texts), freed.predict(texts), plain.predict(texts), strict=True)
    for output, after, before in rows:
        shares = [after.probabilities["label"][name] for name in LABELS]
        assert output.shares["label"] == pytest.approx(shares, abs=1e-4)
        assert after.label == before.label and max(shares) > max(before.probabilities["label"].values())
        assert after.probabilities["kind"] == before.probabilities["kind"]


def test_a_class_that_one_threshold_covers_too_little_takes_its_own() -> None:
    gold = np.repeat([0, 1], [100, 20])
    true = np.concatenate([np.linspace(0.5, 0.995, 100), np.linspace(0.05, 0.43, 20)])
    shares = np.zeros((120, 4))
    shares[np.arange(120), gold] = true
    quantiles = fit_quantiles(shares, gold, coverage=0.9)
    assert quantiles["fact"] == pytest.approx(np.sort(true)[int(121 * 0.1) - 1], abs=1e-4)
    assert quantiles["claim"] == pytest.approx(true[100 + int(21 * 0.12) - 1], abs=1e-4)
    assert quantiles["hedge"] == 0.0  # never seen: cannot be ruled out


def test_sets_cover_new_sentences_as_stated() -> None:
    logits, examples = drawn(0.05, 2.0)
    half = {head: rows[:2000] for head, rows in logits.items()}
    config = calibrate_classes(CONFIG, half, examples[:2000])
    rest = class_shares({"label": logits["label"][2000:]}, "label", config)
    columns = [LABELS.index(str(e.label)) for e in examples[2000:]]
    limits = np.array([config.quantiles[LABELS[c]] for c in columns])
    assert (rest[np.arange(2000), columns] >= limits).mean() == pytest.approx(0.9, abs=0.025)


def test_no_document_is_scored_by_a_calibration_that_saw_it() -> None:
    examples = load_split("sample-calibration", Path("unused"))
    seen: list[set[str]] = []

    def fit(config: ArtifactConfig, logits: dict[str, np.ndarray], part: list[Example]) -> ArtifactConfig:
        assert len(logits["label"]) == len(part)
        seen.append({e.doc for e in part})
        return replace(config, quantiles=dict.fromkeys(LABELS, 0.0))

    scores = cross_calibrate(load_artifact(DEFAULT_MODEL), examples, folds=3, fit=fit)
    docs = {e.doc for e in examples}
    assert sum(docs - part == set() for part in seen) == 0
    assert sorted(d for part in seen for d in docs - part) == sorted(docs)
    assert scores["calibration"]["mean_set_size"] == 4.0  # every prediction came through `fit`
    assert scores["negative_log_likelihood"] > 0


def test_model_directories_from_before_load(tmp_path: Path) -> None:
    for file in DEFAULT_MODEL.iterdir():
        (tmp_path / file.name).symlink_to(file)
    values = json.loads((DEFAULT_MODEL / "config.json").read_text())
    values.pop("smoothings", None)
    (tmp_path / "config.json").unlink()
    (tmp_path / "config.json").write_text(json.dumps(values))
    assert load_artifact(tmp_path).config.smoothings == {}


def test_risk_counts_errors_among_the_most_certain() -> None:
    confidence, correct = np.array([0.9, 0.6, 0.8, 0.7]), np.array([True, False, True, False])
    assert selective_risks(confidence, correct) == pytest.approx([0, 0, 1 / 3, 1 / 2])
    scores = selective_scores(confidence, correct)
    assert scores["aurc"] == scores["aurc_best"] == pytest.approx(5 / 24)
    assert scores["aurc_random"] == 0.5
    assert selective_scores(confidence, ~correct)["aurc"] > 0.5  # the wrong ones rank first


def test_equal_confidence_has_no_order() -> None:
    correct = np.array([True, False, False, True])
    assert selective_risks(np.ones(4), correct) == pytest.approx([0.5] * 4)


def test_ece_floor_falls_with_size() -> None:
    assert ece_floor(np.full(100, 0.8)) > ece_floor(np.full(10_000, 0.8)) > 0


def test_the_curve_is_drawn() -> None:
    selective = selective_scores(np.linspace(0.5, 1, 50), np.arange(50) > 10)
    figure = risk_coverage_plot({"calibration": {"selective": selective}})
    assert figure.axes[0].get_title() == f"AURC {selective['aurc']:.3f}"
    assert len(figure.axes[0].lines[1].get_xdata()) == len(selective["curve"])
