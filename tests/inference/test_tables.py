"""The Arrow tables of a corpus run hold what the records hold."""

import json
from pathlib import Path

import pytest

from sayso import Classifier, Document
from sayso.labelled import Labelled
from sayso.labels import KINDS, LABELS
from sayso.tables import DocumentTable, sentence_table
from sayso.writers import clean_surrogates

SAMPLE = Path(__file__).resolve().parents[2] / "data" / "sample" / "articles.jsonl"
LONG = "The convoy of " + ", ".join(f"truck {i}" for i in range(200)) + " reached the port, the ministry said."
ODD = "Officials said \ud800 that 😀 it rained. Officials said \ud800 that 😀 it rained.\n\n! ? …"


def document_table(*batches: Labelled) -> list[dict[str, object]]:
    table = DocumentTable()
    for batch in batches:
        table.add(batch)
    return table.table().to_pylist()


@pytest.fixture(scope="module")
def documents() -> list[Document]:
    rows = [json.loads(line) for line in SAMPLE.read_text(encoding="utf-8").splitlines()]
    texts = {row["id"]: row["text"] for row in rows} | {"empty": "", "long": LONG, "odd \udfff": ODD}
    return [Document(name, text) for name, text in texts.items()]


def test_sentence_table_equals_the_records(classifier: Classifier, documents: list[Document]) -> None:
    labelled = classifier.label_documents(documents)
    records = [clean_surrogates(s.to_dict()) for own in labelled.sentences() for s in own]
    assert len(records) > 600
    assert any(record["sources"] for record in records) and not all(record["source_kind"] for record in records)
    assert sentence_table(labelled).to_pylist() == records


def test_document_table_counts_the_records(classifier: Classifier, documents: list[Document]) -> None:
    labelled = classifier.label_documents(documents)
    rows = document_table(labelled)
    for document, row, own in zip(documents, rows, labelled.sentences(), strict=True):
        assert (row["sentences"], row["characters"]) == (len(own), len(document.text))
        assert row["counts"] == {label: sum(s.label == label for s in own) for label in LABELS}
        assert row["kinds"] == {kind: sum(s.source_kind == kind for s in own) for kind in KINDS}
        assert row["distinct_sources"] == len({" ".join(x.text.split()).casefold() for s in own for x in s.sources})
        assert row["mean_bias"] == (pytest.approx(sum(s.bias for s in own) / len(own)) if own else None)
        assert row["shares"]["claim"] == (row["counts"]["claim"] / len(own) if own else None)


def test_tables_of_nothing_have_the_columns(classifier: Classifier) -> None:
    labelled = classifier.label_documents([])
    assert sentence_table(labelled).num_rows == len(document_table(labelled)) == 0


def test_pieces_of_a_document_are_one_row_and_keep_its_places(classifier: Classifier) -> None:
    first, second = "Rain fell, police said. ", "Snow fell, the mayor said. Ice melted, police said."
    whole = classifier.label_documents([Document("d", first + second)])
    one = classifier.label_documents([Document("d", first, more=True)])
    two = classifier.label_documents([Document("d", second, offset=len(first))]).continued(one.pending)
    assert one.pending == 1 and two.pending == 0
    (parts,), (expected_row,) = document_table(one, two), document_table(whole)
    assert parts.pop("mean_bias") == pytest.approx(expected_row.pop("mean_bias"), abs=0.01)  # batches differ
    assert parts == expected_row
    rows = sentence_table(one).to_pylist() + sentence_table(two).to_pylist()
    for row, expected in zip(rows, sentence_table(whole).to_pylist(), strict=True):
        assert all(row[name] == expected[name] for name in ("sentence_index", "start", "end", "text", "label"))
        found, wanted = ([(s["start"], s["end"], s["text"]) for s in r["sources"]] for r in (row, expected))
        assert found == wanted and found
