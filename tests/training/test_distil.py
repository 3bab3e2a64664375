"""Soft labels: drawn, written, read, aligned with a student's tokens, trained on."""

from dataclasses import replace
from pathlib import Path
from typing import cast

import numpy as np
import pytest
from click.testing import CliRunner

from sayso.classifier import Classifier, Output
from sayso.errors import DataError
from sayso.labels import HEADS, ROLES
from sayso_data.build import load_split
from sayso_data.schema import Example, SpanLabel
from sayso_training.cli import distil
from sayso_training.config import load_config
from sayso_training.distil import Candidate, draw, label_softly, rare_words
from sayso_training.features import IGNORE, targets
from sayso_training.model import TOKEN_ROLES
from sayso_training.soft import SoftExample, read_soft, write_soft
from sayso_training.train import load_splits

TEXTS = ["The ministry reportedly shut two bridges.", "“We saw smoke,” a farmer said.", "Rain fell."]
CONFIGS = Path(__file__).resolve().parents[2] / "experiments" / "configs"


@pytest.fixture(scope="module")
def soft(classifier: Classifier) -> list[SoftExample]:
    (batch,) = label_softly([classifier, classifier], [Candidate(text, "sample", "s") for text in TEXTS])
    return batch


def test_soft_labels_are_the_teachers_probabilities(classifier: Classifier, soft: list[SoftExample]) -> None:
    for example, prediction in zip(soft, classifier.predict(TEXTS), strict=True):
        for head, classes in HEADS.items():
            expected = [prediction.probabilities[head][name] for name in classes]
            assert example.classes[head].tolist() == pytest.approx(expected, abs=1e-4)
    assert [example.attributed for example in soft] == [False, True, False]


def test_weights_choose_between_teachers(classifier: Classifier) -> None:
    class Other:
        """The same model, surer of the first class."""

        def outputs(self, texts: list[str]) -> list[Output]:
            first = {head: np.eye(len(classes))[0] for head, classes in HEADS.items()}
            return [replace(output, shares=first) for output in classifier.outputs(texts)]

    candidates = [Candidate(text, "sample", "s") for text in TEXTS]
    teachers = [classifier, cast(Classifier, Other())]
    plain, weighted = (next(label_softly(teachers, candidates, weights)) for weights in ((1, 0), (0.25, 0.75)))
    for one, both in zip(plain, weighted, strict=True):
        assert both.classes["label"][0] == pytest.approx(0.25 * one.classes["label"][0] + 0.75, abs=1e-6)
        assert np.allclose(both.tokens, one.tokens)
    with pytest.raises(ValueError, match="2 teachers but 1 weights"):
        next(label_softly(teachers, candidates, (1,)))


def test_they_survive_the_file(tmp_path: Path, soft: list[SoftExample]) -> None:
    assert write_soft(tmp_path / "soft.parquet", [soft[:2], soft[2:]]) == 3
    for before, after in zip(soft, read_soft(tmp_path / "soft.parquet"), strict=True):
        assert (after.text, after.corpus, after.doc) == (before.text, before.corpus, before.doc)
        assert np.array_equal(after.offsets, before.offsets)
        assert np.allclose(after.tokens, before.tokens, atol=1e-6)
        assert all(np.allclose(after.classes[h], before.classes[h], atol=1e-6) for h in HEADS)


def test_token_probabilities_follow_the_students_tokens() -> None:
    tokens = np.array([[0.9, 0, 0, 0], [0.1, 0, 0, 0]], dtype=np.float32)
    example = SoftExample("ab cd", "c", "d", {}, 0.0, np.array([[0, 2], [3, 5]], dtype=np.int32), tokens)
    assert example.at([(0, 1), (0, 2), (3, 5), (0, 5)])[:, 0].tolist() == pytest.approx([0.9, 0.9, 0.1, 0.4])


def test_tags_without_attribution_train_nothing(soft: list[SoftExample]) -> None:
    offsets = [(0, 0), (0, 3), (0, 0)]
    silent, spoken = targets(soft[2], offsets, 0.0), targets(soft[1], offsets, 0.0)
    assert silent["kind"].sum() == 0 and silent["label"].sum() == pytest.approx(1, abs=1e-5)
    assert spoken["kind"].sum() == pytest.approx(1, abs=1e-5)
    assert (silent["tokens"][[0, 2]] == IGNORE).all()
    assert silent["tokens"].shape == (3, len(TOKEN_ROLES)) and (silent["tokens"][:, len(ROLES) :] == IGNORE).all()


def test_rare_words_come_from_gold() -> None:
    denied = Example("1", "Rebels denied it.", "c", "d", stance="deny", spans=(SpanLabel("cue", 7, 13),))
    plain = Example("2", "Police said so, perhaps.", "c", "d", stance="affirm",
                    spans=(SpanLabel("cue", 7, 11), SpanLabel("hedge", 16, 23)))  # fmt: skip
    pattern = rare_words([denied, plain])
    assert pattern.search("He Denied everything") and pattern.search("Perhaps not")
    assert not pattern.search("Police said so") and not pattern.search("undeniedly")


def test_a_run_takes_soft_labels_beside_repeated_gold(tmp_path: Path, soft: list[SoftExample]) -> None:
    write_soft(tmp_path / "soft.parquet", [soft])
    words = (f"data.soft={tmp_path / 'soft.parquet'}", "data.gold_repeats=2", "data.limit=5")
    config = load_config(CONFIGS / "tiny.yaml", words)
    found = load_splits(config.data, Path("unused"), 1).train
    assert len(found) == 2 * 5 + 3
    assert sum(isinstance(example, SoftExample) for example in found) == 3


def test_missing_or_foreign_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="sayso distil"):
        read_soft(tmp_path / "none.parquet")


def test_the_command_draws_without_dev_and_labels(tmp_path: Path, corpora: Path, repository: Path) -> None:
    out = tmp_path / "soft.parquet"
    words = [str(repository / "inference" / "sayso" / "model"), "--out", str(out), "--sentences", "60", "--seed", "3"]
    done = CliRunner().invoke(distil, words, standalone_mode=False)
    assert done.exception is None, done.exception
    found = read_soft(out)
    assert [example.text for example in found] == [candidate.text for candidate in draw(corpora, 60, 0.5, 3)]
    kept_back = {example.doc for name in ("dev", "calibration") for example in load_split(name, corpora)}
    assert len(found) == 60 == len({example.text for example in found})
    assert not kept_back & {example.doc for example in found}
