"""Label Studio: its JSON export in, tasks with annotations or pre-annotations and the labelling interface out.

Label Studio counts code points, and CRLF as two of them, as Python does; exports of versions before 1.4 count UTF-16
code units (`--offsets utf16`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

import orjson

from sayso.errors import DataError
from sayso.labels import HEADS, KINDS, LABELS, MEANINGS, ROLES
from sayso_data.exchange.base import Fault, FieldError, Found, Note, Place, Rules, read_text
from sayso_data.exchange.fields import column_of, take, to_record
from sayso_data.schema import Example

SPANS, BIAS = "spans", "bias"
COLOURS = {"source": "#2b6cb0", "cue": "#2f855a", "hedge": "#b7791f", "loaded": "#c53030"}


def read_labelstudio(path: Path, rules: Rules) -> Found:
    """Yield a row or fault for each task that has a finished annotation; places count tasks, not lines.

    Raises:
        DataError: for a file that is no JSON list of tasks.
    """
    unfinished = 0
    for number, task in enumerate(_tasks(path, rules), 1):
        own = task.get("id")
        where = Place(f"{path}#task", own if isinstance(own, int) else number)
        try:
            record = _record(task, rules)
        except FieldError as error:
            yield Fault(where, error.reason, error.column)
            continue
        unfinished += record is None
        if record is not None:
            yield take(record, where, f"{path.stem}:{where.line}", rules)
    if unfinished:
        by = f" by {rules.annotator}" if rules.annotator else ""
        yield Note(f"{path}: {unfinished} tasks have no finished annotation{by}: left out")


def _tasks(path: Path, rules: Rules) -> list[dict[str, Any]]:
    try:
        tasks = orjson.loads(read_text(path, rules))
    except orjson.JSONDecodeError as error:
        raise DataError(f"{path}:{error.lineno}: broken JSON at column {error.colno}: {error.msg}") from error
    if not isinstance(tasks, list) or not all(isinstance(task, dict) for task in tasks):
        raise DataError(f"{path} is no list of tasks; export from Label Studio as JSON")
    data = tasks[0].get("data") if tasks else None
    if isinstance(data, dict) and column_of("text", rules) not in data:
        raise DataError(f"{path}: no {column_of('text', rules)!r} in the tasks; found {', '.join(map(repr, data))}; "
                        f"name it: --column text={next(iter(data), 'NAME')}")  # fmt: skip
    if tasks and not any("data" in task for task in tasks):
        raise DataError(f"{path} holds no task with 'data'; export from Label Studio as JSON, not as JSON-MIN")
    return tasks


def _record(task: Mapping[str, Any], rules: Rules) -> dict[str, Any] | None:
    """Return the fields and labels of a task, None for one that nobody has finished."""
    data = task.get("data")
    if not isinstance(data, dict):
        raise FieldError("data", f"holds {type(data).__name__}, not an object")
    results = _chosen(task, rules)
    if results is None:
        return None
    record: dict[str, Any] = {name: value for name, value in data.items() if name not in (*HEADS, BIAS, SPANS)}
    spans: list[dict[str, Any]] = []
    for item in results:
        _add(item, record, spans)
    return {**record, "spans": spans}


def _chosen(task: Mapping[str, Any], rules: Rules) -> list[dict[str, Any]] | None:
    """Return the results of the annotation to take: the ground truth, that of the annotator, or what all agree on."""
    done = [a for a in task.get("annotations") or () if not a.get("was_cancelled")]
    if rules.annotator is not None:
        done = [a for a in done if rules.annotator in _names(a)]
    done = [a for a in done if a.get("ground_truth")] or done
    if not done:
        return None
    if len({_key(a) for a in done}) > 1:
        names = ", ".join(str(_names(a)[0]) for a in done)
        raise FieldError("annotations", f"{len(done)} that differ, by {names}; import each with --annotator NAME, "
                         "then type: sayso data agreement A.jsonl B.jsonl")  # fmt: skip
    return list(done[0].get("result") or ())


def _names(annotation: Mapping[str, Any]) -> list[str]:
    """Return what an annotator may be called: the address or the number."""
    by = annotation.get("completed_by")
    found = [by.get("email"), by.get("id")] if isinstance(by, dict) else [by]
    return [str(name) for name in found if name is not None] or ["nobody"]


def _key(annotation: Mapping[str, Any]) -> bytes:
    """Return what an annotation says, whatever its regions are called."""
    said = [(r.get("from_name"), r.get("value")) for r in annotation.get("result") or ()]
    return b"\n".join(sorted(orjson.dumps(item, option=orjson.OPT_SORT_KEYS) for item in said))


def _add(item: Mapping[str, Any], record: dict[str, Any], spans: list[dict[str, Any]]) -> None:
    value, name, kind = item.get("value") or {}, str(item.get("from_name")), item.get("type")
    if kind in ("labels", "hypertextlabels"):
        role = (value.get("labels") or value.get("hypertextlabels") or [None])[0]
        spans.append({"role": role, "start": value.get("start"), "end": value.get("end"), "text": value.get("text")})
    elif kind == "choices":
        choices = value.get("choices") or []
        if len(choices) > 1:
            raise FieldError(name, f"{len(choices)} choices: {', '.join(map(str, choices))}; a sentence has one")
        record[name] = choices[0] if choices else None
    elif kind in ("number", "rating"):
        record[name] = value.get(kind)


def write_labelstudio(rows: Sequence[Example], target: Path) -> None:
    """Write tasks with a finished annotation each, as Label Studio exports and imports them."""
    tasks = [{"id": i, "data": task_data(row), "annotations": [{"result": list(results(row))}]}
             for i, row in enumerate(rows, 1)]  # fmt: skip
    target.write_bytes(orjson.dumps(tasks, option=orjson.OPT_INDENT_2))


def task_data(row: Example) -> dict[str, Any]:
    """Return what a task says of its sentence beside the labels; comes back with the export."""
    return {name: value for name, value in to_record(row).items() if name not in (*HEADS, BIAS, SPANS)}


def results(row: Example) -> Iterator[dict[str, Any]]:
    """Yield the labels and spans of a sentence as Label Studio's results."""
    for head in HEADS:
        if (value := getattr(row, head)) is not None:
            yield _result(head, "choices", {"choices": [value]})
    if row.bias is not None:
        yield _result(BIAS, "number", {"number": row.bias})
    for number, span in enumerate(row.spans):
        words = row.text[span.start : span.end]
        value = {"start": span.start, "end": span.end, "text": words, "labels": [span.role]}
        yield {"id": f"s{number}", **_result(SPANS, "labels", value)}


def _result(name: str, kind: str, value: dict[str, Any]) -> dict[str, Any]:
    return {"from_name": name, "to_name": "text", "type": kind, "value": value}


def interface() -> str:
    """Return the labelling interface: spans, a choice for each head, a number for bias."""
    labels = [f"    <Label value={quoteattr(r)} background={quoteattr(COLOURS[r])}/>" for r in ROLES]
    return "\n".join([
        "<View>",
        # white space that is not shown would not be counted either
        "  <Style>.htx-text { white-space: pre-wrap; }</Style>",
        f'  <Labels name="{SPANS}" toName="text">', *labels, "  </Labels>",
        '  <Text name="text" value="$text"/>',
        *(line for head in HEADS for line in _choices(head)),
        '  <Header value="bias: how slanted the wording is, 0 to 1"/>',
        f'  <Number name="{BIAS}" toName="text" min="0" max="1" step="0.05"/>',
        "</View>",
    ]) + "\n"  # fmt: skip


def _choices(head: str) -> Iterator[str]:
    required = ' required="true"' if HEADS[head] is LABELS else ""
    title = "source kind (with a source or cue)" if HEADS[head] is KINDS else head
    yield f"  <Header value={quoteattr(title)}/>"
    yield f'  <Choices name="{head}" toName="text" choice="single" showInline="true"{required}>'
    for value in HEADS[head]:
        hint = f" hint={quoteattr(MEANINGS[value])}" if value in MEANINGS else ""
        yield f"    <Choice value={quoteattr(value)}{hint}/>"
    yield "  </Choices>"
