"""Write the sample articles and their standoff labels from `articles.txt`; exit 1 with a list of faults."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
LABELS = {"fact", "claim", "hedge", "none"}
TAGS = {
    "kind": {"official", "partisan", "organization", "expert", "media", "person", "unnamed"},
    "stance": {"affirm", "doubt", "deny"},
    "framing": {"endorse", "neutral", "distance"},
}
HEADER = {"id", "title", "outlet", "date", "topic", "bias"}
TOPICS = {"conflict", "politics", "health", "business", "science", "sport"}
BIASES = {"left", "center", "right"}
ROLES = ("source", "cue", "hedge", "loaded")
TXT_ARTICLES = 3


def parse(text: str) -> Iterator[tuple[dict[str, str], list[list[list[str]]]]]:
    """Yield (header, paragraphs); a paragraph is a list of [sentence, labels]."""
    for block in text.split("# id: ")[1:]:
        head, _, body = block.partition("\n")
        fields = dict(part.split(": ", 1) for part in ("id: " + head).split(" | "))
        paragraphs = [p for p in body.strip().split("\n\n") if p.strip()]
        yield fields, [[line.split("\t") for line in p.splitlines()] for p in paragraphs]


def article(fields: dict[str, str], paragraphs: list[list[list[str]]]) -> dict[str, Any]:
    """Return the article as a row of `articles.jsonl`."""
    text = "\n".join(" ".join(row[0] for row in p) for p in paragraphs)
    return {"corpus": "sample", "url": None, **fields, "text": text}


def spans(sentence: str, fields: list[str]) -> list[list[Any]]:
    """Return [role, start, end] of every span; raise ValueError for one that is not in the sentence."""
    found: list[list[Any]] = []
    for role, field in zip(ROLES, fields, strict=True):
        place = 0
        for words in [] if field == "-" else field.split(";;"):
            if not words.strip():
                raise ValueError(f"empty {role} span")
            start = sentence.find(words, place)
            start = sentence.index(words) if start < 0 else start
            place = start + len(words)
            found.append([role, start, place])
    return found


def header_faults(fields: dict[str, str]) -> Iterator[str]:
    """Yield what is wrong with the header line of an article."""
    if fields.keys() != HEADER:
        yield f"{fields.get('id')}: header has {sorted(fields)}"
    for name, known in (("topic", TOPICS), ("bias", BIASES)):
        if fields.get(name) not in known:
            yield f"{fields.get('id')}: {name} is {fields.get(name)!r}"


def label_row(doc: str, number: int, start: int, sentence: str, labels: str) -> dict[str, Any]:
    """Return one row of `labels.jsonl`; raise ValueError for any fault."""
    label, *rest = labels.split("|")
    rest += ["-"] * (7 - len(rest))
    tags = dict(zip(TAGS, [None if value == "-" else value for value in rest[4:]], strict=True))
    check(label, rest, tags)
    digest = hashlib.sha256(sentence.encode("utf-8")).hexdigest()[:16]
    return {
        "id": f"{doc}-{number:03d}", "corpus": "sample", "doc": doc, "start": start, "end": start + len(sentence),
        "sha256": digest, "label": label, "spans": spans(sentence, rest[:4]), **tags, "natural": True, "passes": 1,
    }  # fmt: skip


def check(label: str, fields: list[str], tags: dict[str, str | None]) -> None:
    """Raise ValueError for an unknown label or tag, or tags that do not fit the spans."""
    if label not in LABELS:
        raise ValueError(f"label {label!r}")
    attributed = fields[0] != "-" or fields[1] != "-"
    for name, value in tags.items():
        if (value is not None) != attributed or (value is not None and value not in TAGS[name]):
            raise ValueError(f"{name} is {value!r}")


def main() -> int:
    """Build everything; return 1 after printing the faults, if there are any."""
    articles: list[dict[str, Any]] = []
    labels: list[dict[str, Any]] = []
    faults: list[str] = []
    for fields, paragraphs in parse((HERE / "articles.txt").read_text(encoding="utf-8")):
        faults += header_faults(fields)
        articles.append(article(fields, paragraphs))
        start = 0
        for number, (sentence, *tags) in enumerate(row for p in paragraphs for row in p):
            try:
                if len(tags) != 1:
                    raise ValueError(f"{len(tags)} tabs, not one")
                labels.append(label_row(fields["id"], number, start, sentence, tags[0]))
            except ValueError as error:
                faults.append(f"{fields['id']} {sentence!r}: {error}")
            start += len(sentence) + 1
    for fault in faults:
        print(fault)
    if not faults:
        write(articles, labels)
    print(f"{len(articles)} articles, {len(labels)} sentences, {len(faults)} faults")
    return 1 if faults else 0


def write(articles: list[dict[str, Any]], labels: list[dict[str, Any]]) -> None:
    """Write the two JSON files and the first articles as plain text."""
    for name, rows in (("articles", articles), ("labels", labels)):
        lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        (HERE / f"{name}.jsonl").write_text(lines, encoding="utf-8")
    (HERE / "txt").mkdir(exist_ok=True)
    for row in articles[:TXT_ARTICLES]:
        (HERE / "txt" / f"{row['id']}.txt").write_text(row["text"] + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
