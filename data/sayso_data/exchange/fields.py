"""One record of any format to an `Example`: names, values and spans checked, the field named where one is wrong."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeGuard

import orjson

from sayso.errors import DataError
from sayso.labels import HEADS, ROLES
from sayso.records import PLURAL
from sayso_data.exchange.base import Fault, FieldError, Place, Row, Rules
from sayso_data.exchange.offsets import OffsetError, place
from sayso_data.schema import Example, SpanLabel
from sayso_data.standoff import fingerprint

SPAN_COLUMNS = {PLURAL[role]: role for role in ROLES}
TEXTS = ("outlet", "topic", "outlet_bias")
FIELDS = (
    "id", "text", "doc", "corpus", *TEXTS, "natural", *HEADS, "bias", "spans", "roles", "split", *SPAN_COLUMNS,
)  # fmt: skip
JOINER = ";;"  # between the spans of one role, as in the guideline's file format
EMPTY = "-"
SPLITS = {"training": "train", "valid": "dev", "validation": "dev", "val": "dev", "development": "dev"}
ROLE_NAMES = {**{role: role for role in ROLES}, **SPAN_COLUMNS}
TRUTHS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


def column_of(field: str, rules: Rules) -> str:
    """Return the name that the file has for a field of ours."""
    return rules.columns.get(field, field)


def check_columns(names: Sequence[str], rules: Rules, where: str) -> str | None:
    """Return a line on the columns that nothing reads, None when all are read.

    Raises:
        DataError: when a column that the rules name, or that of the text, is not there.
    """
    wanted = {field: column_of(field, rules) for field in FIELDS}
    for field in ("text", *rules.columns):
        if wanted[field] not in names:
            found = ", ".join(map(repr, names)) or "none"
            raise DataError(f"{where}: no column {wanted[field]!r} for {field}; found {found}; {_hint(field, names)}")
    unused = [name for name in names if name not in wanted.values()]
    return f"{where}: not read: {', '.join(unused)} (name one: --column doc={unused[0]})" if unused else None


def _hint(field: str, names: Sequence[str]) -> str:
    for mark in (";", "\t", "|"):
        if len(names) == 1 and mark in names[0]:
            return f"the columns look parted by {mark!r}: add --delimiter {'tab' if mark == chr(9) else repr(mark)}"
    return f"name it: --column {field}={names[0] if names else 'NAME'}"


def take(record: Mapping[str, Any], where: Place, name: str, rules: Rules) -> Row | Fault:
    """Return the row of a record (their column names), or the fault of the first field that cannot be taken.

    `name` is the id of a record without one. Without a document the sentence is a document of its own, named by
    the hash of its text, so that the same sentence is the same document in every file.
    """
    raw = {field: record.get(column_of(field, rules)) for field in FIELDS}
    try:
        return _row(raw, where, name, rules)
    except FieldError as error:
        return Fault(where, error.reason, column_of(error.column, rules))


def _row(raw: dict[str, Any], where: Place, name: str, rules: Rules) -> Row:
    text = _text(raw["text"])
    roles = rules.roles if rules.roles is not None else _roles(raw)
    example = Example(
        id=str(_or(raw["id"], name)), text=text, corpus=str(_or(raw["corpus"], rules.corpus)),
        doc=str(_or(raw["doc"], f"text-{fingerprint(text)}")), natural=_truth(raw["natural"]),
        bias=_share(mapped("bias", raw["bias"], rules)), spans=tuple(_spans(raw, text, rules)),
        roles=ROLES if roles is None else roles,
        **{field: None if raw[field] is None else str(raw[field]) for field in TEXTS},
        **{head: head_value(head, raw[head], rules) for head in HEADS},
    )  # fmt: skip
    return Row(where, example, _split(raw["split"], rules), roles is not None)


def _or(value: Any, default: str) -> Any:
    return default if value is None or value == "" else value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise FieldError("text", "is empty" if value is None else f"holds {type(value).__name__}, not text")
    if not value.strip():
        raise FieldError("text", "holds nothing but white space")
    return value


def mapped(field: str, value: Any, rules: Rules) -> Any:
    """Return a value as the rules rename it; one that they drop is None."""
    known = rules.values.get(field, {})
    return (known[str(value)] or None) if value is not None and str(value) in known else value


def head_value(head: str, value: Any, rules: Rules) -> str | None:
    """Return a class by our name; case and white space do not count, an unknown one stays for `check` to report."""
    value = mapped(head, value, rules)
    if value is None or (isinstance(value, str) and value.strip() in ("", EMPTY)):
        return None
    folded = str(value).strip().casefold()
    return folded if folded in HEADS[head] else str(value)


def role_name(value: Any, rules: Rules) -> str | None:
    """Return a span role by our name, None for one that the rules drop; an unknown one stays."""
    value = mapped("role", value, rules)
    return None if value is None else ROLE_NAMES.get(str(value).strip().casefold(), str(value))


def _split(value: Any, rules: Rules) -> str | None:
    value = mapped("split", value, rules)
    return None if value is None else SPLITS.get(str(value).strip().casefold(), str(value).strip())


def _share(value: Any) -> float | None:
    if value is None:
        return None
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = -1.0
    if not 0 <= number <= 1:
        raise FieldError("bias", f"{value!r} is not a number from 0 to 1; map words: --value bias:{value}=1")
    return number


def _truth(value: Any) -> bool:
    found = True if value is None else TRUTHS.get(str(value).casefold())
    if found is None:
        raise FieldError("natural", f"{value!r} is neither true nor false")
    return found


def _roles(raw: Mapping[str, Any]) -> tuple[str, ...] | None:
    """Return the roles that a record says were annotated; None when it does not say."""
    stated = raw["roles"]
    if stated is None:
        columns = tuple(role for column, role in SPAN_COLUMNS.items() if raw[column] is not None)
        return columns or None
    names = stated.split() if isinstance(stated, str) else stated
    if not isinstance(names, list | tuple) or not all(isinstance(name, str) for name in names):
        raise FieldError("roles", f"{stated!r} is no list of roles; for instance: source cue hedge loaded")
    return tuple(name for name in names if name != EMPTY)


def _spans(raw: Mapping[str, Any], text: str, rules: Rules) -> Iterator[SpanLabel]:
    value = raw["spans"]
    if isinstance(value, str):
        try:
            value = orjson.loads(value)
        except ValueError as error:
            raise FieldError("spans", f"is no JSON list of spans: {error}") from error
    if not isinstance(value, list | None):
        raise FieldError("spans", f"holds {type(value).__name__}, not a list of spans")
    for item in value or ():
        yield from _span(item, text, rules)
    for column, role in SPAN_COLUMNS.items():
        yield from _quoted(raw[column], column, role, text)


def _span(item: Any, text: str, rules: Rules) -> Iterator[SpanLabel]:
    """Yield the span of {role, start, end, text} or [role, start, end, text]; `text` may be left out."""
    values = [item.get(key) for key in ("role", "start", "end", "text")] if isinstance(item, dict) else item
    role, start, end, quote = (*(values if isinstance(values, list) else ()), *[None] * 4)[:4]
    if not (isinstance(role, str) and _whole(start) and _whole(end) and isinstance(quote, str | None)):
        raise FieldError("spans", f"{item!r} is no span; for instance {{'role': 'cue', 'start': 4, 'end': 8}}")
    name = role_name(role, rules)
    try:
        left, right = place(text, start, end, quote, rules.offsets)
    except OffsetError as error:
        raise FieldError("spans", f"{role}: {error}") from error
    if name is not None:
        yield SpanLabel(name, left, right)


def _whole(value: Any) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def _quoted(value: Any, column: str, role: str, text: str) -> Iterator[SpanLabel]:
    """Yield the spans of a column that holds their words, joined by `;;` in order of appearance."""
    if value is None or (isinstance(value, str) and value.strip() == EMPTY):
        return
    quotes = value.split(JOINER) if isinstance(value, str) else value
    if not isinstance(quotes, list) or not all(isinstance(q, str) and q for q in quotes):
        raise FieldError(column, f"{value!r} holds no words joined by {JOINER!r}; an empty field is {EMPTY}")
    after = 0
    for quote in quotes:
        start = text.find(quote, after)
        if start < 0:
            elsewhere = " after the span before it; give them in order" if quote in text else " in the sentence"
            raise FieldError(column, f"{quote!r} is not{elsewhere}")
        after = start + len(quote)
        yield SpanLabel(role, start, after)


def to_record(example: Example, split: str | None = None) -> dict[str, Any]:
    """Return a row as JSON-ready values that `take` reads back; each span says which words it covers."""
    spans = [{"role": s.role, "start": s.start, "end": s.end, "text": example.text[s.start : s.end]}
             for s in example.spans]  # fmt: skip
    fields = ("id", "text", "corpus", "doc", *TEXTS, "natural", *HEADS, "bias")
    record = {name: getattr(example, name) for name in fields}
    return record | {"spans": spans, "roles": list(example.roles)} | ({"split": split} if split else {})
