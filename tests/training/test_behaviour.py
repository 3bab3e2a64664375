"""The behaviour suite is sound, tells a good predictor from a bad one, and the shipped model keeps its pass rate."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner

from sayso.classifier import Classifier
from sayso.decode import Prediction, RawSpan
from sayso.errors import DataError
from sayso.labels import HEADS, LABELS
from sayso_training.behaviour import (
    FILLERS,
    Case,
    Expectation,
    Template,
    behaviour_table,
    expand,
    faults,
    load_suite,
    places,
    run_suite,
)
from sayso_training.evaluate_cli import evaluate_command

STATED_PASS_RATE = 0.971  # of the shipped model; one point under what was measured
CASES = load_suite()


def predicted(label: str, spans: Sequence[RawSpan] = (), hedge: float = 0.0, **tags: str | None) -> Prediction:
    values = {head: tags.get(head) for head in ("kind", "stance", "framing")}
    return Prediction({"label": {label: 1.0, "hedge": hedge}}, label, (label,), tuple(spans), **values, bias=0.0)


def wanted_spans(case: Case) -> list[RawSpan]:
    pairs = [(role, form) for role, forms in case.expect.spans.items() for form in forms]
    starts = {(role, form): case.text.lower().index(form.lower()) for role, form in pairs}
    return [RawSpan(role, start, start + len(form), 1.0) for (role, form), start in starts.items()]


class Oracle:
    """Knows what every case wants."""

    def __init__(self, cases: Sequence[Case]) -> None:
        self.answers: dict[str, Prediction] = {}
        for case in cases:
            if case.base is None:
                tags = {head: getattr(case.expect, head) for head in ("kind", "stance", "framing")}
                hedge = float(case.expect.label == "hedge")
                self.answers[case.text] = predicted(case.expect.label or "fact", wanted_spans(case), hedge, **tags)
        for case in (case for case in cases if case.template.kind == "DIR"):
            self._directional(case, 0, case.base or "", {label: 0.0 for label in case.expect.rises})
            self._directional(case, 1, case.text, {label: 1.0 for label in case.expect.rises})

    def _directional(self, case: Case, side: int, text: str, shares: dict[str, float]) -> None:
        found = self.answers.get(text, predicted("fact"))
        changed = {head: values[side] for head, values in case.expect.change.items()}
        label = changed.pop("label", found.label)
        tags = {"kind": found.kind, "stance": found.stance, "framing": found.framing, **changed}
        hedge = shares.get("hedge", found.probabilities["label"]["hedge"])
        self.answers[text] = predicted(label, found.spans, hedge, **tags)

    def predict(self, sentences: Sequence[str]) -> list[Prediction]:
        return [self.answers.get(text, predicted("fact")) for text in sentences]


class Majority:
    """Says claim to everything, as most sentences of the training labels are."""

    def predict(self, sentences: Sequence[str]) -> list[Prediction]:
        return [predicted("claim") for _ in sentences]


def test_the_suite_is_large_and_its_cases_are_distinct() -> None:
    sizes = Counter(case.template.id for case in CASES)
    assert len(sizes) >= 70
    assert min(sizes.values()) >= 20
    assert len({(case.base, case.text) for case in CASES}) == len(CASES) >= 1800


def test_every_kind_of_test_and_every_label_is_there() -> None:
    assert {case.template.kind for case in CASES} == {"MFT", "INV", "DIR"}
    assert {case.expect.label for case in CASES if case.base is None} == set(LABELS)


def test_expectations_use_known_values() -> None:
    for template in {case.template.id: case.template for case in CASES}.values():
        for head, known in HEADS.items():
            values = {getattr(template.expect, head), *template.expect.change.get(head, ())} - {None}
            assert values <= set(known), template.id


def test_spans_asked_for_stand_in_the_text_once() -> None:
    for case in CASES:
        for forms in (*case.expect.spans.values(), *case.expect.absent.values()):
            assert all(places(case.text, form) for form in forms), case


def test_no_case_is_ill_written() -> None:
    for case in CASES:
        text = case.base or case.text
        assert "  " not in text and ".." not in text and "{" not in text
        assert text[0].isupper() or not text[0].isalpha(), text


def test_expansion_is_deterministic() -> None:
    assert load_suite() == CASES


def test_the_oracle_passes_everything() -> None:
    report = run_suite(Oracle([c for c in CASES if c.template.kind != "INV"]), CASES)
    failing = [f for row in report["templates"] if row["kind"] != "INV" for f in row["failures"]]
    assert failing == []


def test_the_majority_fails_most() -> None:
    report = run_suite(Majority(), CASES)
    assert report["pass_rate"] < 0.5
    assert report["kinds"]["DIR"]["pass_rate"] == 0.0
    assert report["kinds"]["INV"]["pass_rate"] == 1.0


def case(kind: str, expect: Expectation, text: str, base: str | None = None) -> Case:
    bases = () if base is None else (base,)
    template = Template(
        id="t", kind=kind, capability="c", rule="1", why="w", text=(text,), base=bases, expect=expect
    )  # fmt: skip
    return Case(template, text, base, expect)


TEXT = "The harbour board said the crane fell."
SAID = RawSpan("cue", 18, 22, 1.0)


@pytest.mark.parametrize(
    ("start", "end", "wrong"),
    [
        (0, 17, []),
        (4, 17, []),  # without the determiner
        (12, 17, []),  # one word of two
        (0, 37, ["source 'the harbour board' not tagged"]),  # the whole sentence is no source
        (27, 32, ["source 'the harbour board' not tagged"]),
    ],
)
def test_spans_are_judged_by_overlap_of_words(start: int, end: int, wrong: list[str]) -> None:
    expect = Expectation(label="claim", spans={"source": ("the harbour board",), "cue": ("said",)})
    found = {TEXT: predicted("claim", [RawSpan("source", start, end, 1.0), SAID])}
    assert list(faults(case("MFT", expect, TEXT), found)) == wrong


def test_every_fault_of_a_case_is_named() -> None:
    expect = Expectation(label="fact", stance="deny", absent={"cue": ("said",)})
    found = {TEXT: predicted("claim", [SAID], stance="affirm")}
    assert list(faults(case("MFT", expect, TEXT), found)) == [
        "label claim, not fact", "stance affirm, not deny", "cue 'said' tagged",
    ]  # fmt: skip


def test_invariance_and_direction_compare_two_sentences() -> None:
    found = {"A.": predicted("fact", hedge=0.1), "B.": predicted("claim", hedge=0.3)}
    assert list(faults(case("INV", Expectation(), "B.", "A."), found)) == ["label fact became claim"]
    turn = Expectation(change={"label": ("fact", "hedge")}, rises={"hedge": 0.5})
    assert list(faults(case("DIR", turn, "B.", "A."), found)) == [
        "label fact to claim, not fact to hedge", "hedge rises by 0.20, not 0.5",
    ]  # fmt: skip
    assert list(faults(case("DIR", Expectation(rises={"hedge": 0.15}), "B.", "A."), found)) == []


def test_linked_slots_fill_together_and_capitals_follow_the_mark() -> None:
    template = Template(
        id="t", kind="MFT", capability="c", rule="1", why="w", text=("{who^} {did}{when}.",),
        slots={"who, did": ("the cook | sang", "two cooks | slept"), "when": ("", " on Sunday"), "unused": ("x",)},
        expect=Expectation(label="fact", spans={"source": ("{who}",)}),
    )  # fmt: skip
    cases = expand(template)
    assert [c.text for c in cases] == [
        "The cook sang.", "The cook sang on Sunday.", "Two cooks slept.", "Two cooks slept on Sunday.",
    ]  # fmt: skip
    assert cases[2].expect.spans == {"source": ("two cooks",)}


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("label: rumour", "expect.label"),
        ("lable: fact", "expect.lable: Extra inputs"),
        ("change: {label: [fact, claim]}", "MFT with base"),
    ],
)
def test_a_wrong_template_is_named(tmp_path: Path, row: str, message: str) -> None:
    (tmp_path / FILLERS).write_text("x: [y]\n")
    (tmp_path / "bad.yaml").write_text(
        f"- {{id: bad, kind: MFT, capability: c, rule: r, why: w, text: Rain fell., expect: {{{row}}}}}\n"
    )
    with pytest.raises(DataError, match=f"template 'bad'.*{message}"):
        load_suite(tmp_path)


def test_wrong_fillers_slots_and_folders_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no behaviour suite"):
        load_suite(tmp_path)
    (tmp_path / FILLERS).write_text("x: [y]\n")
    head = "id: bad, kind: MFT, capability: c, rule: r, why: w, expect: {label: fact}"
    for rest, message in (
        ("text: '{a}', slots: {a: $z}", "unknown filler list '\\$z'; known: x"),
        ("text: '{b}', slots: {a: $x}", "slot {b} has no values"),
        ("text: '{a}', slots: {'a, b': $x}", "'y' does not fill the slots a, b"),
    ):
        (tmp_path / "bad.yaml").write_text(f"- {{{head}, {rest}}}\n")
        with pytest.raises(DataError, match=message):
            load_suite(tmp_path)


def test_a_span_that_is_not_there_is_named() -> None:
    with pytest.raises(DataError, match="'cran' stands 0 times"):
        places(TEXT, "cran")


def test_the_shipped_model_keeps_its_pass_rate(classifier: Classifier) -> None:
    report = run_suite(classifier, CASES)
    assert report["pass_rate"] >= STATED_PASS_RATE, behaviour_table(report)


def test_the_command_prints_a_table_with_the_worst_first_and_json() -> None:
    table = CliRunner().invoke(evaluate_command, ["rules", "--behaviour"])
    assert table.exit_code == 0
    lines = table.output.splitlines()
    rates = [float(line.split("|")[-2].strip(" %")) for line in lines if line.startswith("| ") and "MFT |" in line][1:]
    assert rates == sorted(rates)
    done = CliRunner().invoke(evaluate_command, ["rules", "--behaviour", "--json"])
    report = json.loads(done.output)
    assert report["cases"] == len(CASES)
    assert f"**{report['pass_rate']:.1%}** passed" in table.output
    assert report["templates"][0]["failures"][0]["faults"]
