"""Every format reads, plain and compressed; bad input is reported with its place."""

import csv
import gzip
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sayso.errors import InputError
from sayso.readers import Fault, ReadOptions, expand, read
from sayso.records import Document

ROWS = [
    {"id": "a", "text": "Rain fell.", "outlet": "Pier"},
    {"id": "b", "text": "Élan won — “fine”.", "outlet": "Quay"},
]
JSONL = '{"id":"a","text":"Rain fell.","outlet":"Pier"}\n\n{"id":"b","text":"Élan won — “fine”.","outlet":"Quay"}\n'


def documents(path: Path, **options: object) -> list[Document | Fault]:
    return list(read(str(path), ReadOptions(**options)))  # type: ignore[arg-type]


def write_csv(path: Path) -> None:
    with path.open("w", newline="", encoding="utf-8") as stream:
        rows = csv.DictWriter(stream, ["id", "text", "outlet"])
        rows.writeheader()
        rows.writerows(ROWS)


@pytest.mark.parametrize("compression", ["", ".gz", ".zst"])
@pytest.mark.parametrize("kind", ["jsonl", "csv", "parquet"])
def test_tables_carry_their_columns(tmp_path: Path, kind: str, compression: str) -> None:
    plain = tmp_path / f"rows.{kind}"
    if kind == "jsonl":
        plain.write_text(JSONL, encoding="utf-8")
    elif kind == "csv":
        write_csv(plain)
    else:
        pq.write_table(pa.Table.from_pylist(ROWS), plain)
    path = compress(plain, compression)
    found = documents(path)
    assert found == [Document(r["id"], r["text"], {"outlet": r["outlet"]}) for r in ROWS]


def compress(path: Path, compression: str) -> Path:
    target = path.with_name(path.name + compression)
    if compression == ".gz":
        target.write_bytes(gzip.compress(path.read_bytes()))
    elif compression == ".zst":
        with pa.CompressedOutputStream(str(target), "zstd") as stream:
            stream.write(path.read_bytes())
    return target


def test_txt_is_one_document_or_a_sentence_a_line(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes("\ufeffOne.\r\nTwo.\n".encode())
    assert documents(path) == [Document("a.txt", "One.\r\nTwo.\n")]
    assert documents(path, unit="sentence") == [Document("a.txt:1", "One."), Document("a.txt:2", "Two.")]


def test_html_gives_readable_text_and_title(tmp_path: Path) -> None:
    body = "<p>" + "The harbour reopened on Tuesday after repairs. " * 8 + "</p>"
    page = f"<html><head><title>Harbour reopens</title></head><body><nav>Menu</nav><article>{body * 3}</article></body>"
    (tmp_path / "a.html").write_text(page)
    (found,) = documents(tmp_path / "a.html")
    assert isinstance(found, Document)
    assert found.text.startswith("The harbour reopened")
    assert "Menu" not in found.text
    assert found.metadata["title"] == "Harbour reopens"


def test_empty_files(tmp_path: Path) -> None:
    for name in ("a.txt", "b.jsonl", "c.csv"):
        (tmp_path / name).write_bytes(b"")
    assert documents(tmp_path / "a.txt") == [Document("a.txt", "")]
    assert documents(tmp_path / "b.jsonl") == documents(tmp_path / "c.csv") == []


def test_invalid_utf8_is_replaced_and_reported_or_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"Caf\xe9 burned.")
    fault, document = documents(path)
    assert isinstance(fault, Fault)
    assert document == Document("a.txt", "Caf\ufffd burned.")
    with pytest.raises(InputError, match="not UTF-8 at byte 3"):
        documents(path, strict=True)


def test_broken_lines_are_reported_and_the_rest_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"text":"One."}\n{"text":\n[1]\n{"text":7}\n{"txt":"x"}\n{"text":"Two."}\n')
    found = documents(path)
    assert [d.text for d in found if isinstance(d, Document)] == ["One.", "Two."]
    assert [(f.line, f.reason.split(":")[0]) for f in found if isinstance(f, Fault)] == [
        (2, "broken JSON"), (3, "a JSON list, not an object"), (4, "'text' holds int, not text"),
        (5, "no column 'text'; found txt"),
    ]  # fmt: skip


@pytest.mark.parametrize("kind", ["jsonl", "csv", "parquet"])
def test_wrong_column_names_the_columns_found(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"rows.{kind}"
    if kind == "jsonl":
        path.write_text(JSONL, encoding="utf-8")
    elif kind == "csv":
        write_csv(path)
    else:
        pq.write_table(pa.Table.from_pylist(ROWS), path)
    with pytest.raises(InputError, match="no column 'body'; found id, text, outlet"):
        documents(path, text_field="body")


def test_nul_bytes_and_a_huge_line_are_read(tmp_path: Path) -> None:
    (tmp_path / "nul.txt").write_bytes(b"One\x00 two.")
    assert documents(tmp_path / "nul.txt") == [Document("nul.txt", "One\x00 two.")]
    big = "word " * 1_000_000
    (tmp_path / "big.jsonl").write_text(f'{{"text":"{big}"}}\n')
    (tmp_path / "big.csv").write_text(f'text\n"{big}"\n')
    for name in ("big.jsonl", "big.csv"):
        (found,) = documents(tmp_path / name)
        assert isinstance(found, Document)
        assert found.text == big


@pytest.mark.parametrize("name", ["a.jsonl.gz", "a.jsonl.zst", "a.parquet"])
def test_damaged_container_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"not what the suffix says")
    with pytest.raises(InputError, match=name):
        documents(tmp_path / name)


def test_expand_finds_folders_and_globs(tmp_path: Path) -> None:
    for name in ("b.txt", "a.jsonl.gz", "notes.md"):
        (tmp_path / name).write_bytes(b"")
    assert [Path(p).name for p in expand([str(tmp_path)])] == ["a.jsonl.gz", "b.txt"]
    assert [Path(p).name for p in expand([str(tmp_path / "*.txt")])] == ["b.txt"]
    for path, message in (("gone.txt", "no such file"), ("notes.md", "unknown format"), ("*.pdf", "no such file")):
        with pytest.raises(InputError, match=message):
            expand([str(tmp_path / path)])
