"""The audit shows what a model hangs on: fake models with one known shortcut each are exposed by their own row."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from sayso.decode import Prediction
from sayso.labels import LABELS
from sayso_data.build import load_split
from sayso_data.schema import Example, SpanLabel
from sayso_training.audit import AuditRow, audit, audit_table, cue_class, whose
from sayso_training.evaluate_cli import evaluate_command
from sayso_training.names import REGIONS, WESTERN
from sayso_training.perturb import apply_edits, no_quotes
from sayso_training.renaming import remove_outlets, replace_outlets, swap_names


class Fake:
    """Label by one rule that looks at the text alone."""

    def __init__(self, rule: object) -> None:
        self.rule = rule

    def predict(self, sentences: list[str]) -> list[Prediction]:
        labels = [self.rule(text) for text in sentences]  # type: ignore[operator]
        shares = [{"label": {name: float(name == label) for name in LABELS}} for label in labels]
        return [
            Prediction(p, label, (label,), (), None, None, None, 0.0) for p, label in zip(shares, labels, strict=True)
        ]


@pytest.fixture(scope="module")
def sample() -> list[Example]:
    return load_split("sample", Path("unused"))


def score(rows: list[AuditRow], probe: str, value: str, measure: str) -> float:
    (row,) = [r for r in rows if (r.probe, r.value, r.measure) == (probe, value, measure)]
    assert row.score is not None, f"{row} has too few sentences"
    return row.score


def only_said(text: str) -> str:
    return "claim" if "said" in text.lower().split() or "said." in text or "said," in text else "fact"


def test_a_model_that_only_looks_at_said_is_exposed(sample: list[Example]) -> None:
    rows = audit(Fake(only_said), sample)
    found = {v: score(rows, "cue", v, "claims found") for v in ("say, says or said", "another cue", "no cue")}
    assert found["say, says or said"] > 0.6
    assert found["another cue"] < 0.2
    assert found["say, says or said"] - max(found["another cue"], found["no cue"]) > 0.5


def test_a_model_that_doubts_foreign_names_is_exposed(sample: list[Example]) -> None:
    foreign = {n for name, r in REGIONS.items() if name != WESTERN for n in (*r.family[:10], *r.places)}
    rows = audit(Fake(lambda text: "hedge" if any(name in text for name in foreign) else "fact"), sample)
    assert score(rows, "names", WESTERN, "flips") < 0.2 < 0.8 < score(rows, "names", "Africa", "flips")


def test_models_that_look_at_marks_or_case_are_exposed(sample: list[Example]) -> None:
    rows = audit(Fake(lambda text: "claim" if set(text) & set('"“”') else "fact"), sample)
    assert score(rows, "quotation marks", "removed", "flips") > 0.5
    assert score(rows, "letters", "lower case", "flips") == 0
    rows = audit(Fake(lambda text: "fact" if text.endswith(".") else "none"), sample)
    assert score(rows, "final full stop", "removed", "flips") == 1
    assert score(rows, "final full stop", "removed", "macro-F1 after") < 0.1
    rows = audit(Fake(lambda text: "none" if text == text.lower() else "fact"), sample)
    assert score(rows, "letters", "lower case", "flips") > 0.95


def test_a_model_that_looks_at_nothing_never_flips(sample: list[Example]) -> None:
    rows = audit(Fake(lambda text: "claim"), sample)
    assert {row.score for row in rows if row.measure == "flips"} <= {0.0, None}
    assert all(row.interval is None or row.interval[0] <= (row.score or 0) <= row.interval[1] for row in rows)


def test_few_sentences_give_no_number() -> None:
    rows = audit(Fake(lambda text: "fact"), [Example("1", "Rain fell.", "c", "d", label="fact")] * 19)
    assert {row.score for row in rows} == {None}
    assert "| too few | - | 19 |" in audit_table(rows)


def test_false_alarms_are_parted_by_names() -> None:
    far = [Example("f", "Officers met in Aleppo.", "c", "d", label="fact")] * 25
    near = [Example("n", "Officers met in Denver.", "c", "d", label="fact")] * 25
    rows = audit(Fake(lambda text: "hedge" if "Aleppo" in text else "fact"), far + near)
    assert score(rows, "false alarms", "far names", "called hedge") == 1
    assert score(rows, "false alarms", "near names", "called hedge") == 0
    assert whose(Example("x", "The Authority met.", "fakes", "d")) == "far"
    assert whose(Example("x", "Officers met there.", "c", "d")) is None


def test_cue_class() -> None:
    text = "He said it and she added more."
    said, added = SpanLabel("cue", 3, 7), SpanLabel("cue", 19, 24)
    classes = [cue_class(Example("1", text, "c", "d", spans=s)) for s in ((said, added), (added,), ())]
    assert classes == ["say, says or said", "another cue", "no cue"]


def test_names_are_swapped_by_sort_and_alike_throughout() -> None:
    text = "Mr. Ferris met Sarah Quill in Denver; President Donald Ashby left Denver on Monday."
    swapped = swap_names(text, "Africa", "seed")
    africa = REGIONS["Africa"]
    assert not any(name in swapped for name in ("Ferris", "Sarah", "Quill", "Denver", "Donald", "Ashby"))
    assert swapped.startswith("Mr. ") and "President " in swapped and swapped.endswith("on Monday.")
    places = [name for name in africa.places[:8] if name in swapped]
    assert len(places) == 1 and swapped.count(places[0]) == 2
    assert sum(swapped.count(name) for name in africa.family) == 3
    assert swap_names(text, "Africa", "seed") == swapped
    assert swap_names("The Senate voted on Monday.", "Africa", "seed") == "The Senate voted on Monday."


def test_outlets_are_replaced_and_removed() -> None:
    text = "The Lakeside Herald and CNN reported it."
    assert remove_outlets(text, "Lakeside Herald (Web News)") == "The outlet and the outlet reported it."
    changed = replace_outlets(text, "lakeside-herald", "seed")
    assert "Herald" not in changed and "CNN" not in changed and changed[0] == "T"
    assert remove_outlets("It rained.", None) == "It rained."


def test_quotation_marks_go_and_apostrophes_stay() -> None:
    text = "“It's over,” she said, 'for now.'"
    assert apply_edits(text, no_quotes(text)) == "It's over, she said, for now."


def test_the_command_prints_rows() -> None:
    words = ["rules", "--on", "sample", "--audit"]
    rows = json.loads(CliRunner().invoke(evaluate_command, [*words, "--json"], standalone_mode=False).output)
    assert {"probe", "value", "measure", "sentences", "score", "interval"} == set(rows[0])
    assert {row["probe"] for row in rows} >= {"cue", "names", "quotation marks", "corpus", "false alarms"}
    table = CliRunner().invoke(evaluate_command, words, standalone_mode=False).output
    assert table.count("\n") == len(rows) + 3


def test_one_table_at_a_time() -> None:
    for more, message in (("--behaviour", "type one of them"), ("--cross-calibrate", "type one of them")):
        done = CliRunner().invoke(evaluate_command, ["rules", "--on", "sample", "--audit", more], standalone_mode=False)
        assert message in str(done.exception)
    done = CliRunner().invoke(evaluate_command, ["rules", "--cross-calibrate"], standalone_mode=False)
    assert "no calibration to judge" in str(done.exception)
