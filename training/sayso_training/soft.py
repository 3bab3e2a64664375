"""Soft labels: what teachers say of unlabelled sentences, as targets for a student (Hinton et al. 2015)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from sayso.errors import DataError
from sayso.labels import HEADS, ROLES

Floats = NDArray[np.float32]
SCHEMA = pa.schema(
    {
        "text": pa.string(), "corpus": pa.string(), "doc": pa.string(),
        **{head: pa.list_(pa.float32(), len(classes)) for head, classes in HEADS.items()},
        "bias": pa.float32(), "starts": pa.list_(pa.int32()), "ends": pa.list_(pa.int32()),
        "tokens": pa.list_(pa.float32()),
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class SoftExample:
    """One sentence with probabilities: (classes) for each head, and (tokens, roles) at the teacher's offsets."""

    text: str
    corpus: str
    doc: str
    classes: dict[str, Floats]
    bias: float
    offsets: NDArray[np.int32]
    tokens: Floats

    @property
    def attributed(self) -> bool:
        """Say whether the teacher sees a source or cue, so that its tags mean something."""
        columns = [ROLES.index("source"), ROLES.index("cue")]
        return bool(len(self.tokens)) and bool((self.tokens[:, columns] >= 0.5).any())

    def at(self, offsets: Sequence[tuple[int, int]]) -> Floats:
        """Return (len(offsets), roles): the mean probability over the characters of each student token."""
        characters = np.zeros((len(self.text) + 1, len(ROLES)), dtype=np.float32)
        for (start, end), row in zip(self.offsets, self.tokens, strict=True):
            characters[start:end] = row
        sums = np.concatenate([np.zeros((1, len(ROLES)), dtype=np.float32), characters.cumsum(0, dtype=np.float32)])
        starts, ends = np.array(offsets, dtype=np.int64).reshape(-1, 2).T
        return np.asarray((sums[ends] - sums[starts]) / np.maximum(ends - starts, 1)[:, None], dtype=np.float32)


def write_soft(path: Path, batches: Iterable[Sequence[SoftExample]]) -> int:
    """Write soft examples as Parquet and return their number."""
    total = 0
    with pq.ParquetWriter(path, SCHEMA, compression="zstd") as writer:
        for batch in batches:
            writer.write_table(pa.Table.from_pylist([_row(example) for example in batch], schema=SCHEMA))
            total += len(batch)
    return total


def _row(example: SoftExample) -> dict[str, Any]:
    starts, ends = example.offsets.reshape(-1, 2).T
    return {
        "text": example.text, "corpus": example.corpus, "doc": example.doc, **example.classes, "bias": example.bias,
        "starts": starts, "ends": ends, "tokens": example.tokens.reshape(-1),
    }  # fmt: skip


def read_soft(path: Path) -> list[SoftExample]:
    """Read what `write_soft` wrote.

    Raises:
        DataError: when the file is missing or has other columns.
    """
    if not path.exists():
        raise DataError(f"no soft labels {path}; make them with: sayso distil TEACHER --out {path}")
    file = pq.ParquetFile(path)
    if file.schema_arrow != SCHEMA:
        raise DataError(f"{path} has columns {file.schema_arrow.names}, not those of `sayso distil`; make it again")
    return [example for batch in file.iter_batches(batch_size=4096) for example in _examples(batch)]


def _examples(batch: Any) -> Iterator[SoftExample]:
    for row in batch.to_pylist():
        yield SoftExample(
            text=row["text"], corpus=row["corpus"], doc=row["doc"],
            classes={head: np.array(row[head], dtype=np.float32) for head in HEADS}, bias=row["bias"],
            offsets=np.stack([row["starts"], row["ends"]], axis=1).astype(np.int32),
            tokens=np.array(row["tokens"], dtype=np.float32).reshape(-1, len(ROLES)),
        )  # fmt: skip
