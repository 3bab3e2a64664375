"""The annotation loop: choose sentences, label them in Label Studio, bring them back, measure agreement."""

import csv
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import orjson
import pytest
from click.testing import CliRunner

from sayso.classifier import Classifier
from sayso.errors import ConfigError, DataError, InputError, OutputError
from sayso.labels import HEADS, ROLES
from sayso.records import Document
from sayso_data.agreement import disagreements, field_agreement, match, span_agreement
from sayso_data.build import load_split
from sayso_data.cli import data
from sayso_data.exchange.bring import write_rows
from sayso_data.exchange.labelstudio import interface
from sayso_data.schema import Example, SpanLabel
from sayso_data.standoff import fingerprint
from sayso_data.suggest import Candidate, Weights, candidates, choose, rarities, uncertainty

ONE = "Rain fell on Monday. The mayor said the road is safe. It may snow, officials said. 🌧 Why now? Why?"
TWO = "The regime reportedly shelled the town. Rain fell on Monday. The union denied that it had struck."
ARTICLES = [{"id": "a1", "outlet": "Post", "text": ONE}, {"id": "a2", "outlet": "Echo", "text": TWO}]


def type_in(*words: object) -> tuple[int, str, str]:
    done = CliRunner().invoke(data, [str(word) for word in words], standalone_mode=False)
    if done.exception:
        raise done.exception
    return done.return_value or 0, done.stdout, done.stderr


@pytest.fixture
def articles(tmp_path: Path) -> Path:
    (tmp_path / "articles.jsonl").write_bytes(b"\n".join(map(orjson.dumps, ARTICLES)))
    return tmp_path / "articles.jsonl"


def test_the_whole_loop(articles: Path) -> None:
    folder = articles.parent
    (folder / "known.csv").write_text("text,label\nThe mayor said the road is safe.,claim\n")
    type_in("import", folder / "known.csv", "--out", folder / "known.jsonl")
    words = ("suggest", articles, "--known", folder / "known.jsonl", "--count", "4", "--out", folder / "tasks.json")
    code, out, _ = type_in(*words)
    tasks = orjson.loads((folder / "tasks.json").read_bytes())
    texts = [task["data"]["text"] for task in tasks]
    assert (code, len(set(texts))) == (0, 4)
    assert "4 of 5 sentences" in out  # a question of one word, a repeat and a known sentence are left out
    assert "The mayor said the road is safe." not in texts
    for task in tasks:  # what a person does who agrees with the model
        task["annotations"] = [{"completed_by": 1, "result": task["predictions"][0]["result"]}]
    (folder / "export.json").write_bytes(orjson.dumps(tasks))
    type_in("import", folder / "export.json", "--out", folder / "labelled.jsonl")
    rows = load_split(str(folder / "labelled.jsonl"), Path("unused"))
    predicted = {p.text: p for p in rows}
    shown = Classifier.load().predict(texts)
    for text, answer in zip(texts, shown, strict=True):
        row = predicted[text]
        assert (row.label, row.kind, row.roles, row.corpus) == (answer.label, answer.kind, ROLES, "suggested")
        assert row.doc in ("a1", "a2") and row.outlet in ("Post", "Echo")
        assert {(s.role, s.start, s.end) for s in row.spans} == {(s.role, s.start, s.end) for s in answer.spans}
    with pytest.raises(OutputError, match="exists; add --overwrite"):
        type_in(*words)


def test_unfinished_tasks_are_no_labels(articles: Path) -> None:
    type_in("suggest", articles, "--out", articles.parent / "tasks.json")
    with pytest.raises(DataError, match="no labelled sentence in"):
        type_in("import", articles.parent / "tasks.json", "--out", articles.parent / "a.jsonl")


def test_the_interface_has_every_label_that_there_is() -> None:
    view = ElementTree.fromstring(interface())
    assert [label.get("value") for label in view.findall("Labels/Label")] == list(ROLES)
    found = {c.get("name"): tuple(x.get("value") for x in c) for c in view.findall("Choices")}
    assert found == HEADS
    assert {tag.get("toName") for tag in view if tag.get("toName")} == {"text"}
    assert [n.get("name") for n in view.findall("Number")] == ["bias"]


def test_suggest_says_what_it_cannot_do(articles: Path) -> None:
    with pytest.raises(OutputError, match=r"type: --out .*tasks.json"):
        type_in("suggest", articles, "--out", articles.parent / "tasks.txt")
    with pytest.raises(OutputError, match="mkdir -p"):
        type_in("suggest", articles, "--out", articles.parent / "gone" / "tasks.json")
    with pytest.raises(InputError, match="no such file"):
        type_in("suggest", "gone.txt", "--out", articles.parent / "tasks.json")
    (articles.parent / "short.txt").write_text("Why now?\n")
    with pytest.raises(DataError, match="no sentence of 3 to 80 words"):
        type_in("suggest", articles.parent / "short.txt", "--out", articles.parent / "tasks.json")
    articles.write_bytes(articles.read_bytes() + b"\n{broken\n")
    code, out, _ = type_in("suggest", articles, "--limit", "2", "--out", articles.parent / "tasks.json")
    assert (code, "2 of 2 sentences; there are more: raise --limit 2" in out) == (1, True)
    assert type_in("suggest", articles, "--out", articles.parent / "all.json")[0] == 1
    assert not (articles.parent / "tasks.json.partial").exists()


def sure(text: str, *models: tuple[float, float, float, float], doc: str = "d") -> Candidate:
    return Candidate(text, doc, None, {"label": np.array(models)})


def test_uncertainty_is_entropy_of_one_model_and_disagreement_of_several() -> None:
    flat, fact, claim = (0.25,) * 4, (1.0, 0, 0, 0), (0, 1.0, 0, 0)
    assert uncertainty(sure("a", flat).shares) == pytest.approx(1)
    assert uncertainty(sure("a", fact).shares) == pytest.approx(0)
    assert uncertainty(sure("a", flat, flat).shares) == pytest.approx(0)  # both unsure, but of one mind
    assert uncertainty(sure("a", fact, claim).shares) == pytest.approx(1)


def test_rare_classes_and_unlike_sentences_come_first() -> None:
    fact, hedge = (0.9, 0.05, 0.05, 0.0), (0.05, 0.05, 0.9, 0.0)
    pool = [sure(f"Rain fell in town {i}.", fact) for i in range(9)] + [sure("It may snow in the hills.", hedge)]
    assert np.argmax(rarities(pool)) == 9
    assert choose(pool, 1, Weights(0, 1, 0))[0][0] == 9
    alike = (0.4, 0.3, 0.2, 0.1)
    twins = [sure("The ferry sank in the bay.", alike), sure("The ferry sank in the bay today.", alike)]
    twins.append(sure("Prices rose.", (0.5, 0.3, 0.1, 0.1)))
    assert {i for i, _, _ in choose(twins, 2, Weights(1, 0, 0))} == {0, 1}
    assert {i for i, _, _ in choose(twins, 2, Weights(1, 0, 2))} == {0, 2}


def test_candidates_are_distinct_and_new(classifier: Classifier) -> None:
    documents = [Document(str(row["id"]), str(row["text"]), {"outlet": row["outlet"]}) for row in ARTICLES]
    known = {fingerprint("The mayor said the road is safe.")}
    found = list(candidates(documents, [classifier, classifier], known, whole=False))
    assert [c.text for c in found].count("Rain fell on Monday.") == 1
    assert all(c.shares["label"].shape == (2, 4) for c in found)
    assert len(list(candidates(documents, [classifier], set(), whole=True))) == 2


def labelled(*labels: str | None, spans: tuple[SpanLabel, ...] = (), **more: Any) -> list[Example]:
    return [Example(f"e{i}", f"Sentence number {i} is here.", "c", f"d{i}", label=label, spans=spans, **more)
            for i, label in enumerate(labels)]  # fmt: skip


def test_alpha_and_kappa_are_those_of_the_books() -> None:
    # Krippendorff (2011), three observers with missing values: alpha .691 for names, .811 for intervals
    table = ["*****34121133*3", "1*213343*******", "**21344*21133*4"]
    answers = {
        name: [Example(f"{i}", f"Unit {i}.", "c", "d", label=None if v == "*" else v,
                       bias=None if v == "*" else float(v)) for i, v in enumerate(row)]
        for name, row in zip("ABC", table, strict=True)
    }  # fmt: skip
    units = match(answers)
    assert field_agreement(units, "label").alpha == pytest.approx(0.691, abs=0.001)
    assert field_agreement(units, "bias").alpha == pytest.approx(0.811, abs=0.001)
    # 35 of 50 agree where chance gives 25: kappa .4 (Cohen 1960)
    one = labelled(*["fact"] * 25, *["claim"] * 25)
    two = labelled(*["fact"] * 20, *["claim"] * 5, *["fact"] * 10, *["claim"] * 15)
    found = field_agreement(match({"one": one, "two": two}), "label")
    assert found.kappas == {"one, two": pytest.approx(0.4)}
    assert found.agreed == pytest.approx(0.7)


def test_agreement_of_one_value_or_one_annotator_is_none() -> None:
    same = labelled("fact", "fact")
    found = field_agreement(match({"one": same, "two": same}), "label")
    assert (found.agreed, found.alpha, found.kappas) == (1, None, {"one, two": None})
    none = field_agreement(match({"one": same, "two": same}), "kind")
    assert (none.units, none.agreed, none.alpha) == (0, None, None)
    with pytest.raises(DataError, match=r"no sentence is in two of one, two; one begins 'Sentence number 0"):
        match({"one": same, "two": [replace(row, text="Other.") for row in same]})


def test_span_f1_counts_wholes_and_characters() -> None:
    one = labelled("claim", spans=(SpanLabel("cue", 0, 8), SpanLabel("source", 9, 15)))
    two = labelled("claim", spans=(SpanLabel("cue", 0, 8), SpanLabel("source", 9, 17)))
    units = match({"one": one, "two": two})
    assert span_agreement(units, "cue").exact == 1
    source = span_agreement(units, "source")
    assert (source.exact, source.characters) == (0, pytest.approx(2 * 6 / 14))
    assert span_agreement(units, "loaded").exact is None
    unmarked = match({"one": one, "two": [replace(row, roles=("source",)) for row in two]})
    assert span_agreement(unmarked, "cue").spans == 0
    assert [row["field"] for row in disagreements(units)] == ["source"]


def test_agreement_prints_and_lists_what_to_settle(tmp_path: Path) -> None:
    one = labelled("fact", "claim", "hedge", bias=0.0)
    two = [replace(one[0], label="claim", bias=1.0), one[1]]
    three = [one[0], one[1]]
    for name, rows in (("one", one), ("two", two), ("three", three)):
        write_rows({tmp_path / f"{name}.jsonl": rows}, overwrite=False)
    files = [tmp_path / f"{name}.jsonl" for name in ("one", "three")]
    code, out, errors = type_in("agreement", *files, "--out", tmp_path / "differ.csv")
    assert (code, "| label | 2 | 1.000 | 1.000 | 1.000 |" in out, "0 disagreements" in errors) == (0, True, True)
    files.append(tmp_path / "two.jsonl")
    with pytest.raises(OutputError, match="exists"):
        type_in("agreement", *files, "--out", tmp_path / "differ.csv")
    type_in("agreement", *files, "--out", tmp_path / "differ.csv", "--overwrite")
    with (tmp_path / "differ.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [(r["id"], r["field"], r["one"], r["two"]) for r in rows] == [
        ("e0", "label", "fact", "claim"),
        ("e0", "bias", "0.0", "1.0"),
    ]
    report = orjson.loads(type_in("agreement", *files, "--json")[1])
    assert report["sentences"] == 2
    assert set(report["fields"][0]["kappas"]) == {"one, three", "one, two", "three, two"}
    with pytest.raises(ConfigError, match="name two or more"):
        type_in("agreement", files[0], files[0])
