"""Whatever bytes a file holds, under whatever suffix, a reader gives documents and faults or an error of ours."""

from __future__ import annotations

import gzip
import io
import os
from itertools import pairwise
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sayso import corpus, segmentation
from sayso.errors import SaysoError
from sayso.readers import FORMATS, Fault, ReadOptions, read, read_all
from sayso.records import Document
from sayso.segmentation import split_sentences
from sayso.writers import JsonlWriter

BITS = [b'{"text":"', b'"}\n', b'"id":', b"text,id\n", b'"', b",", b"\r\n", b"\n", b"<p>", b"</p>", b"<html>", b"&amp;",
        b"<!DOCTYPE x [<!ENTITY a 'b'>]>", b"\xef\xbb\xbf", b"\xff\xfe", b"\x00", b"\\ud800", b"[" * 80, b"PAR1",
        b"\x1f\x8b\x08", b"\x28\xb5\x2f\xfd", b"Rain fell. ", b"1e999", b"null"]  # fmt: skip
BYTES = st.one_of(st.binary(max_size=200), st.lists(st.sampled_from(BITS), max_size=30).map(b"".join))
SUFFIXES = [suffix + compression for suffix in FORMATS for compression in ("", ".gz", ".zst")]
EXAMPLES = int(os.environ.get("SAYSO_EXAMPLES", "40"))
RELAXED = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def check(path: Path, options: ReadOptions) -> None:
    try:
        items = list(read(str(path), options))
    except SaysoError as error:
        assert str(error)
        return
    for item in items:
        assert isinstance(item, Document | Fault)
        if isinstance(item, Document):
            JsonlWriter(io.BytesIO()).write([{"text": item.text, **item.metadata}])
    assert all(isinstance(item, Document | Fault) for item in read_all([str(path), str(path)], options))


@pytest.mark.parametrize("suffix", SUFFIXES)
@RELAXED
@given(data=BYTES, packed=st.booleans(), unit=st.sampled_from(["document", "sentence"]), limit=st.integers(1, 300))
def test_any_bytes_under_any_suffix(
    tmp_path: Path, suffix: str, data: bytes, packed: bool, unit: str, limit: int
) -> None:
    if packed and suffix.endswith(".gz"):
        data = gzip.compress(data)
    elif packed and suffix.endswith(".zst"):
        data = pa.compress(data, codec="zstd", asbytes=True)
    path = tmp_path / f"any{suffix}"
    path.write_bytes(data)
    check(path, ReadOptions(unit=unit, max_document_bytes=limit))


def table() -> bytes:
    stream = io.BytesIO()
    rows = {"id": ["a", None, "c"], "text": ["Rain fell.", None, "x" * 500], "n": [[1], [], None]}
    pq.write_table(pa.table(rows), stream, row_group_size=2)
    return stream.getvalue()


WHOLE = table()


@RELAXED
@given(edits=st.lists(st.tuples(st.integers(0, len(WHOLE) - 1), st.integers(0, 255)), max_size=4), cut=st.booleans())
def test_a_damaged_parquet_file(tmp_path: Path, edits: list[tuple[int, int]], cut: bool) -> None:
    data = bytearray(WHOLE)
    for at, value in edits:
        data[at] = value
    path = tmp_path / "any.parquet"
    path.write_bytes(data[: edits[0][0]] if cut and edits else data)
    check(path, ReadOptions(max_document_bytes=300))


ANY = st.characters()
TEXTS = st.one_of(
    st.text(ANY, max_size=200),
    st.lists(st.sampled_from(["Dr. ", "“", "”", '"', "'", ". ", "? ", "\n", "\u2028", "A", "b", "U.S.", "…", "\u200f",
                              "\ud800", "e\u0301", "No. 1", " ", "\u00a0", "中。", "!!!", "(", ")"]), max_size=60)
    .map("".join),
)  # fmt: skip


@settings(max_examples=5 * EXAMPLES, deadline=None)
@given(TEXTS)
def test_splitter_is_exact_on_any_text(text: str) -> None:
    spans = split_sentences(text)
    assert all(0 <= a < b <= len(text) and text[a:b] == text[a:b].strip() for a, b in spans)
    assert all(left[1] <= right[0] for left, right in pairwise(spans))
    inside = {i for a, b in spans for i in range(a, b)}
    assert all(i in inside for i, character in enumerate(text) if character.isalnum())


@settings(max_examples=2 * EXAMPLES, deadline=None)
@given(TEXTS, st.integers(1, 50))
def test_pieces_of_any_text_join_to_it(text: str, size: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(segmentation, "PIECE", size)
        pieces = list(corpus.pieces(Document("a", text)))
    assert "".join(piece.text for piece in pieces) == text
    assert all(0 < len(piece.text) <= size for piece in pieces[:-1])
    assert all(left.offset + len(left.text) == right.offset for left, right in pairwise(pieces))
