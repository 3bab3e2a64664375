"""Feed the readers and the splitter what coverage guidance makes up, until the time is over or something breaks.

    pip install '.[fuzz]'
    python benchmarks/fuzz.py --seconds 600 --work fuzz-work

The first byte of an input picks the suffix, the rest is the file. An input that breaks a rule stays in the work
folder as `crash-*`, `timeout-*` or `oom-*`; name it with --again to see what happens.
"""

from __future__ import annotations

import argparse
import gzip
import importlib
import io
import sys
import time
from itertools import pairwise
from pathlib import Path

import atheris

SAMPLE = Path(__file__).resolve().parents[1] / "data" / "sample"
SUFFIXES = (
    "txt",
    "html",
    "jsonl",
    "csv",
    "parquet",
    "txt.gz",
    "jsonl.zst",
    "csv.gz",
    "parquet.gz",
    "html.zst",
    "split",
)

with atheris.instrument_imports(include=["sayso"], enable_loader_override=False):
    from sayso.corpus import pieces
    from sayso.errors import SaysoError
    from sayso.readers import Fault, ReadOptions, read
    from sayso.records import Document
    from sayso.segmentation import split_sentences

LIMIT = 4000
SLOW = 10  # seconds of processor time, whatever else the machine does


def check_split(text: str) -> None:
    """Sentences are in order, trimmed, apart, and lose no letter or digit."""
    spans = split_sentences(text)
    assert all(text[a:b].strip() == text[a:b] != "" for a, b in spans)
    assert all(left[1] <= right[0] for left, right in pairwise(spans))
    edges = [0, *(edge for span in spans for edge in span), len(text)]
    assert not any(map(str.isalnum, "".join(text[a:b] for a, b in zip(edges[::2], edges[1::2], strict=True))))


def check_read(path: Path, unit: str) -> None:
    """A reader gives documents and faults, or raises an error of ours."""
    following = 0
    try:
        for item in read(str(path), ReadOptions(unit=unit, max_document_bytes=LIMIT)):
            if isinstance(item, Fault):
                assert item.line >= 0 and len(item.preview) <= 800
                continue
            assert isinstance(item, Document) and item.offset == following
            following = item.offset + len(item.text) if item.more else 0
            assert "".join(piece.text for piece in pieces(item)) == item.text
            check_split(item.text[:2000])
    except SaysoError:
        pass  # the one exception that a file may cause


def seeds(folder: Path) -> None:
    """Write a small valid file of every kind for the fuzzer to start from."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    text = (SAMPLE / "txt" / "s01.txt").read_bytes()[:600]
    table = io.BytesIO()
    pq.write_table(pa.table({"id": ["a", None], "text": ["Rain fell.", "“Why?” she said."]}), table)
    lines = b'{"id":1,"text":"Rain fell.","n":[1,{"a":null}]}\n\n{"text":7}\n{"text":"\\ud83d\\ude00 x"}\n'
    rows = b'\xef\xbb\xbfid,text\r\na,"One, ""two""\n three"\r\n"b",x\n,\n'
    html = b"<html><head><title>T</title></head><body><article><p>" + text + b"</p></article></body></html>"
    plain = {"txt": text, "html": html, "jsonl": lines, "csv": rows, "parquet": table.getvalue(), "split": text}
    for number, suffix in enumerate(SUFFIXES):
        data = plain[suffix.partition(".")[0]]
        if suffix.endswith(".gz"):
            data = gzip.compress(data)
        elif suffix.endswith(".zst"):
            data = pa.compress(data, codec="zstd", asbytes=True)
        (folder / f"seed-{suffix}").write_bytes(bytes([number]) + data)


def main() -> None:
    """Parse the arguments and fuzz."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--work", type=Path, default=Path("fuzz-work"))
    parser.add_argument("--again", type=Path, help="run this input once")
    arguments = parser.parse_args()
    corpus = arguments.work / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    seeds(corpus)
    importlib.import_module("trafilatura")  # here, so that its import does not count for an input

    def one(data: bytes) -> None:
        suffix = SUFFIXES[data[0] % len(SUFFIXES)] if data else "txt"
        if suffix == "split":
            check_split(data[1:].decode("utf-8", "surrogateescape"))
            return
        path = arguments.work / f"input.{suffix}"
        path.write_bytes(data[1:])
        start = time.process_time()
        check_read(path, "sentence" if data[:1] > b"\x7f" else "document")
        assert time.process_time() - start < SLOW, "too slow"

    settings = [f"-max_total_time={arguments.seconds}", "-timeout=600", "-rss_limit_mb=3000", "-max_len=6000"]
    target = [str(arguments.again)] if arguments.again else [str(corpus)]
    atheris.Setup([sys.argv[0], *target, *settings, f"-artifact_prefix={arguments.work}/"], one)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
