"""brat standoff: a .txt with a .ann beside it for each document.

Spans are entities. A sentence is an entity `Sentence`, whose attributes are its labels; documents without such
entities are cut into sentences. Offsets count code points of the .txt with its line breaks as they are.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import orjson

from sayso.errors import DataError
from sayso.labels import HEADS, ROLES
from sayso.segmentation import split_sentences
from sayso_data.exchange.base import Fault, Found, Place, Rules, lines, read_text
from sayso_data.exchange.fields import take, to_record
from sayso_data.exchange.offsets import OffsetError, place
from sayso_data.schema import Example
from sayso_data.standoff import fingerprint

SENTENCE = "Sentence"
NOTE = "AnnotatorNotes"
_ENTITY = re.compile(r"(T\d+)\t(\S+) (\d+ \d+(?:;\d+ \d+)*)\t(.*)", re.S)
_ATTRIBUTE = re.compile(r"[AM]\d+\t(\S+) (\S+)(?: (.+))?")
_COMMENT = re.compile(r"#\d+\tAnnotatorNotes (\S+)\t(.*)")


@dataclass(frozen=True, slots=True)
class _Entity:
    line: int
    key: str
    type: str
    start: int
    end: int


@dataclass(slots=True)
class _Annotations:
    """The lines of one .ann file: entities, and the attributes and notes of each."""

    entities: list[_Entity] = field(default_factory=list)
    attributes: dict[str, dict[str, str]] = field(default_factory=lambda: defaultdict(dict))
    notes: dict[str, dict[str, Any]] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)


def read_brat(path: Path, rules: Rules) -> Found:
    """Yield a row or fault for each sentence of a document (.ann or .txt) or of every document in a folder.

    Raises:
        DataError: when a folder holds no .ann, or a document lacks its .txt.
    """
    if path.is_dir():
        files = sorted(path.rglob("*.ann"))
        if not files:
            raise DataError(f"{path} holds no .ann file; name a brat collection or one of its documents")
        for file in files:
            yield from _read_document(file, file.relative_to(path).with_suffix("").as_posix(), rules)
        return
    yield from _read_document(path.with_suffix(".ann"), path.stem, rules)


def _read_document(ann: Path, name: str, rules: Rules) -> Found:
    source = ann.with_suffix(".txt")
    if not source.exists():
        raise DataError(f"{source} is missing; brat keeps the text of {ann.name} there")
    text = read_text(source, rules)
    found = _parse(read_text(ann, rules), str(ann), text, rules)
    yield from found.faults
    sentences = [e for e in found.entities if e.type.casefold() == SENTENCE.casefold()]
    spans = [e for e in found.entities if e.type.casefold() != SENTENCE.casefold()]
    cut = sentences or [_Entity(0, "", SENTENCE, *pair) for pair in split_sentences(text)]
    for span in spans:
        if not any(s.start <= span.start and span.end <= s.end for s in cut):
            yield Fault(Place(str(ann), span.line), f"{span.key} {span.type} {span.start}-{span.end} is in no sentence")
    counted = replace(rules, offsets="codepoints")  # which the spans are in by now
    for number, sentence in enumerate(cut):
        inside = [s for s in spans if sentence.start <= s.start and s.end <= sentence.end]
        record = _record(sentence, inside, text, name, found, rules)
        yield take(record, Place(str(ann), sentence.line or 1), f"{name}:{number}", counted)


def _parse(content: str, file: str, text: str, rules: Rules) -> _Annotations:
    found = _Annotations()
    for number, line in lines(content):
        where = Place(file, number)
        try:
            if line.startswith("T"):
                found.entities += _entities(line, number, text, rules)
            elif mark := _ATTRIBUTE.fullmatch(line):
                found.attributes[mark[2]][mark[1].casefold()] = mark[3] or "true"
            elif mark := _COMMENT.fullmatch(line):
                found.notes[mark[1]] = _note(mark[2])
        except OffsetError as error:
            found.faults.append(Fault(where, str(error)))
    return found


def _entities(line: str, number: int, text: str, rules: Rules) -> Iterator[_Entity]:
    """Yield an entity, or one for each fragment of a discontinuous one."""
    mark = _ENTITY.fullmatch(line)
    if mark is None:
        raise OffsetError(f"{line[:60]!r} is no entity; for instance 'T1<tab>Source 0 11<tab>The mayor'")
    pieces = [tuple(map(int, piece.split())) for piece in mark[3].split(";")]
    for start, end in pieces:
        left, right = place(text, start, end, mark[4] if len(pieces) == 1 else None, rules.offsets)
        yield _Entity(number, mark[1], mark[2], left, right)


def _note(text: str) -> dict[str, Any]:
    """Return the fields that a note holds as JSON; people's own notes hold none."""
    try:
        value = orjson.loads(text)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _record(
    sentence: _Entity, spans: Sequence[_Entity], text: str, name: str, found: _Annotations, rules: Rules
) -> dict[str, Any]:
    tags: dict[str, str] = {}
    for entity in (sentence, *spans):  # a tag may stand on the source that it describes
        tags = {**found.attributes.get(entity.key, {}), **tags}
    own: Mapping[str, Any] = {"doc": name, **found.notes.get(sentence.key, {})}
    labels = {rules.columns.get(head, head): tags.get(rules.columns.get(head, head).casefold()) for head in HEADS}
    return {
        **labels, **own, rules.columns.get("text", "text"): text[sentence.start : sentence.end],
        "spans": [[s.type, s.start - sentence.start, s.end - sentence.start] for s in spans],
    }  # fmt: skip


def write_brat(rows: Sequence[Example], target: Path) -> None:
    """Write a folder with a document for each of the rows' documents and the annotation.conf that brat asks for."""
    target.mkdir(parents=True)
    documents: dict[tuple[str, str], list[Example]] = defaultdict(list)
    for row in rows:
        documents[row.corpus, row.doc].append(row)
    for number, ((_, doc), own) in enumerate(documents.items()):
        name = f"{number:05d}-{re.sub(r'[^A-Za-z0-9.-]', '_', doc)[:60]}-{fingerprint(doc)[:6]}"
        text, annotations = _document(own)
        (target / f"{name}.txt").write_bytes(text.encode("utf-8"))
        (target / f"{name}.ann").write_bytes(annotations.encode("utf-8"))
    (target / "annotation.conf").write_text(_configuration(), encoding="utf-8")


def _document(rows: Sequence[Example]) -> tuple[str, str]:
    """Return the text, a sentence a line, and the annotations of one document."""
    out: list[str] = []
    entities = attributes = start = 0
    for row in rows:
        entities += 1
        key, end = f"T{entities}", start + len(row.text)
        out.append(f"{key}\t{SENTENCE} {start} {end}\t{_one_line(row.text)}")
        for head in HEADS:
            if (value := getattr(row, head)) is not None:
                attributes += 1
                out.append(f"A{attributes}\t{head.capitalize()} {key} {value}")
        out.append(f"#{entities}\t{NOTE} {key}\t{_fields(row)}")
        for span in row.spans:
            entities += 1
            words = _one_line(row.text[span.start : span.end])
            out.append(f"T{entities}\t{span.role.capitalize()} {start + span.start} {start + span.end}\t{words}")
        start = end + 1
    return "\n".join(row.text for row in rows) + "\n", "\n".join(out) + "\n"


def _fields(row: Example) -> str:
    record = {k: v for k, v in to_record(row).items() if k not in ("text", "spans", *HEADS)}
    return orjson.dumps(record).decode()


def _one_line(text: str) -> str:
    return text.replace("\r", " ").replace("\n", " ")


def _configuration() -> str:
    entities = "\n".join([SENTENCE, *(role.capitalize() for role in ROLES)])
    attributes = "\n".join(f"{h.capitalize()}\tArg:{SENTENCE}, Value:{'|'.join(v)}" for h, v in HEADS.items())
    return f"[entities]\n{entities}\n\n[relations]\n\n[events]\n\n[attributes]\n{attributes}\n"
