"""Readers keep little in memory whatever stands in a file, and say which record they left out, and where."""

from __future__ import annotations

import csv
import gzip
import io
import json
import random
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from unittest.mock import patch

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sayso import corpus, segmentation
from sayso.classifier import Classifier
from sayso.errors import DamagedError, InputError
from sayso.readers import Fault, ReadOptions, read, read_all
from sayso.readers import csv as csv_reader
from sayso.readers import txt as txt_reader
from sayso.records import Document
from sayso.segmentation import piece_end, split_sentences

LIMIT = 1000
SHORT = ReadOptions(max_document_bytes=LIMIT)


def items(path: Path, options: ReadOptions = SHORT) -> list[Document | Fault]:
    return list(read(str(path), options))


def split(found: list[Document | Fault]) -> tuple[list[str], list[Fault]]:
    return [d.text for d in found if isinstance(d, Document)], [f for f in found if isinstance(f, Fault)]


@pytest.mark.parametrize("length", [LIMIT - 11, LIMIT - 10, 3_000_000])
def test_long_json_line_is_skipped_and_placed(tmp_path: Path, length: int) -> None:
    lines = ['{"text":"One."}', '{"text":"' + "x" * length + '"}', '{"text":"Two."}']
    path = tmp_path / "a.jsonl"
    path.write_text("\n".join(lines))
    texts, faults = split(items(path))
    if length == LIMIT - 11:
        assert (len(texts), faults) == (3, [])
        return
    assert texts == ["One.", "Two."]
    (fault,) = faults
    assert (fault.line, fault.offset, fault.length) == (2, 16, len(lines[1]) + 1)
    assert fault.preview == lines[1][:200]
    assert "--max-document-bytes" in fault.reason


def test_a_fault_leads_back_to_its_bytes(tmp_path: Path) -> None:
    broken = b'{"text": caf\xe9\x1b[2J}\r\n'
    path = tmp_path / "a.jsonl.gz"
    data = b'{"text":"One."}\n\n' + broken + b'{"text":7}\n'
    path.write_bytes(gzip.compress(data))
    _, faults = split(items(path))
    assert [data[f.offset : f.offset + f.length] for f in faults if f.offset and f.length] == [
        broken, broken, b'{"text":7}\n',
    ]  # fmt: skip
    assert [f.line for f in faults] == [3, 3, 4]
    assert faults[0].preview == '{"text": caf\\xe9\x1b[2J}\r\n'


def test_long_csv_field_is_skipped_and_placed(tmp_path: Path) -> None:
    rows = ['id,text\n', 'a,"One,\n""1"""\r\n', f'b,"{"y" * 5000}\n,"" {"z" * 3_000_000}"\n', 'c,Two\n']  # fmt: skip
    path = tmp_path / "a.csv"
    path.write_bytes("".join(rows).encode())
    texts, (fault,) = split(items(path))
    assert texts == ['One,\n"1"', "Two"]
    assert (fault.line, fault.offset, fault.length) == (4, len(rows[0] + rows[1]), len(rows[2]))
    path.write_text("x" * 2000)
    with pytest.raises(InputError, match="its header: a record of 2,000 bytes"):
        items(path)


CSV = st.lists(st.sampled_from(['"', '""', ",", "\n", "\r\n", "\r", "a", " ", '"b"', "é", "\0"]), max_size=40)


@settings(max_examples=400, deadline=None)
@given(CSV, st.integers(1, 7))
def test_csv_rows_are_those_of_the_csv_module(parts: list[str], chunk: int) -> None:
    text = "".join(parts)
    with patch.object(csv_reader, "CHUNK", chunk):
        raws = list(csv_reader.csv_records("a.csv", io.BytesIO(text.encode()), LIMIT))
    assert all(not isinstance(raw, Fault) for raw in raws)
    found = [next(csv.reader([raw.data.decode()])) for raw in raws if not isinstance(raw, Fault)]
    assert found == [row for row in csv.reader(io.StringIO(text, newline="")) if row]


def test_long_page_and_long_sentence_are_faults(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text("<p>" + "Rain fell. " * 200)
    (tmp_path / "a.txt").write_text("One.\n" + "x" * 2000 + "\nTwo.")
    assert split(items(tmp_path / "a.html"))[0] == []
    texts, (fault,) = split(items(tmp_path / "a.txt", ReadOptions(unit="sentence", max_document_bytes=LIMIT)))
    assert texts == ["One.", "Two."]
    assert fault.line == 2


@pytest.mark.parametrize("suffix", ["", ".gz"])
@pytest.mark.parametrize("rows_a_group", [1, 100])
def test_huge_parquet_cell_is_skipped(tmp_path: Path, suffix: str, rows_a_group: int) -> None:
    texts = ["One.", "x" * 3_000_000, "Two."]
    table = pa.table({"text": texts, "other": pa.array(["o"] * 3).dictionary_encode()})
    pq.write_table(table, tmp_path / "a.parquet", row_group_size=rows_a_group)
    path = tmp_path / f"a.parquet{suffix}"
    if suffix:
        path.write_bytes(gzip.compress((tmp_path / "a.parquet").read_bytes()))
    found, (fault,) = split(items(path))
    assert found == ["One.", "Two."]
    assert (fault.line, fault.offset) == (2, None)


def test_columns_that_would_swell_the_output_are_faults(tmp_path: Path) -> None:
    deep = "[" * 500 + "]" * 500
    lines = ['{"text":"One."}', f'{{"text":"a","n":{deep}}}', f'{{"text":"a","x":"{"y" * 1_000_001}"}}',
             f'{{"text":"a","id":"{"y" * 10_001}"}}', '{"text":"a","id":[[1]]}']  # fmt: skip
    (tmp_path / "a.jsonl").write_text("\n".join(lines))
    texts, faults = split(items(tmp_path / "a.jsonl", ReadOptions()))
    assert texts == ["One."]
    assert [f.line for f in faults] == [2, 3, 4, 5]


def article(seed: int, length: int) -> str:
    chance = random.Random(seed)
    words = ["Rain fell.", "The mayor said so.", "Dr. Lind left,", "and", "“We ran.”", "\n", "\n\n", "élan", "\r\n"]
    return " ".join(chance.choices(words, k=length))


@pytest.mark.parametrize("seed", range(5))
def test_pieces_join_to_the_text_and_part_no_sentence(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(segmentation, "PIECE", 400)
    text = article(seed, 800)
    pieces = list(corpus.pieces(Document("a", text)))
    assert "".join(p.text for p in pieces) == text
    assert [p.more for p in pieces] == [True] * (len(pieces) - 1) + [False]
    assert all(text[p.offset :].startswith(p.text) for p in pieces)
    found = [(p.offset + a, p.offset + b) for p in pieces for a, b in split_sentences(p.text)]
    assert found == split_sentences(text)


@pytest.mark.parametrize("text", ["x" * 1000, "x " * 500, "Rain fell. " * 100, "\n" * 1000, "\0" * 1000])
def test_a_line_longer_than_a_piece_is_cut_where_it_hurts_least(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(segmentation, "PIECE", 130)
    ends = [0]
    while ends[-1] < len(text):
        ends.append(piece_end(text, ends[-1]))
    assert all(0 < b - a <= 130 for a, b in pairwise(ends))
    if text.startswith("Rain"):
        assert all(text[end:].startswith("Rain") for end in ends[:-1])


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=60).map(lambda b: b * 3), st.integers(1, 9), st.booleans())
def test_txt_in_chunks_is_the_txt(data: bytes, chunk: int, marked: bool) -> None:
    data = b"\xef\xbb\xbf" * marked + data
    with patch.object(txt_reader, "CHUNK", max(chunk, 3)), patch.object(txt_reader, "PIECE", 25), patch.object(
        segmentation, "PIECE", 25
    ):  # fmt: skip
        found = list(txt_reader.read_txt("a.txt", io.BytesIO(data), ReadOptions()))
    expected = data.decode("utf-8-sig", "replace")
    assert "".join(split(found)[0]) == expected
    assert len(split(found)[1]) == (data.decode("utf-8", "ignore") != data.decode("utf-8", "replace"))
    documents = [d for d in found if isinstance(d, Document)]
    assert [d.more for d in documents] == [True] * (len(documents) - 1) + [False]


def test_long_document_has_the_offsets_and_indices_of_the_whole(
    classifier: Classifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "The mayor reportedly said so. Rain fell.\n" * 20
    whole = classifier.analyze(text, "a")
    monkeypatch.setattr(segmentation, "PIECE", 100)
    documents = [Document("a", text), Document("b", "Snow fell.")]
    scored = [pair for batch in corpus.label_batches(documents, classifier, False) for pair in batch.scored()]
    found = [s for piece, own in scored for s in own if piece.id == "a"]
    assert len(scored) > 9
    assert [(s.sentence_index, s.start, s.end, s.label) for s in found] == [
        (s.sentence_index, s.start, s.end, s.label) for s in whole
    ]
    assert all(text[s.start : s.end] == s.text for s in found)
    assert all(text[span.start : span.end] == span.text for s in found for _, span in s.spans())
    assert [s.sentence_index for s in scored[-1][1]] == [0]


def test_batches_of_heavy_columns_are_written_in_parts(classifier: Classifier, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(corpus, "BATCH_WRITTEN", 1000)
    documents = [Document(str(i), "Rain fell. Snow fell. Hail fell.", {"x": "y" * 400}) for i in range(3)]
    batches = [batch.scored() for batch in corpus.label_batches(documents, classifier, False)]
    parts = [part for batch in batches for part in corpus.written(batch)]
    assert [s for part in parts for _, own in part for s in own] == [s for b in batches for _, own in b for s in own]
    assert all(sum(401 * len(own) for _, own in part) <= 1000 for part in parts)


def test_a_damaged_file_among_others_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl.gz").write_bytes(b"not what the suffix says")
    (tmp_path / "b.jsonl").write_text('{"text":"Rain fell."}')
    (tmp_path / "c.txt.gz").write_bytes(gzip.compress(("Snow fell. " * 40_000).encode())[:-20])
    files = [str(tmp_path / name) for name in ("a.jsonl.gz", "b.jsonl", "c.txt.gz", "b.jsonl")]
    found = list(read_all(files, ReadOptions()))
    assert [f.line for f in split(found)[1]] == [0, 0]
    assert [d.id for d in found if isinstance(d, Document) and not d.more] == ["b.jsonl:1", "c.txt.gz", "b.jsonl:1"]
    with pytest.raises(DamagedError, match=r"a\.jsonl\.gz"):
        list(read_all(files[:1], ReadOptions()))


MEGABYTE = 1 << 20
GROWTH = """
import resource, sys
from sayso.readers import ReadOptions, read
import orjson, pyarrow.parquet, sayso.segmentation
kind, path, limit = sys.argv[1:]
def peak(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
before = peak()
count = 0
for item in read(path, ReadOptions(max_document_bytes=int(limit))):
    count += 1
print(count, peak() - before)
"""


def blocks(kind: str) -> Iterator[bytes]:
    """Yield 120 MB that no reader may hold: one line, one field, or one text of many lines."""
    start = {"jsonl": b'{"text":"', "csv": b'text\n"', "txt": b"\xef\xbb\xbf"}[kind]
    block = (b"Rain fell on the harbour. " * 40 + (b"\n" if kind == "txt" else b"")) * 1000
    yield start
    for _ in range(120 * MEGABYTE // len(block)):
        yield block
    yield {"jsonl": b'"}\n{"text":"Two."}\n', "csv": b'"\nTwo.\n', "txt": b"\n"}[kind]


@pytest.mark.parametrize("suffix", ["", ".gz", ".zst"])
@pytest.mark.parametrize("kind", ["jsonl", "csv", "txt"])
def test_memory_does_not_grow_with_the_record(tmp_path: Path, kind: str, suffix: str) -> None:
    path = tmp_path / f"a.{kind}{suffix}"
    compression = {"": None, ".gz": "gzip", ".zst": "zstd"}[suffix]
    with pa.output_stream(str(path), compression=compression) as stream:
        for block in blocks(kind):
            stream.write(block)
    command = [sys.executable, "-c", GROWTH, kind, str(path), str(MEGABYTE)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    count, kilobytes = map(int, done.stdout.split())
    assert count == 2 if kind != "txt" else count > 500
    assert kilobytes < 40_000


def test_errors_file_names_every_failed_record(tmp_path: Path) -> None:
    rows = b'{"id":"a","text":"Rain fell.","n":1}\n{broken\n{"id":"b","text":"Snow.","n":"two"}\n{"id":"c","n":1}\n'
    path, out = tmp_path / "rows.jsonl", tmp_path / "out"
    path.write_bytes(rows)
    command = [sys.executable, "-m", "sayso", "score", str(path), "--out"]
    assert subprocess.run([*command, str(out)], capture_output=True, check=False).returncode == 1
    faults = [json.loads(line) for line in (out / "errors.jsonl").read_text().splitlines()]
    lines = rows.splitlines(keepends=True)
    assert [(f["file"], f["line"]) for f in faults] == [(str(path), 2), (str(path), 4), (str(path), 3)]
    assert [rows[f["offset"] : f["offset"] + f["length"]] for f in faults] == [lines[1], lines[3], lines[2]]
    assert faults[0]["preview"] == "{broken\n"
    assert subprocess.run([*command, str(tmp_path / "o.jsonl")], capture_output=True, check=False).returncode == 1
