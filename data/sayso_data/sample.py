"""The original sample articles that the repository ships."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from sayso_data.corpora import ARTICLE_FIELDS
from sayso_data.schema import Article


def read_sample(path: Path) -> Iterator[Article]:
    """Yield the sample articles, one JSON object a line."""
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        yield Article(**{field: row[field] for field in ARTICLE_FIELDS})
