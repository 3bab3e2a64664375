"""What strangers put into files, ids and model folders runs nothing, leads nowhere else and eats no memory."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
import shutil
import socket
import sys
import zipfile
from collections.abc import Callable
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from rich.console import Console

import sayso
from sayso import cli
from sayso.artifact import DEFAULT_MODEL, load_artifact
from sayso.classifier import Classifier
from sayso.commands import Faults, sentence_table
from sayso.errors import ArtifactError, InputError, OutputError
from sayso.pages import articles, page_name, run_report, write_page
from sayso.readers import Fault, ReadOptions, read
from sayso.records import Document
from sayso.report import render_article
from sayso.terminal import printable

SOURCES = [
    path for folder in ("inference", "training", "data", "benchmarks")
    for path in (Path(__file__).resolve().parents[2] / folder).rglob("*.py")
]  # fmt: skip
FORBIDDEN = {
    "pickles": r"\b(import|from) (c?pickle|dill|joblib|shelve|marshal|cloudpickle)\b|torch\.load|np\.load|allow_pickle",
    "code from a model": r"trust_remote_code|torch\.hub",
    "code from text": r"(?<![.\w])(eval|exec)\(|yaml\.(unsafe_|full_)?load\(|os\.system|shell=True",
    "archives unpacked by their own names": r"\.extract(all)?\(|unpack_archive",
}


@pytest.mark.parametrize("what", FORBIDDEN)
def test_source_has_none_of(what: str) -> None:
    assert len(SOURCES) > 20
    found = [str(path) for path in SOURCES if re.search(FORBIDDEN[what], path.read_text(encoding="utf-8"))]
    assert not found


HOSTILE_IDS = [
    "../../x", "/etc/passwd", "..", ".", "", "a\0b", "x" * 5000, "é" * 500, "CON", "nul.txt", "com1", ".hidden",
    "C:\\Windows\\x", "a/b", "\ud800", "~root", "-rf", "a\n\x1b[2Jb", "\u202egpj.exe", "https://e.org/?q=1&r=../2",
]  # fmt: skip


def test_ids_become_file_names_inside_the_folder(tmp_path: Path) -> None:
    taken: set[str] = set()
    folder = tmp_path / "out"
    for identity in HOSTILE_IDS:
        write_page(folder / f"{page_name(identity, taken)}.html", "page", overwrite=False)
    written = list(folder.iterdir())
    assert len(written) == len(HOSTILE_IDS)
    assert list(tmp_path.iterdir()) == [folder]
    for page in written:
        assert re.fullmatch(r"\w[\w.-]*\.html", page.name)
        assert not re.match(r"(con|nul|com1)\.", page.name, re.IGNORECASE)


def test_different_documents_never_share_a_page() -> None:
    taken: set[str] = set()
    names = [
        page_name(identity, taken) for identity in ("a b", "a_b", "a:b", "A_b", "a_b", "a_b-2", "x" * 101, "x" * 102)
    ]
    assert len({name.casefold() for name in names}) == len(names)
    assert names[1] == "a_b"


def test_a_link_in_place_of_a_page_is_not_followed(tmp_path: Path) -> None:
    victim, link = tmp_path / "victim", tmp_path / "page.html"
    victim.write_text("precious")
    for target in (victim, tmp_path / "nowhere"):
        link.unlink(missing_ok=True)
        link.symlink_to(target)
        with pytest.raises(OutputError, match="--overwrite"):
            write_page(link, "page", overwrite=False)
    link.unlink()
    link.symlink_to(victim)
    write_page(link, "page", overwrite=True)
    assert (victim.read_text(), link.read_text()) == ("precious", "page")


def test_report_of_hostile_ids(tmp_path: Path) -> None:
    rows = [json.dumps({"id": identity, "text": "Rain fell."}) for identity in ("../../x", "a\0b", "a/b")]
    (tmp_path / "rows.jsonl").write_text("\n".join(rows))
    assert run_report(str(tmp_path / "rows.jsonl"), tmp_path / "out", None, "text", "id", False) == 0
    assert len(list((tmp_path / "out").iterdir())) == 3
    assert sorted(p.name for p in tmp_path.iterdir()) == ["out", "rows.jsonl"]


def test_report_refuses_an_article_no_page_can_show() -> None:
    pieces = [(Document("a", "x" * 1_500_000, offset=n * 1_500_000, more=n == 0), []) for n in range(2)]
    with pytest.raises(InputError, match="a is longer than 2,000,000 characters"):
        list(articles([pieces]))  # type: ignore[list-item]
    whole = [(Document("a", "One. ", more=True), []), (Document("a", "Two.", offset=5), [])]
    assert [d.text for d, _ in articles([whole])] == ["One. Two."]  # type: ignore[list-item]


def test_archives_are_read_in_memory_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    corpora = pytest.importorskip("sayso_data.corpora")
    path = tmp_path / "in" / "polnear.zip"
    path.parent.mkdir()
    with zipfile.ZipFile(path, "w") as archive:
        for name in ("../../evil.txt", "data/train/text/../../../evil_2016.txt", "/data/dev/text/abs_2016.txt"):
            archive.writestr(name, "Rain fell.")
    monkeypatch.setattr(zipfile.ZipFile, "extract", None)
    monkeypatch.setattr(zipfile.ZipFile, "extractall", None)
    found = list(corpora.read_polnear(path))
    assert [article.text for article in found] == ["Rain fell."] * len(found)
    assert [p.name for p in tmp_path.rglob("*")] == ["in", "polnear.zip"]


@pytest.mark.parametrize("suffix", [".gz", ".zst"])
@pytest.mark.parametrize("kind", ["jsonl", "csv", "html", "parquet", "txt"])
def test_decompression_bombs_are_bounded(tmp_path: Path, kind: str, suffix: str) -> None:
    path = tmp_path / f"bomb.{kind}{suffix}"
    with pa.output_stream(str(path), compression={".gz": "gzip", ".zst": "zstd"}[suffix]) as stream:
        for _ in range(60):
            stream.write(bytes(1 << 20))
    assert path.stat().st_size < 100_000
    longest = 0
    try:
        for item in read(str(path), ReadOptions(max_document_bytes=1 << 20)):
            longest = max(longest, len(item.text) if isinstance(item, Document) else len(item.preview))
    except InputError as error:
        assert kind in ("csv", "parquet")  # no header, no magic number: nothing of it can be read
        longest = len(str(error))
    assert 0 < longest <= 200_000


def page_of(body: str, head: str = "") -> str:
    text = "<p>" + "The harbour reopened on Tuesday after long repairs. " * 8 + "</p>"
    return f"<html><head>{head}</head><body><article>{text}{body}{text}</article></body></html>"


LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10 if n else "ha"}">' for n in range(10))
PAGES = {
    "billion laughs": f'<?xml version="1.0"?><!DOCTYPE html [{LAUGHS}]>' + page_of("<p>&l9;</p>"),
    "external entity": '<!DOCTYPE html [<!ENTITY x SYSTEM "file:///etc/passwd">]>' + page_of("<p>before &x; after</p>"),
    "external DTD": '<!DOCTYPE html SYSTEM "http://127.0.0.1:9/x.dtd">' + page_of("<p>&x;</p>"),
    "addresses": page_of(
        '<img src="http://127.0.0.1:9/a"><iframe src="//127.0.0.1:9"></iframe><script src="http://127.0.0.1:9/x">'
        '</script><xi:include href="file:///etc/passwd" parse="text"/>',
        '<base href="http://127.0.0.1:9/"><link rel="canonical" href="/x"><meta http-equiv="refresh" '
        'content="0;url=http://127.0.0.1:9/">',
    ),
    "giant nesting": page_of("<div>" * 50_000 + "deep" + "</div>" * 50_000),
    "unclosed nesting": page_of("<b><i>" * 20_000),
    "many attributes": page_of("<p " + " ".join(f'a{n}="x"' for n in range(20_000)) + ">x</p>"),
}


@pytest.mark.parametrize("name", PAGES)
def test_pages_fetch_nothing_and_expand_nothing(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(socket.socket, "connect", lambda _, address: asked.append(address))
    monkeypatch.setattr(socket, "getaddrinfo", lambda *a, **_: asked.append(a) or [])
    path = tmp_path / "page.xhtml.html"
    path.write_text(PAGES[name])
    found = list(read(str(path), ReadOptions()))
    text = "".join(item.text if isinstance(item, Document) else item.reason for item in found)
    assert not asked
    assert len(found) == 1
    assert len(text) < 3 * len(PAGES[name])
    assert "root:" not in text and "hahaha" not in text


@pytest.mark.parametrize("magic", [b"\x1f\x8b\x08", b"x\x9c", b"\x28\xb5\x2f\xfd"])
def test_a_compressed_page_without_the_suffix_is_not_unpacked(tmp_path: Path, magic: bytes) -> None:
    bomb = gzip.compress(page_of("").encode()) if magic == b"\x1f\x8b\x08" else magic + bytes(1000)
    (tmp_path / "page.html").write_bytes(bomb)
    (found,) = read(str(tmp_path / "page.html"), ReadOptions())
    assert "harbour" not in (found.text if isinstance(found, Document) else found.preview)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return Path(shutil.copytree(DEFAULT_MODEL, tmp_path / "model"))


def test_a_link_to_another_graph_is_refused(model: Path, tmp_path: Path) -> None:
    (tmp_path / "other").write_bytes((model / "model.onnx").read_bytes() + b"\0")
    (model / "model.onnx").unlink()
    (model / "model.onnx").symlink_to(tmp_path / "other")
    with pytest.raises(ArtifactError, match=r"model\.onnx is damaged"):
        load_artifact(model)


def test_files_without_a_digest_change_nothing(model: Path) -> None:
    for name in ("model.onnx.data", "tokenizer_config.json", "special_tokens_map.json", "modeling.py", "model.pkl"):
        (model / name).write_bytes(b"raise SystemExit(1)")
    shipped, extended = Classifier.load(DEFAULT_MODEL, 1), Classifier.load(model, 1)
    text = "The army reportedly shelled the town."
    assert extended.predict([text]) == shipped.predict([text])
    assert extended.artifact.digest == shipped.artifact.digest


def test_weights_in_a_file_without_a_digest_are_refused(model: Path) -> None:
    onnx = pytest.importorskip("onnx")
    graph = onnx.load(str(model / "model.onnx"))
    onnx.save(graph, str(model / "model.onnx"), save_as_external_data=True, location="weights.bin", size_threshold=0)
    config = json.loads((model / "config.json").read_text())
    config["digests"]["model.onnx"] = hashlib.sha256((model / "model.onnx").read_bytes()).hexdigest()
    (model / "config.json").write_text(json.dumps(config))
    with pytest.raises(ArtifactError, match="keeps weights in another file"):
        load_artifact(model)


def test_reports_escape_attributes(classifier: Classifier) -> None:
    evil = '"><img src=x onerror=alert(1)>\' onmouseover=alert(2) x="'
    text = "The army reportedly shelled the town."
    (sentence,) = classifier.analyze(text, evil)
    hostile = replace(
        sentence, label=evil, label_set=(evil, "fact"), probabilities={evil: 1.0}, source_kind=evil,
        source_stance=evil, source_framing=evil, source_side={"side": evil}, model=evil,
    )  # fmt: skip
    page = render_article(text, [hostile], evil)
    assert "<img" not in page
    assert not re.search(r"<[^>]*\sonmouseover=(?=[^>]*>)", re.sub(r'"[^"<>]*"', '""', page))


ESCAPES = "\x1b]0;owned\x07\x1b[2J\x9b31m\x00\r\x7f\u202egnp"


def test_terminal_gets_no_control_characters() -> None:
    assert printable(f"a{ESCAPES}\tb\nc") == "a\ufffd]0;owned\ufffd\ufffd[2J\ufffd31m\ufffd \ufffd\ufffdgnp b c"


def shown(show: Callable[[Console], None]) -> str:
    console = Console(file=StringIO(), force_terminal=True, color_system=None, width=200)
    show(console)
    output = console.file.getvalue()  # type: ignore[attr-defined]
    assert "owned" in output
    return str(output)


def test_table_and_faults_show_no_escape_sequence(classifier: Classifier) -> None:
    text = f"The army {ESCAPES} fell."
    batch = [(Document(ESCAPES, text), classifier.analyze(text))]
    table = shown(lambda console: console.print(sentence_table(batch)))
    faults = shown(lambda console: Faults(console)(Fault(ESCAPES, 3, f"broken: {ESCAPES}")))
    assert not set(table + faults) & set("\x1b\x07\x9b\x00\r\x7f\u202e")


def test_error_messages_hold_no_escape_sequence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.jsonl").write_text(json.dumps({ESCAPES: 1}))
    monkeypatch.setattr(sys, "argv", ["sayso", "score", str(tmp_path / "a.jsonl")])
    with pytest.raises(SystemExit, match="2"):
        cli.main()
    message = capsys.readouterr().err
    assert "no column 'text'; found" in message
    assert not set(message) & set("\x1b\x07\x9b\x00\r\x7f\u202e")


def test_package_is_the_one_under_test() -> None:
    assert any(Path(sayso.__file__) == path for path in SOURCES)
