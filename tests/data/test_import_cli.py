"""`sayso data import`, `check` and `export` as they are typed."""

from pathlib import Path
from typing import Any

import orjson
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from sayso.errors import ConfigError, DataError, OutputError
from sayso_data.build import load_split
from sayso_data.cli import data
from sayso_data.near import near_pairs
from sayso_data.schema import Example
from sayso_data.splitting import part, read_shares

LONG = "The harbour board of Westhaven said on Monday that the new ferry would carry {} passengers across the bay."


def type_in(*words: object) -> tuple[int, str, str]:
    done = CliRunner().invoke(data, [str(word) for word in words], standalone_mode=False)
    if done.exception:
        raise done.exception
    return done.return_value or 0, done.stdout, done.stderr


def rows_of(path: Path) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in path.read_bytes().splitlines()]


@pytest.fixture
def table(tmp_path: Path) -> Path:
    lines = ["sentence,label,url,site"]
    lines += [f"Rain fell in town {i}.,fact,u{i // 3},s{i // 6}" for i in range(120)]
    (tmp_path / "mine.csv").write_text("\n".join(lines))
    return tmp_path / "mine.csv"


def test_import_parts_by_document_the_same_way_each_time(table: Path) -> None:
    words = ("import", table, "--column", "text=sentence", "--column", "doc=url", "--split", "0.6/0.2/0.2")
    code, out, _ = type_in(*words, "--out", table.parent / "one")
    type_in(*words, "--out", table.parent / "two")
    homes: dict[str, set[str]] = {}
    for name in ("train", "calibration", "dev"):
        first, second = (table.parent / f / f"{name}.jsonl" for f in ("one", "two"))
        assert first.read_bytes() == second.read_bytes()
        for row in rows_of(first):
            homes.setdefault(row["doc"], set()).add(name)
    assert (code, len(homes)) == (0, 40)
    assert all(len(names) == 1 for names in homes.values())
    assert "next: sayso data check" in out
    assert type_in("check", table.parent / "one", "--near", "0")[:1] == (0,)


def test_import_parts_by_outlet_where_every_row_has_one(table: Path) -> None:
    words = ("import", table, "--column", "text=sentence", "--column", "doc=url", "--column", "outlet=site")
    type_in(*words, "--split", "0.5/0.25/0.25", "--out", table.parent / "by")
    outlets = [{row["outlet"] for row in rows_of(path)} for path in sorted((table.parent / "by").iterdir())]
    assert len(outlets) == 3
    assert sum(map(len, outlets)) == len(set.union(*outlets)) == 20


def test_import_overwrites_nothing_and_writes_nothing_with_faults(table: Path) -> None:
    out = table.parent / "mine.jsonl"
    words = ("import", table, "--column", "text=sentence", "--out", out)
    type_in(*words)
    before = out.read_bytes()
    with pytest.raises(OutputError, match="exists; add --overwrite"):
        type_in(*words)
    table.write_text("sentence,label\nRain fell.,fact\n,fact\n")
    code, _, errors = type_in(*words, "--overwrite")
    assert code == 1
    assert "mine.csv:3: sentence: is empty" in errors and "add --skip-faults" in errors
    assert out.read_bytes() == before
    assert type_in(*words, "--overwrite", "--skip-faults")[0] == 1
    assert [row["text"] for row in rows_of(out)] == ["Rain fell."]


def test_import_keeps_the_splits_of_the_file_apart(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("text,label,doc,split\nRain fell.,fact,d,train\nSnow fell.,fact,d,validation\n")
    with pytest.raises(DataError, match=r"2 splits \(train, dev\) need a folder: --out .*one/"):
        type_in("import", tmp_path / "a.csv", "--out", tmp_path / "one.jsonl")
    with pytest.raises(DataError, match=r"neither FILE.jsonl nor a folder"):
        type_in("import", tmp_path / "a.csv", "--out", tmp_path / "one.txt")
    type_in("import", tmp_path / "a.csv", "--out", tmp_path / "one")
    code, _, errors = type_in("check", tmp_path / "one")
    assert code == 1
    assert "document imported 'd' in dev and train" in errors


def test_check_lists_what_would_spoil_training(tmp_path: Path) -> None:
    rows = [("It may snow.", "guess"), ("Rain fell.", "fact"), ("rain fell.", "claim"),
            (LONG.format("four hundred"), "claim"), (LONG.format("five hundred"), "fact"),
            ("Prices rose.", "fact"), ("Prices  rose.", "fact")]  # fmt: skip
    lines = "\n".join(f'"{text}",{label}' for text, label in rows)
    (tmp_path / "a.csv").write_text(f"text,label\n{lines}\n")
    type_in("import", tmp_path / "a.csv", "--out", tmp_path / "a.jsonl")
    code, out, errors = type_in("check", tmp_path / "a.jsonl", "--near", "0.85")
    assert code == 1
    assert "a a:2: label 'guess'; known: fact, claim, hedge, none" in errors
    assert "the same sentence with different labels: a:3 (fact), a:4 (claim)" in errors
    assert "in a: a:5, a:6, labels claim and fact" in errors
    assert "(1.00) in a: a:7, a:8" in errors
    assert out.endswith("4 faults\n")
    assert type_in("check", tmp_path / "a.jsonl", "--near", "0")[1].endswith("2 faults\n")


def test_check_reads_every_row_and_notices_a_changed_text(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("text,label,cues\nAda said so.,claim,said\nBo said so.,claim,said\n")
    type_in("import", tmp_path / "a.csv", "--out", tmp_path / "a.jsonl")
    path = tmp_path / "a.jsonl"
    path.write_text(path.read_text().replace("Ada said so.", "Adam said so.").replace('"claim"', '"clam"'))
    code, _, errors = type_in("check", path)
    assert code == 1
    assert "a.jsonl:1: spans: cue: at 4-8 stands ' sai', not 'said'; these words stand at 5" in errors
    assert "a a:3: label 'clam'" in errors
    with pytest.raises(DataError, match=r"2 faults, first: .*see all: sayso data check"):
        load_split(str(path), Path("unused"))


def test_a_path_stands_for_a_split(table: Path) -> None:
    type_in("import", table, "--column", "text=sentence", "--out", table.parent / "a.jsonl")
    rows = load_split(str(table.parent / "a.jsonl"), Path("unused"))
    assert len(rows) == 120
    assert rows[0].roles == ()
    with pytest.raises(DataError, match="no such file"):
        load_split("gone.jsonl", Path("unused"))
    with pytest.raises(DataError, match=r"sayso data import .*mine.csv --out FILE.jsonl"):
        load_split(str(table), Path("unused"))
    (table.parent / "none").mkdir()
    with pytest.raises(DataError, match=r"holds no .jsonl file"):
        type_in("check", table.parent / "none")


def test_a_folder_called_like_a_split_does_not_hide_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sample").mkdir()
    monkeypatch.chdir(tmp_path)
    assert len(load_split("sample", Path("unused"))) >= 300
    with pytest.raises(DataError, match="unknown split 'smaple'; known: train"):
        load_split("smaple", Path("unused"))


def test_what_build_writes_is_read_too(tmp_path: Path) -> None:
    rows = load_split("sample-dev", Path("unused"))
    type_in("export", "sample-dev", "--out", tmp_path / "a.jsonl")
    assert load_split(str(tmp_path / "a.jsonl"), Path("unused")) == rows


@pytest.mark.parametrize("text", ["0.8/0.2", "0.8/0.1/0.2", "a/b/c", "1/0/0"])
def test_shares_must_add_up(text: str) -> None:
    with pytest.raises(ConfigError, match=r"--split 0.8/0.1/0.1"):
        read_shares(text)


def test_parting_says_when_a_split_stays_empty() -> None:
    rows = [Example(str(i), f"Rain {i}.", "c", f"d{i}", outlet="Post") for i in range(50)]
    with pytest.raises(DataError, match=r"1 outlets leave .* empty.*--group document"):
        part(rows, read_shares("0.5/0.25/0.25"))
    assert all(part(rows, read_shares("0.5/0.25/0.25"), "document").values())
    two = [Example("a", "Rain.", "c", "d", outlet="Post"), Example("b", "Snow.", "c", "d", outlet="Echo")]
    with pytest.raises(DataError, match="document 'd' has the outlets 'Post' and 'Echo'"):
        part(two, read_shares("0.5/0.25/0.25"))


@given(st.lists(st.sampled_from("abcdef"), min_size=40, max_size=80), st.integers(0, 9))
def test_new_rows_never_move_old_ones(docs: list[str], more: int) -> None:
    rows = [Example(str(i), f"Rain {i}.", "c", f"{doc}{i % 7}") for i, doc in enumerate(docs)]
    new = [Example(f"n{i}", f"Snow {i}.", "c", f"new{i}") for i in range(more)]
    shares = {"train": 0.6, "calibration": 0.2, "dev": 0.2}
    try:
        before, after = part(rows, shares), part([*rows, *new], shares)
    except DataError:
        return
    for name in shares:
        assert before[name] == [row for row in after[name] if row not in new]


def test_near_duplicates_are_found_once_each_and_like_what_they_are() -> None:
    texts = [
        LONG.format("four hundred"),
        "Rain fell.",
        LONG.format("four hundred and ten"),
        "Rain  FELL.",
        "Snow fell.",
    ]
    found = list(near_pairs(texts, 0.85))
    assert [(a, b) for a, b, _ in found] == [(1, 3), (0, 2)]
    assert found[0][2] == 1 > found[1][2]
    assert list(near_pairs(texts, 0.99)) == found[:1]
    assert list(near_pairs([], 0.9)) == []


def test_near_duplicates_are_not_missed() -> None:
    numbers = [f"{a} {b}" for a in ("four", "five", "nine") for b in ("hundred", "thousand")]
    texts = [f"Clause {i} of the Westhaven charter, as the clerk reads it: " + LONG.format(n)
             for i in (11, 22) for n in numbers]  # fmt: skip
    found = list(near_pairs(texts, 0.8))
    assert [later for _, later, _ in found] == list(range(1, len(texts)))
