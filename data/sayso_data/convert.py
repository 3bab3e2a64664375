"""Turn labelled sentences that carry their text into standoff labels that do not."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sayso.errors import DataError
from sayso_data.corpora import iter_articles
from sayso_data.standoff import fingerprint

CARRIED = ("label", "kind", "stance", "framing", "natural", "passes")


def locate(sentence: str, document: str) -> tuple[int, int] | None:
    """Find `sentence` in `document`, letting white space differ; None when it is not there."""
    exact = document.find(sentence)
    if exact >= 0:
        return exact, exact + len(sentence)
    pattern = r"\s+".join(map(re.escape, sentence.split()))
    found = re.search(pattern, document)
    return found.span() if found else None


def to_standoff(row: dict[str, Any], document: str) -> dict[str, Any]:
    """Return the standoff row of one labelled sentence.

    Raises:
        DataError: when the sentence is not in its document.
    """
    place = locate(row["text"], document)
    if place is None:
        raise DataError(f"{row['id']}: not found in {row['corpus']} {row['doc']!r}")
    spans = [[span["role"], span["start"], span["end"]] for span in row["spans"]]
    return {
        "id": row["id"], "corpus": row["corpus"], "doc": row["doc"], "start": place[0], "end": place[1],
        "sha256": fingerprint(row["text"]), "spans": spans, **{key: row[key] for key in CARRIED},
    }  # fmt: skip


def convert_file(source: Path, target: Path, corpora: Path) -> tuple[int, list[str]]:
    """Write `target` in standoff form; return the rows written and the faults of those left out."""
    rows = [json.loads(line) for line in source.read_text(encoding="utf-8").splitlines()]
    documents = {(a.corpus, a.id): a.text for name in {r["corpus"] for r in rows} for a in iter_articles(name, corpora)}
    faults: list[str] = []
    lines = list(_converted(rows, documents, faults))
    target.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), encoding="utf-8")
    return len(lines), faults


def _converted(
    rows: list[dict[str, Any]], documents: dict[tuple[str, str], str], faults: list[str]
) -> Iterator[dict[str, Any]]:
    for row in rows:
        try:
            yield to_standoff(row, documents.get((row["corpus"], row["doc"]), ""))
        except DataError as error:
            faults.append(str(error))
