"""Standoff labels: document id, offsets and hash in the repository; the text stays with the corpus."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from sayso.errors import DataError
from sayso_data.schema import Article, Example, SpanLabel


def fingerprint(text: str) -> str:
    """Return the first 16 hexadecimal digits of the SHA-256 of `text` as UTF-8."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:16]


def squeeze(text: str) -> str:
    """Fold every run of white space into one space, as the annotators saw the sentence."""
    return " ".join(text.split())


def read_standoff(path: Path) -> list[dict[str, Any]]:
    """Read a standoff file, one JSON object a line.

    Raises:
        DataError: naming the line that is not JSON.
    """
    rows = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        try:
            rows.append(json.loads(line))
        except ValueError as error:
            raise DataError(f"{path}:{number}: not a JSON object: {error}") from error
    return rows


def join(rows: Iterable[dict[str, Any]], articles: Iterable[Article]) -> Iterator[Example]:
    """Yield examples by cutting each labelled sentence out of its document.

    Raises:
        DataError: when the text at the offsets does not have the recorded hash, or a document is missing.
    """
    wanted: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        wanted[row["corpus"], row["doc"]].append(row)
    for article in articles:
        for row in wanted.pop((article.corpus, article.id), ()):
            yield _cut(row, article)
    if wanted:
        (corpus, doc), *rest = wanted
        raise DataError(f"{len(rest) + 1} labelled documents are missing, first {corpus} {doc!r}")


def _cut(row: dict[str, Any], article: Article) -> Example:
    text = squeeze(article.text[row["start"] : row["end"]])
    if fingerprint(text) != row["sha256"]:
        raise DataError(f"{row['id']}: {article.corpus} {article.id!r} is not the text that was labelled")
    return Example(
        id=row["id"], text=text, corpus=article.corpus, doc=article.id, outlet=article.outlet,
        topic=article.topic, outlet_bias=article.bias, natural=row["natural"], label=row["label"],
        kind=row["kind"], stance=row["stance"], framing=row["framing"],
        spans=tuple(SpanLabel(*span) for span in row["spans"]),
    )  # fmt: skip
