"""Standoff labels, splits and checks."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from sayso.artifact import file_digest
from sayso.errors import DataError
from sayso_data.build import LABELS_DIR, SAMPLE_DIR, load_labelled, load_split
from sayso_data.check import faults
from sayso_data.convert import locate, to_standoff
from sayso_data.corpora import CORPORA, iter_articles
from sayso_data.fetch import fetch
from sayso_data.schema import Article, Example, SpanLabel, to_dataset
from sayso_data.standoff import fingerprint, join

ROW = {
    "id": "x1", "corpus": "c", "doc": "d", "start": 4, "end": 14, "sha256": fingerprint("Rain fell."),
    "spans": [], "label": "fact", "kind": None, "stance": None, "framing": None, "natural": True, "passes": 1,
}  # fmt: skip
ARTICLE = Article("d", "c", "So. Rain fell. Then sun.")


def test_join_cuts_the_sentence_out() -> None:
    (example,) = join([ROW], [ARTICLE])
    assert (example.text, example.label) == ("Rain fell.", "fact")


def test_join_refuses_changed_and_missing_text() -> None:
    with pytest.raises(DataError, match="not the text that was labelled"):
        list(join([ROW], [replace(ARTICLE, text="So. Snow fell. Then sun.")]))
    with pytest.raises(DataError, match="1 labelled documents are missing"):
        list(join([ROW], []))


def test_locate_lets_white_space_differ() -> None:
    assert locate("Rain fell.", "So. Rain\n fell. Sun.") == (4, 15)
    assert locate("Hail fell.", "So. Rain fell.") is None
    row = {**ROW, "text": "Rain fell.", "spans": [{"role": "loaded", "start": 0, "end": 4}]}
    assert to_standoff(row, ARTICLE.text)["spans"] == [["loaded", 0, 4]]


def test_sample_is_large_enough_and_has_no_fault() -> None:
    rows = load_split("sample", Path("unused"))
    assert len(rows) >= 300
    assert faults({"sample": rows}) == []
    assert {row.label for row in rows} == {"fact", "claim", "hedge", "none"}


@pytest.mark.parametrize("name", ["train", "dev"])
def test_committed_labels_hold_no_text(name: str) -> None:
    for line in (LABELS_DIR / f"{name}.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        assert "text" not in row
        assert re.fullmatch(r"[0-9a-f]{16}", row["sha256"])


def test_gold_splits_join_and_are_clean(corpora: Path) -> None:
    splits = {name: load_split(name, corpora) for name in ("train", "calibration", "dev")}
    assert {name: len(rows) for name, rows in splits.items()} == {"train": 15946, "calibration": 1136, "dev": 990}
    between = [f for f in faults(splits) if f.startswith("document")]
    assert between == []


@pytest.mark.parametrize("name", sorted(CORPORA))
def test_every_corpus_reads(corpora: Path, name: str) -> None:
    first = next(iter(iter_articles(name, corpora)))
    assert first.text.strip()
    assert first.id


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"label": "rumour"}, "label 'rumour'"),
        ({"spans": (SpanLabel("cue", 3, 99),), "kind": "media", "stance": "affirm", "framing": "neutral"}, "outside"),
        ({"spans": (SpanLabel("verb", 0, 2),)}, "span role 'verb'"),
        ({"kind": "official"}, "without a source or cue"),
        ({"spans": (SpanLabel("cue", 0, 4),)}, "kind is None with a source or cue"),
    ],
)
def test_check_finds_faults(change: dict[str, object], message: str) -> None:
    row = replace(Example("e", "Rain fell.", "c", "d", label="fact"), **change)  # type: ignore[arg-type]
    assert any(message in fault for fault in faults({"train": [row]}))


def test_check_finds_what_stands_in_two_splits() -> None:
    row = Example("e", "Rain fell.", "c", "d", label="fact")
    found = faults({"train": [row], "dev": [replace(row, id="f", text="rain fell.")]})
    assert found == ["the same sentence in dev and train: e, f", "document c 'd' in dev and train"]


def test_fetch_checks_the_digest(tmp_path: Path) -> None:
    source = tmp_path / "from"
    source.mkdir()
    (source / "babe.csv").write_text("not the pinned file")
    with pytest.raises(DataError, match="pinned is"):
        fetch(CORPORA["babe"], tmp_path / "to", source)
    with pytest.raises(DataError, match="is missing"):
        fetch(CORPORA["abp"], tmp_path / "to", source)
    assert not (tmp_path / "to" / "babe.csv").exists()


def test_fetch_takes_a_right_file(corpora: Path, tmp_path: Path) -> None:
    assert fetch(CORPORA["wikinews"], tmp_path, corpora).exists()


def test_rows_load_as_a_dataset() -> None:
    dataset = to_dataset(load_labelled(SAMPLE_DIR / "labels.jsonl", Path("unused"))[:5])
    assert dataset.num_rows == 5
    assert {"text", "label", "spans"} <= set(dataset.column_names)


@pytest.mark.parametrize("right", [True, False])
def test_fetch_downloads_and_checks(tmp_path: Path, right: bool) -> None:
    (tmp_path / "served.jsonl").write_text("{}\n")
    digest = file_digest(tmp_path / "served.jsonl") if right else "0" * 64
    address = (tmp_path / "served.jsonl").as_uri()
    corpus = replace(CORPORA["newsmtsc-train"], url=address, sha256=digest)
    if right:
        assert fetch(corpus, tmp_path / "to", None).read_text() == "{}\n"
        return
    with pytest.raises(DataError, match="pinned is"):
        fetch(corpus, tmp_path / "to", None)


def test_fetch_without_an_address_or_network_says_what_to_type(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"sayso data fetch abp --from DIR"):
        fetch(CORPORA["abp"], tmp_path, None)
    with pytest.raises(DataError, match=r"cannot be fetched.*use --from DIR"):
        fetch(replace(CORPORA["newsmtsc-train"], url=(tmp_path / "gone").as_uri()), tmp_path, None)
