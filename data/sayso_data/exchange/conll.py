"""CoNLL: a token a line with BIO tags, a blank line after each sentence, fields of the sentence as comments.

What is written follows CoNLL-U Plus: the first line names the columns, one for each role, so that roles may overlap.
What is read may also be CoNLL-2003 (token first, tags last, -DOCSTART-), with IOB1, IOB2, BIOES or BILOU tags.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

from sayso.labels import ROLES
from sayso_data.exchange.base import Fault, FieldError, Found, Place, Rules, lines, read_text
from sayso_data.exchange.fields import take, to_record
from sayso_data.schema import Example

HEADER = "# global.columns ="
OUTSIDE = ("O", "_", "-", "")
NAMES = {"sent_id": "id", "newdoc id": "doc"}  # CoNLL-U's names for fields of ours
EXACT = "_json"  # after a field's name: its value is a JSON string, for it has line breaks or white space at its ends
_TAG = re.compile(r"([BIOESLU])-(.+)")
_TOKEN = re.compile(r"\w+|[^\w\s]")
_PLAIN = re.compile(r"[^\s\x00-\x1f\x7f](?:[^\x00-\x1f\x7f]*[^\s\x00-\x1f\x7f])?")


@dataclass(slots=True)
class _Block:
    """The lines of one sentence: its fields, and (line number, cells) of each token."""

    line: int
    fields: dict[str, Any] = field(default_factory=dict)
    tokens: list[tuple[int, list[str]]] = field(default_factory=list)


def read_conll(path: Path, rules: Rules) -> Found:
    """Yield a row or fault for each sentence; without a `# text` comment its tokens are joined by spaces."""
    rules = replace(rules, offsets="codepoints")  # the spans are counted here
    columns: list[str] = []
    doc: str | None = None
    for block in _blocks(read_text(path, rules)):
        if "global.columns" in block.fields:
            columns = block.fields.pop("global.columns").casefold().split()
        if block.tokens and block.tokens[0][1][0] == "-DOCSTART-":
            doc = f"{path.stem}:{block.tokens.pop(0)[0]}"
        doc = block.fields.setdefault("doc", doc)
        if block.tokens:
            where = Place(str(path), block.line)
            try:
                record = _record(block, columns, rules, str(path))
            except FieldError as error:
                yield Fault(where, error.reason, error.column)
                continue
            except _TokenError as error:
                yield Fault(Place(str(path), error.line), str(error))
                continue
            yield take(record, where, f"{path.stem}:{block.line}", rules)


class _TokenError(Exception):
    def __init__(self, line: int, reason: str) -> None:
        super().__init__(reason)
        self.line = line


def _blocks(text: str) -> Iterator[_Block]:
    block = _Block(1)
    for number, line in lines(text):
        if not line.strip():
            yield block
            block = _Block(number + 1)
        elif line.startswith("#") and "\t" not in line and not block.tokens:
            name, equals, value = line[1:].partition("=")
            if equals:
                block.fields |= _comment(name.strip(), value.strip())
        else:
            block.tokens.append((number, line.split("\t") if "\t" in line else line.split()))
    yield block


def _comment(name: str, value: str) -> dict[str, str]:
    if name.endswith(EXACT):
        try:
            value = str(json.loads(value))
        except ValueError:
            return {name: value}
        name = name.removesuffix(EXACT)
    return {NAMES.get(name, name): value}


def _record(block: _Block, columns: Sequence[str], rules: Rules, file: str) -> dict[str, Any]:
    width = len(columns) or len(block.tokens[0][1])
    for line, cells in block.tokens:
        if len(cells) != width:
            raise _TokenError(line, f"{len(cells)} columns where {width} are expected")
    words = [cells[columns.index("form") if "form" in columns else 0] for _, cells in block.tokens]
    column = rules.columns.get("text", "text")
    text, places = _align(block, words, block.fields.get(column))
    spans = [span for index in _tag_columns(columns, width) for span in _spans(block, index, columns, places)]
    stated = {} if not columns else {"roles": [role for role in ROLES if role in columns]}
    return {**stated, **block.fields, column: text, "spans": spans}


def _align(block: _Block, words: Sequence[str], text: str | None) -> tuple[str, list[tuple[int, int]]]:
    """Return the text of a sentence and the (start, end) of its tokens in it."""
    text = " ".join(words) if text is None else text
    places, after = [], 0
    for word, (line, _) in zip(words, block.tokens, strict=True):
        start = text.find(word, after)
        if start < 0 or text[after:start].strip():
            raise _TokenError(line, f"token {word!r} is not what follows in '# text' ({text[after : after + 20]!r})")
        after = start + len(word)
        places.append((start, after))
    return text, places


def _tag_columns(columns: Sequence[str], width: int) -> list[int]:
    found = [i for i, name in enumerate(columns) if name in ROLES]
    return found or ([width - 1] if width > 1 else [])


def _spans(block: _Block, index: int, columns: Sequence[str], places: Sequence[tuple[int, int]]) -> Iterator[list[Any]]:
    """Yield [role, start, end] of each span of a column of tags; one named by a role may hold bare B, I and O."""
    default = columns[index] if columns and columns[index] in ROLES else None
    role: str | None = None
    start = end = 0
    for (line, cells), (left, right) in zip(block.tokens, places, strict=True):
        mark, name = _tag(cells[index], default, line)
        if role is not None and (mark in "OBSU" or name != role):
            yield [role, start, end]
            role = None
        if mark != "O":
            start = left if role is None else start
            role, end = name, right
        if mark in "ESLU" and role is not None:
            yield [role, start, end]
            role = None
    if role is not None:
        yield [role, start, end]


def _tag(tag: str, default: str | None, line: int) -> tuple[str, str | None]:
    if tag in OUTSIDE:
        return "O", None
    if default and tag in tuple("BIESLU"):
        return tag, default
    found = _TAG.fullmatch(tag)
    if found is None or found[1] == "O":
        raise _TokenError(line, f"tag {tag!r} is neither O nor a role after B- or I-, as in B-source")
    return found[1], found[2]


def write_conll(rows: Sequence[Example], target: Path) -> None:
    """Write tokens (words and single marks, parted where a span begins or ends) with a column of tags a role."""
    roles = [*ROLES, *sorted({s.role for row in rows for s in row.spans} - set(ROLES))]
    parts = [f"{HEADER} FORM {' '.join(role.upper() for role in roles)}\n"]
    parts += ["\n".join([*_comments(row), *_token_lines(row, roles)]) + "\n\n" for row in rows]
    target.write_text("".join(parts), encoding="utf-8", newline="")


def _comments(row: Example) -> Iterator[str]:
    record: Mapping[str, Any] = to_record(row)
    names = {ours: theirs for theirs, ours in NAMES.items()}
    for name, value in record.items():
        if name == "roles":
            value = " ".join(value) or "-"
        if value is not None and name != "spans":
            text = str(value)
            plain = _PLAIN.fullmatch(text) is not None
            name = names.get(name, name) if plain else f"{name}{EXACT}"
            yield f"# {name} = {text if plain else json.dumps(text)}"


def _token_lines(row: Example, roles: Sequence[str]) -> Iterator[str]:
    for start, end in _tokens(row):
        tags = []
        for role in roles:
            over = [s for s in row.spans if s.role == role and s.start <= start and end <= s.end]
            tags.append("O" if not over else f"{'B' if any(s.start == start for s in over) else 'I'}-{role}")
        yield "\t".join([row.text[start:end], *tags])


def _tokens(row: Example) -> Iterator[tuple[int, int]]:
    edges = sorted({edge for span in row.spans for edge in (span.start, span.end)})
    for found in _TOKEN.finditer(row.text):
        inner = [edge for edge in edges if found.start() < edge < found.end()]
        points = [found.start(), *inner, found.end()]
        yield from pairwise(points)
