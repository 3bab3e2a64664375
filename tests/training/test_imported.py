"""Imported sentences train what they have labels for, and nothing else."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from sayso.classifier import Classifier
from sayso.errors import DataError
from sayso_data.build import load_split
from sayso_data.cli import data
from sayso_training.config import TrainConfig
from sayso_training.evaluate import evaluate
from sayso_training.export import export_model
from sayso_training.tracking import LogToMlflow
from sayso_training.train import build_trainer, check_labelled, load_splits

PLACES = ("Tal Marin", "Westhaven", "Oldport", "Lunde", "Barrow Hill", "Kestrel", "Norby", "Santa Reva")
PATTERNS = {
    "fact": ("Rain fell in {}.", "The bridge in {} opened on Monday."),
    "claim": ("The mayor of {} said the plan would fail.", "Officials in {} said the road was safe."),
    "hedge": ("The road to {} may close.", "The plant in {} reportedly shut on Friday."),
}


def bring(folder: Path, header: str, lines: list[str]) -> TrainConfig:
    (folder / "mine.csv").write_text("\n".join([header, *lines]))
    words = ["import", str(folder / "mine.csv"), "--split", "0.5/0.25/0.25", "--out", str(folder / "mine")]
    done = CliRunner().invoke(data, words, standalone_mode=False)
    assert done.exception is None, done.exception
    names = {name: str(folder / "mine" / f"{name}.jsonl") for name in ("train", "calibration", "dev")}
    settings = {"name": "mine", "data": names, "trainer": {"max_steps": 2, "batch_size": 8, "bf16": False}}
    return TrainConfig.model_validate(settings)


def test_text_and_label_train_the_label_and_leave_spans_silent(tmp_path: Path) -> None:
    lines = [f"{p.format(place)},{label}" for label, ps in PATTERNS.items() for p in ps for place in PLACES]
    config = bring(tmp_path, "text,label", lines)
    splits = load_splits(config.data, Path("unused"), 1)
    trainer = build_trainer(config, splits, tmp_path / "run")
    trainer.remove_callback(LogToMlflow)  # no store here
    trainer.train()
    losses = {name: sum(values) for name, values in trainer.parts.items()}
    assert losses["label"] > 0
    assert {losses[name] for name in ("kind", "stance", "framing", "bias", "tokens")} == {0}
    assert {name for name in trainer.evaluate() if name != "epoch"} == {"eval_label_macro_f1"}
    trainer.model.save_pretrained(tmp_path / "torch")
    trainer.processing_class.save_pretrained(tmp_path / "torch")
    model = export_model(tmp_path / "torch", tmp_path / "model", splits.calibration, {}, 128)
    scores = evaluate(Classifier.load(model), splits.dev)
    assert scores["tags"]["kind"]["support"] == 0
    assert scores["spans"]["cue"]["exact"]["support"] == 0
    assert all(
        not row.spans and row.kind is None for row in Classifier.load(model).predict([s.text for s in splits.dev])
    )


def test_a_run_without_a_label_to_score_on_stops_before_it_trains(tmp_path: Path) -> None:
    config = bring(tmp_path, "text,cues", [f"Ada of {place} said so {i}.,said" for place in PLACES for i in range(4)])
    with pytest.raises(DataError, match=r"dev.jsonl has no sentence with a label .*name another split"):
        check_labelled(config.data, load_splits(config.data, Path("unused"), 1))


def test_a_faulty_file_stops_before_training(tmp_path: Path) -> None:
    lines = [f"Rain fell in {place} on day {i}.,rumour" for place in PLACES for i in range(4)]
    config = bring(tmp_path, "text,label", lines)
    with pytest.raises(DataError, match=r"train.jsonl: \d+ faults, first: .*label 'rumour'.*see all: sayso data check"):
        load_splits(config.data, Path("unused"), 1)


def test_an_example_with_spans_of_one_role_masks_the_others(tmp_path: Path) -> None:
    config = bring(
        tmp_path, "text,label,cues", [f"Ada of {p} said so {i}.,claim,said" for p in PLACES for i in range(4)]
    )
    rows = load_split(config.data.train, Path("unused"))
    assert {row.roles for row in rows} == {("cue",)}
