"""Augmented examples: exact text and spans of every transformation, and what must hold for all of them."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from sayso.errors import ConfigError
from sayso_data.build import load_split
from sayso_data.check import row_faults
from sayso_data.schema import Example, SpanLabel
from sayso_training import minimal_pairs as pairs
from sayso_training.augment import TRANSFORMS, Transform, augment, ocr, surface
from sayso_training.behaviour import load_suite
from sayso_training.config import DataConfig, load_config
from sayso_training.perturb import Edit, apply_edits, move_spans
from sayso_training.rewrite import Keep, New, compose, parse_marked
from sayso_training.train import load_splits
from sayso_training.traps import TRAPS, trap_examples


def gold(marked: str, label: str, *tags: str) -> Example:
    text, spans = parse_marked(marked)
    kind, stance, framing = tags or (None, None, None)
    return Example("o1", text, "own", "d1", label=label, kind=kind, stance=stance, framing=framing, spans=spans)


def marked(example: Example | None) -> str | None:
    """Return the text with its spans written out, or None."""
    if example is None:
        return None
    text = example.text
    for span in sorted(example.spans, key=lambda s: s.start, reverse=True):
        text = f"{text[: span.start]}[{text[span.start : span.end]}]({span.role}){text[span.end :]}"
    return text


def outcomes(change: Transform, example: Example) -> dict[str, Example]:
    """Return what a transformation can make of an example, over many seeds."""
    made = (change(example, random.Random(seed)) for seed in range(300))
    return {marked(found) or "": found for found in made if found}


FACT = gold("The navy seized a [rogue](loaded) trawler on Sunday.", "fact")
PASSIVE = gold("Two wardens were dismissed from the northern park in March.", "fact")
SAID = gold(
    "[The harbour master](source) [said](cue) the pier needs nine new beams.", "claim", "official", "affirm", "neutral"
)


@pytest.mark.parametrize(
    ("change", "example", "wanted", "label", "tags"),
    [
        (
            pairs.hedge_verb,
            FACT,
            "The navy [reportedly](hedge) seized a [rogue](loaded) trawler on Sunday.",
            "hedge",
            (None, None, None),
        ),
        (
            pairs.hedge_verb,
            PASSIVE,
            "Two wardens were [allegedly](hedge) dismissed from the northern park in March.",
            "hedge",
            (None, None, None),
        ),
        (
            pairs.hedge_may,
            FACT,
            "The navy [may](hedge) have seized a [rogue](loaded) trawler on Sunday.",
            "hedge",
            (None, None, None),
        ),
        (
            pairs.hedge_sentence,
            FACT,
            "[According to reports](hedge), the navy seized a [rogue](loaded) trawler on Sunday.",
            "hedge",
            (None, None, None),
        ),
        (
            pairs.hedge_sentence,
            PASSIVE,
            "Two wardens were dismissed from the northern park in March, [apparently](hedge).",
            "hedge",
            (None, None, None),
        ),
        (
            pairs.attribute_end,
            PASSIVE,
            "Two wardens were dismissed from the northern park in March, [researchers](source) [said](cue).",
            "claim",
            ("expert", "affirm", "neutral"),
        ),
        (
            pairs.attribute_end,
            PASSIVE,
            "Two wardens were dismissed from the northern park in March, [according to](cue) [witnesses](source).",
            "claim",
            ("person", "affirm", "neutral"),
        ),
        (
            pairs.attribute_front,
            FACT,
            "[A rebel spokesman](source) [claimed](cue) that the navy seized a [rogue](loaded) trawler on Sunday.",
            "claim",
            ("partisan", "affirm", "distance"),
        ),
        (
            pairs.attribute_front,
            FACT,
            "[According to](cue) [an aid group](source), the navy seized a [rogue](loaded) trawler on Sunday.",
            "claim",
            ("organization", "affirm", "neutral"),
        ),
        (
            pairs.deny,
            PASSIVE,
            "[Lawmakers](source) [denied](cue) that two wardens were dismissed from the northern park in March.",
            "claim",
            ("official", "deny", "neutral"),
        ),
        (
            pairs.deny,
            PASSIVE,
            "[Unnamed sources](source) [doubted](cue) that two wardens were dismissed from the northern park in March.",
            "claim",
            ("unnamed", "doubt", "neutral"),
        ),
        (
            pairs.swap_cue,
            gold("The pier needs nine beams, [the diver](source) [said](cue).", "claim", "person", "affirm", "neutral"),
            "The pier needs nine beams, [the diver](source) [insisted](cue).",
            "claim",
            ("person", "affirm", "distance"),
        ),
        (
            pairs.swap_cue,
            gold("[She](source) [said](cue) that it [may](hedge) snow.", "hedge", "person", "affirm", "neutral"),
            "[She](source) [confirmed](cue) that it [may](hedge) snow.",
            "hedge",
            ("person", "affirm", "endorse"),
        ),
        (
            pairs.move_attribution,
            SAID,
            "The pier needs nine new beams, [the harbour master](source) [said](cue).",
            "claim",
            ("official", "affirm", "neutral"),
        ),
        (
            pairs.move_attribution,
            gold(
                "The pier [may](hedge) fall, [Ada Brandt](source) [said](cue).", "hedge", "person", "affirm", "neutral"
            ),
            "[Ada Brandt](source) [said](cue) that the pier [may](hedge) fall.",
            "hedge",
            ("person", "affirm", "neutral"),
        ),
        (
            pairs.drop_hedge,
            gold("The navy [reportedly](hedge) seized a [rogue](loaded) trawler on Sunday.", "hedge"),
            "The navy seized a [rogue](loaded) trawler on Sunday.",
            "fact",
            (None, None, None),
        ),
        (
            pairs.swap_source,
            gold("The pier fell, [Reuters](source) [wrote](cue).", "claim", "media", "affirm", "neutral"),
            "The pier fell, [Politico](source) [wrote](cue).",
            "claim",
            ("media", "affirm", "neutral"),
        ),
        (
            pairs.swap_source,
            gold("[Ada Brandt](source) [said](cue) it rained.", "claim", "person", "affirm", "neutral"),
            "[Mei Zhang](source) [said](cue) it rained.",
            "claim",
            ("person", "affirm", "neutral"),
        ),
        (surface("lower"), FACT, "the navy seized a [rogue](loaded) trawler on sunday.", "fact", (None, None, None)),
        (surface("upper"), FACT, "THE NAVY SEIZED A [ROGUE](loaded) TRAWLER ON SUNDAY.", "fact", (None, None, None)),
        (surface("headline"), FACT, "The Navy Seized a [Rogue](loaded) Trawler on Sunday.", "fact", (None, None, None)),
        (surface("no-stop"), FACT, "The navy seized a [rogue](loaded) trawler on Sunday", "fact", (None, None, None)),
        (
            surface("no-commas"),
            gold("In May, 1,200 oxen, all [starved](loaded), died.", "fact"),
            "In May 1,200 oxen all [starved](loaded) died.",
            "fact",
            (None, None, None),
        ),
        (
            surface("typographic"),
            gold('"It\'s cold," [the diver](source) [said](cue).', "claim", "person", "affirm", "neutral"),
            "“It’s cold,” [the diver](source) [said](cue).",
            "claim",
            ("person", "affirm", "neutral"),
        ),
        (
            surface("straight"),
            gold("“It’s cold,” [the diver](source) [said](cue).", "claim", "person", "affirm", "neutral"),
            '"It\'s cold," [the diver](source) [said](cue).',
            "claim",
            ("person", "affirm", "neutral"),
        ),
        (
            ocr,
            gold("Several farmers burned their [worthless](loaded) harvest behind the station.", "fact"),
            "Several farmers bumed their [worthless](loaded) harvest behind the station.",
            "fact",
            (None, None, None),
        ),
    ],
)
def test_transformation(
    change: Transform, example: Example, wanted: str, label: str, tags: tuple[str | None, ...]
) -> None:
    found = outcomes(change, example)
    assert wanted in found, sorted(found)
    made = found[wanted]
    assert (made.label, (made.kind, made.stance, made.framing)) == (label, tags)
    assert (made.doc, made.corpus) == (example.doc, example.corpus)
    assert made.id.startswith(f"{example.id}+")
    assert not made.natural


@pytest.mark.parametrize(
    ("change", "example"),
    [
        (pairs.hedge_verb, gold("The guard who was dismissed in March sued the northern park.", "fact")),
        (pairs.hedge_verb, gold("The men arrested Sunday were released without any charge.", "fact")),
        (pairs.hedge_verb, gold("We signed the lease for the northern shed in March.", "fact")),
        (pairs.hedge_verb, gold("The park is a disgrace to the whole town.", "claim")),
        (pairs.hedge_may, gold("The navy seized a trawler on Sunday, but the crew escaped.", "fact")),
        (pairs.attribute_end, gold("“The pier fell on Sunday and nobody came.”", "claim")),
        (
            pairs.attribute_end,
            gold(
                "[The diver](source), who [says](cue) he slept, left the pier.", "fact", "person", "affirm", "neutral"
            ),
        ),
        (pairs.attribute_front, gold("Orsa is the northernmost harbour of the island.", "fact")),
        (pairs.deny, gold("The navy never seized a trawler off the coast.", "fact")),
        (
            pairs.swap_cue,
            gold("[The diver](source) [said](cue) nothing of the kind.", "claim", "person", "affirm", "neutral"),
        ),
        (
            pairs.move_attribution,
            gold("[He](source) [said](cue): the pier fell.", "claim", "person", "affirm", "neutral"),
        ),
        (pairs.drop_hedge, gold("The navy will [probably](hedge) seize the trawler soon.", "hedge")),
        (
            pairs.swap_source,
            gold("[Ada Brandt](source) [said](cue) Brandt was a baker.", "claim", "person", "affirm", "neutral"),
        ),
        (surface("no-stop"), gold("Who fell?", "none")),
    ],
)
def test_no_pair_where_grammar_or_label_is_not_certain(change: Transform, example: Example) -> None:
    assert outcomes(change, example) == {}


def test_edits_move_spans_and_refuse_to_cut_them() -> None:
    spans = (SpanLabel("source", 4, 7), SpanLabel("cue", 8, 12))
    edits = [Edit(0, 0, "So "), Edit(4, 4, "old "), Edit(5, 6, ""), Edit(8, 12, "")]
    assert apply_edits("The cat said no", edits) == "So The old ct  no"
    assert move_spans(spans, edits) == (SpanLabel("source", 11, 13),)
    with pytest.raises(ValueError, match="crosses the edge of span 4-7"):
        move_spans(spans, [Edit(3, 5, "")])


def test_compose_leaves_out_what_is_not_kept_and_never_cuts_a_span() -> None:
    kept = compose(FACT, [New("So", "cue"), Keep(3, 23)], "x")
    assert marked(kept) == "[So](cue) navy seized a [rogue](loaded)"
    assert compose(FACT, [Keep(0, 20)], "x") is None


@pytest.fixture(scope="module")
def sample() -> list[Example]:
    return load_split("sample", Path("unused"))


def made_from(sample: list[Example]) -> Iterator[tuple[str, Example, Example]]:
    for name, (change, _) in TRANSFORMS.items():
        for example in sample:
            found = change(example, random.Random(example.id))
            if found is not None:
                yield name, example, found


def test_whatever_is_made_of_the_sample_is_sound(sample: list[Example]) -> None:
    names = set()
    for name, example, found in made_from(sample):
        names.add(name)
        assert list(row_faults(found, name)) == []
        assert found.text != example.text
        assert found == TRANSFORMS[name][0](example, random.Random(example.id))
        for span in found.spans:
            inside = found.text[span.start : span.end]
            assert inside == inside.strip(" ,.")
    assert set(TRANSFORMS) - names <= {"swap_source", "drop_hedge"}


def test_augment_is_deterministic_and_new(sample: list[Example]) -> None:
    found = augment(sample, 400, 13)
    assert found == augment(sample, 400, 13)
    assert found != augment(sample, 400, 14)
    texts = [example.text for example in found]
    assert len(set(texts)) == 400
    assert not set(texts) & {example.text for example in sample}
    assert {e.label for e in found} == {"fact", "claim", "hedge", "none"}


def test_too_many_are_refused(sample: list[Example]) -> None:
    with pytest.raises(ConfigError, match=r"asks for 99999, but these sentences yield \d+; set it lower"):
        augment(sample, 99999, 13)


def test_the_config_adds_them_to_train_alone(tmp_path: Path) -> None:
    names = {"train": "sample-train", "dev": "sample-dev", "calibration": "sample-calibration"}
    plain = load_splits(DataConfig(**names), tmp_path, 13)
    more = load_splits(DataConfig(**names, augment=50), tmp_path, 13)
    assert more.train[: len(plain.train)] == plain.train
    assert len(more.train) == len(plain.train) + 50
    assert (more.dev, more.calibration) == (plain.dev, plain.calibration)


def test_a_negative_number_is_refused(repository: Path) -> None:
    with pytest.raises(ConfigError, match=r"data\.augment"):
        load_config(repository / "experiments" / "configs" / "tiny.yaml", ("data.augment=-1",))


def test_traps_are_sound_and_share_no_text_with_the_suite() -> None:
    traps = list(trap_examples(1))
    assert {e.text for e in traps} == {e.text for e in trap_examples(2)}
    assert [fault for e in traps for fault in row_faults(e, "traps")] == []
    assert len({trap.name for trap in TRAPS}) == len(TRAPS)
    unseen = {gram for case in load_suite() for gram in grams(case.text)}
    shared = {gram for e in traps for gram in grams(e.text)} & unseen
    assert shared == set()


def grams(text: str) -> set[tuple[str, ...]]:
    words = text.lower().strip(".").split()
    return {tuple(words[i : i + 4]) for i in range(len(words) - 3)}
