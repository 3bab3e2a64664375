"""What a corpus run writes reads as a dataset in five libraries, and a text of any length is one document of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.dataset as ds
import pytest

from sayso.artifact import DEFAULT_MODEL, load_artifact
from sayso.classifier import Classifier
from sayso.corpus import Tally, score
from sayso.readers import ReadOptions
from sayso.runner import run_corpus
from sayso.segmentation import PIECE

LINE = "The mayor reportedly said that rain fell.\n"
LONG = LINE * (PIECE // len(LINE) + 2000)
ROWS = [
    {"id": "a", "text": "The army reportedly fell back. “We ran,” said Nadia Petrov.", "outlet": "Pier", "n": 1},
    {"id": "b", "text": "Élan won.", "outlet": None, "n": 2},
]
Rows = list[dict[str, Any]]


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("corpus")
    (folder / "a.jsonl").write_text("\n".join(map(json.dumps, ROWS)))
    (folder / "b.txt").write_text(LONG)
    (folder / "c.txt").write_text("Snow fell.")
    files = [str(folder / name) for name in ("a.jsonl", "b.txt", "c.txt")]
    run_corpus(files, folder / "out", None, ReadOptions(), 1)
    return folder / "out"


def rows_of(folder: Path) -> Rows:
    rows: Rows = ds.dataset(folder, partitioning="hive").to_table().to_pylist()
    return rows


def test_a_long_text_is_one_document(out: Path, classifier: Classifier) -> None:
    sentences = [s for s in rows_of(out / "sentences") if s["doc_id"] == "b.txt"]
    (row,) = [d for d in rows_of(out / "documents") if d["doc_id"] == "b.txt"]
    count = len(LONG) // len(LINE)
    assert [s["sentence_index"] for s in sentences] == list(range(count))
    assert all(LONG[s["start"] : s["end"]] == s["text"] == LINE.strip() for s in sentences)
    spans = [span for s in sentences for role in ("sources", "cues", "hedges", "loaded") for span in s[role]]
    assert spans and all(LONG[span["start"] : span["end"]] == span["text"] for span in spans)
    assert (row["sentences"], row["characters"], sum(row["counts"].values())) == (count, len(LONG), count)
    assert row["distinct_sources"] == len({span["text"] for s in sentences for span in s["sources"]})
    scored = score([str(out.parent / "b.txt")], classifier, ReadOptions(), Tally())
    assert [r.to_dict() for batch in scored for _, own in batch for r in own] == [
        {k: v for k, v in s.items() if k not in ("outlet", "n", "model_id")} for s in sentences
    ]


def test_documents_around_a_long_text_are_complete(out: Path) -> None:
    documents = {d["doc_id"]: d for d in rows_of(out / "documents")}
    assert list(documents) == ["a", "b", "b.txt", "c.txt"]
    assert [documents[name]["outlet"] for name in documents] == ["Pier", None, None, None]
    markers = [json.loads(p.read_text())["documents"] for p in sorted((out / "_done").iterdir())]
    assert markers == [2, 1, 1]


def pandas(folder: Path) -> Rows:
    import pandas as pd

    rows: Rows = pd.read_parquet(folder).to_dict("records")
    return rows


def polars(folder: Path) -> Rows:
    import polars as pl

    return pl.read_parquet(folder / "**/*.parquet", hive_partitioning=True).to_dicts()


def duckdb(folder: Path) -> Rows:
    import duckdb as db

    found = db.connect().execute(f"select * from '{folder}/**/*.parquet'")
    names = [column[0] for column in found.description]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def hugging_face(folder: Path) -> Rows:
    from datasets import load_dataset

    return list(load_dataset("parquet", data_dir=str(folder), cache_dir=str(folder.parent.parent / "cache"))["train"])


@pytest.mark.parametrize("load", [rows_of, pandas, polars, duckdb, hugging_face])
def test_tables_read_as_datasets(out: Path, load: Callable[[Path], Rows]) -> None:
    model = load_artifact(DEFAULT_MODEL).digest
    sentences, documents = load(out / "sentences"), load(out / "documents")
    assert len(documents) == 4
    first = next(s for s in sentences if s["doc_id"] == "a" and s["sentence_index"] == 1)
    assert first["text"] == "“We ran,” said Nadia Petrov."
    assert set(first["probabilities"]) == {"fact", "claim", "hedge", "none"}
    assert [span["text"] for span in first["sources"]] == ["Nadia Petrov"]
    assert next(iter(first["label_set"])) == first["label"] == "claim"
    assert first["outlet"] == "Pier" and first["n"] == 1
    assert {row["model"] for row in [*sentences, *documents]} == {model}
    if load is not hugging_face:  # which does not read the names of folders
        assert {row["model_id"] for row in [*sentences, *documents]} == {model.replace(":", "-")}
    assert next(d for d in documents if d["doc_id"] == "a")["counts"]["claim"] == 1
