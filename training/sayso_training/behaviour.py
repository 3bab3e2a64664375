"""The behaviour suite: templates to cases, cases to pass rates (CheckList, Ribeiro et al. 2020)."""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError, model_validator

from sayso.decode import Prediction
from sayso.errors import DataError
from sayso_data.build import REPOSITORY
from sayso_training.evaluate import Predictor
from sayso_training.perturb import PERTURBATIONS, apply_edits

SUITE_DIR = REPOSITORY / "tests" / "behaviour" / "suite"
FILLERS = "fillers.yaml"
DEFAULT_CASES = 20
LEAST_OVERLAP = 0.5  # a boundary determiner or title more or less is no fault of behaviour
_SLOT = re.compile(r"\{(\w+)(\^?)\}")
_WORD = re.compile(r"\w+(?:[-'’]\w+)*")
_DETERMINERS = frozenset({"a", "an", "the", "that", "this"})

Texts = Annotated[tuple[str, ...], BeforeValidator(lambda value: (value,) if isinstance(value, str) else value)]
Label = Literal["fact", "claim", "hedge", "none"]
Role = Literal["source", "cue", "hedge", "loaded"]
Head = Literal["label", "kind", "stance", "framing"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Expectation(_Strict):
    """What a case must show; `spans` and `absent` name words by role, `change` a head's value before and after.

    `rises` gives the least growth of a label's probability from base to text.
    """

    label: Label | None = None
    kind: str | None = None
    stance: str | None = None
    framing: str | None = None
    spans: dict[Role, tuple[str, ...]] = {}
    absent: dict[Role, tuple[str, ...]] = {}
    change: dict[Head, tuple[str, str]] = {}
    rises: dict[Label, float] = {}


class Template(_Strict):
    """One behaviour: texts with slots; `base` is the text before the change of an INV or DIR test.

    A slot written `{who^}` has its first letter in upper case. A slot key "a, b" links two slots that are filled
    together from values "x | y". `perturb` makes the text of an INV test from its base.
    """

    id: str
    kind: Literal["MFT", "INV", "DIR"]
    capability: str
    rule: str
    why: str
    text: Texts = ()
    base: Texts = ()
    perturb: str | None = None
    slots: dict[str, tuple[str, ...]] = {}
    cases: int = DEFAULT_CASES
    expect: Expectation = Expectation()

    @model_validator(mode="after")
    def _fits_its_kind(self) -> Template:
        directional = bool(self.expect.change or self.expect.rises)
        if (self.kind == "MFT") != (not self.base) or (self.kind == "DIR") != directional:
            raise ValueError(f"{self.id}: {self.kind} with base {self.base!r} and {self.expect!r}")
        if self.perturb is not None and (self.text or self.perturb not in PERTURBATIONS):
            raise ValueError(f"{self.id}: perturb {self.perturb!r}; known: {', '.join(PERTURBATIONS)}, without text")
        if self.base and self.text and len(self.base) != len(self.text):
            raise ValueError(f"{self.id}: {len(self.base)} bases for {len(self.text)} texts")
        return self


@dataclass(frozen=True, slots=True)
class Case:
    """One test: a sentence, the sentence before the change (INV and DIR), and what must hold."""

    template: Template
    text: str
    base: str | None
    expect: Expectation


@dataclass(slots=True)
class Tally:
    """Passed and failed cases of one group of tests."""

    cases: int = 0
    passed: int = 0
    failures: list[dict[str, Any]] = field(default_factory=list)

    @property
    def pass_rate(self) -> float:
        """Return the share of cases passed."""
        return self.passed / self.cases


def load_suite(folder: Path = SUITE_DIR) -> list[Case]:
    """Read every template file of the suite and expand it, always in the same order.

    Raises:
        DataError: for a folder without suite, or a template with an unknown key, value, filler or slot.
    """
    if not (folder / FILLERS).exists():
        raise DataError(f"no behaviour suite in {folder}; run from a checkout: pip install -e '.[train]'")
    fillers = yaml.safe_load((folder / FILLERS).read_text(encoding="utf-8"))
    paths = sorted(path for path in folder.glob("*.yaml") if path.name != FILLERS)
    templates = [template for path in paths for template in _read(path, fillers)]
    repeated = {t.id for t in templates if sum(t.id == other.id for other in templates) > 1}
    if repeated:
        raise DataError(f"{folder}: template ids used twice: {', '.join(sorted(repeated))}")
    return [case for template in templates for case in expand(template)]


def _read(path: Path, fillers: Mapping[str, Sequence[str]]) -> Iterator[Template]:
    for row in yaml.safe_load(path.read_text(encoding="utf-8")):
        slots = {key: _values(value, fillers, path) for key, value in row.get("slots", {}).items()}
        try:
            yield Template.model_validate({**row, "slots": slots})
        except ValidationError as error:
            faults = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
            raise DataError(f"{path}: template {row.get('id')!r}: {faults}") from error


def _values(value: str | Sequence[str], fillers: Mapping[str, Sequence[str]], path: Path) -> Sequence[str]:
    if not isinstance(value, str):
        return value
    if value.lstrip("$") not in fillers:
        raise DataError(f"{path}: unknown filler list {value!r}; known: {', '.join(fillers)}")
    return fillers[value.lstrip("$")]


def expand(template: Template) -> list[Case]:
    """Return the distinct cases of a template: all combinations, or a fixed random draw of `cases` of them."""
    forms = list(zip(template.base or template.text, template.text or template.base, strict=True))
    every = [case for base, text in forms for case in _fill(template, base, text)]
    found = list({(case.base, case.text): case for case in every}.values())
    if len(found) <= template.cases:
        return found
    chosen = sorted(random.Random(template.id).sample(range(len(found)), template.cases))
    return [found[i] for i in chosen]


def _fill(template: Template, base: str, text: str) -> Iterator[Case]:
    used = {name for name, _ in _SLOT.findall(base + text)}
    keys = [key for key in template.slots if used & set(_names(key))]
    for values in product(*(template.slots[key] for key in keys)):
        filled: dict[str, str] = {}
        for key, value in zip(keys, values, strict=True):
            filled |= _row(template.id, _names(key), value)
        before, after = (substitute(form, filled, template.id) for form in (base, text))
        if template.perturb:
            after = apply_edits(before, PERTURBATIONS[template.perturb](before))
        yield Case(template, after, before if template.base else None, _filled(template, filled))


def _names(key: str) -> list[str]:
    return [name.strip() for name in key.split(",")]


def _row(template: str, names: list[str], value: str) -> dict[str, str]:
    parts = [part.strip() for part in value.split("|")] if len(names) > 1 else [value]
    if len(parts) != len(names):
        raise DataError(f"template {template}: {value!r} does not fill the slots {', '.join(names)}")
    return dict(zip(names, parts, strict=True))


def substitute(form: str, values: Mapping[str, str], template: str) -> str:
    """Fill the slots of one text.

    Raises:
        DataError: for a slot without values.
    """

    def fill(match: re.Match[str]) -> str:
        if match[1] not in values:
            raise DataError(f"template {template}: slot {match[0]} has no values")
        value = values[match[1]]
        return value[:1].upper() + value[1:] if match[2] else value

    return _SLOT.sub(fill, form)


def _filled(template: Template, values: Mapping[str, str]) -> Expectation:
    def words(by_role: dict[Role, tuple[str, ...]]) -> dict[Role, tuple[str, ...]]:
        return {role: tuple(substitute(form, values, template.id) for form in forms) for role, forms in by_role.items()}

    expect = template.expect
    return expect.model_copy(update={"spans": words(expect.spans), "absent": words(expect.absent)})


def run_suite(predictor: Predictor, cases: Sequence[Case]) -> dict[str, Any]:
    """Return pass rates as JSON-ready values: overall, by kind of test, and by template, the worst first.

    Every template carries its failing cases: text, base and what was wrong.
    """
    texts = list(dict.fromkeys(text for case in cases for text in (case.base, case.text) if text is not None))
    found = dict(zip(texts, predictor.predict(texts), strict=True))
    everything, kinds, templates = Tally(), defaultdict[str, Tally](Tally), defaultdict[str, Tally](Tally)
    for case in cases:
        wrong = list(faults(case, found))
        for tally in (everything, kinds[case.template.kind], templates[case.template.id]):
            tally.cases += 1
            tally.passed += not wrong
        if wrong:
            templates[case.template.id].failures.append({"text": case.text, "base": case.base, "faults": wrong})
    about = {case.template.id: case.template for case in cases}
    rows = [_template_row(about[name], tally) for name, tally in templates.items()]
    return {
        **_rates(everything),
        "kinds": {name: _rates(tally) for name, tally in sorted(kinds.items())},
        "templates": sorted(rows, key=lambda row: (row["pass_rate"], row["id"])),
    }


def _rates(tally: Tally) -> dict[str, Any]:
    return {"cases": tally.cases, "passed": tally.passed, "pass_rate": tally.pass_rate}


def _template_row(template: Template, tally: Tally) -> dict[str, Any]:
    about = template.model_dump(include={"id", "kind", "capability", "rule", "why"})
    return {**about, **_rates(tally), "failures": tally.failures}


def faults(case: Case, found: Mapping[str, Prediction]) -> Iterator[str]:
    """Yield what is wrong with the predictions for one case; nothing means passed."""
    after = found[case.text]
    if case.base is None:
        yield from value_faults(case.expect, after)
        yield from span_faults(case, after)
        return
    before = found[case.base]
    if case.template.kind == "INV" and before.label != after.label:
        yield f"label {before.label} became {after.label}"
    for head, wanted in case.expect.change.items():
        shown = (getattr(before, head), getattr(after, head))
        if shown != wanted:
            yield f"{head} {shown[0]} to {shown[1]}, not {wanted[0]} to {wanted[1]}"
    for label, least in case.expect.rises.items():
        growth = after.probabilities["label"].get(label, 0.0) - before.probabilities["label"].get(label, 0.0)
        if growth < least:
            yield f"{label} rises by {growth:.2f}, not {least}"


def value_faults(expect: Expectation, found: Prediction) -> Iterator[str]:
    """Yield each head whose value is not the expected one."""
    for head in ("label", "kind", "stance", "framing"):
        wanted, given = getattr(expect, head), getattr(found, head)
        if wanted is not None and given != wanted:
            yield f"{head} {given}, not {wanted}"


def span_faults(case: Case, found: Prediction) -> Iterator[str]:
    """Yield wanted words that no span of their role covers, and unwanted ones that one touches."""
    for role, forms in case.expect.spans.items():
        tagged = _tagged(case.text, found, role)
        for form in forms:
            if _overlap(places(case.text, form), tagged) < LEAST_OVERLAP:
                yield f"{role} {form!r} not tagged"
    for role, forms in case.expect.absent.items():
        touched = {place for words in _tagged(case.text, found, role) for place in words}
        for form in forms:
            if places(case.text, form) & touched:
                yield f"{role} {form!r} tagged"


def places(text: str, form: str) -> frozenset[int]:
    """Return the start offsets of the words of `form`, determiners left out, where it stands in `text`.

    Raises:
        DataError: when it does not stand there as whole words, exactly once; case does not count.
    """
    hits = list(re.finditer(rf"(?<!\w){re.escape(form)}(?!\w)", text, re.IGNORECASE))
    if len(hits) != 1:
        raise DataError(f"{form!r} stands {len(hits)} times in {text!r}; name words that stand there once")
    return frozenset(_words(text, hits[0].start(), hits[0].end()))


def _words(text: str, start: int, end: int) -> Iterator[int]:
    inside = [m for m in _WORD.finditer(text) if m.start() < end and m.end() > start]
    yield from (m.start() for m in inside if len(inside) == 1 or m[0].lower() not in _DETERMINERS)


def _tagged(text: str, found: Prediction, role: str) -> list[frozenset[int]]:
    return [frozenset(_words(text, span.start, span.end)) for span in found.spans if span.role == role]


def _overlap(wanted: frozenset[int], tagged: Sequence[frozenset[int]]) -> float:
    """Return the Jaccard overlap of the wanted words with those of all spans that touch them."""
    touching = frozenset[int]().union(*(words for words in tagged if words & wanted))
    return len(wanted & touching) / len(wanted | touching)


def behaviour_table(report: Mapping[str, Any]) -> str:
    """Return the pass rates of `run_suite` as Markdown, the worst template first."""
    lines = [f"{report['cases']} cases, **{report['pass_rate']:.1%}** passed.", "", "| kind | cases | passed |"]
    lines += ["| --- | --- | --- |"]
    lines += [f"| {name} | {row['cases']} | {row['pass_rate']:.1%} |" for name, row in report["kinds"].items()]
    lines += ["", "| template | kind | capability | rule | cases | passed |", "| --- | --- | --- | --- | --- | --- |"]
    about = ("id", "kind", "capability", "rule", "cases")
    rows = [[*(str(row[key]) for key in about), f"{row['pass_rate']:.1%}"] for row in report["templates"]]
    lines += [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join(lines) + "\n"
