"""Examples to tensors: token ids, masked class targets and overlapping token targets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import Dataset

from sayso.errors import DataError
from sayso.labels import HEADS, ROLES
from sayso_data.schema import Example
from sayso_training.model import TOKEN_ROLES
from sayso_training.soft import SoftExample

IGNORE = -100
Floats = NDArray[np.float32]
Offsets = Sequence[tuple[int, int]]


def class_target(head: str, value: str | None, smoothing: float = 0.0) -> Floats:
    """Return the (classes) probabilities that `head` should give for `value`; all zero for None, which trains nothing.

    Raises:
        DataError: for a label that the schema does not have.
    """
    classes = HEADS[head]
    if value is None:
        return np.zeros(len(classes), dtype=np.float32)
    if value not in classes:
        raise DataError(f"unknown {head} {value!r}; known: {', '.join(classes)}")
    shares = np.full(len(classes), smoothing / len(classes), dtype=np.float32)
    shares[classes.index(value)] += 1 - smoothing
    return shares


def token_targets(example: Example, offsets: Offsets) -> Floats:
    """Return (tokens, roles): 1 in a span, 0 outside, IGNORE for special tokens and roles not annotated.

    Raises:
        DataError: for a span outside its sentence or with an unknown role.
    """
    found = np.full((len(offsets), len(TOKEN_ROLES)), IGNORE, dtype=np.float32)
    real = np.array([end > start for start, end in offsets])
    for role in example.roles:
        found[real, TOKEN_ROLES.index(role)] = 0
    for span in example.spans:
        if span.role not in TOKEN_ROLES or not 0 <= span.start < span.end <= len(example.text):
            raise DataError(f"{example.id}: span {span.role} {span.start}-{span.end} is not in the sentence")
        for i, (start, end) in enumerate(offsets):
            if start < span.end and end > span.start and end > start:
                found[i, TOKEN_ROLES.index(span.role)] = 1
    return found


def targets(example: Example | SoftExample, offsets: Offsets, smoothing: float) -> dict[str, Any]:
    """Return what every head should give: (classes) for each class head, a number for bias, (tokens, roles).

    The tags of a soft example without source or cue train nothing, as in gold.
    """
    if isinstance(example, SoftExample):
        silent = {} if example.attributed else {head: class_target(head, None) for head in HEADS if head != "label"}
        return {**example.classes, **silent, "bias": example.bias, "tokens": soft_token_targets(example, offsets)}
    classes = {head: class_target(head, getattr(example, head), smoothing) for head in HEADS}
    bias = IGNORE if example.bias is None else example.bias
    return {**classes, "bias": bias, "tokens": token_targets(example, offsets)}


def soft_token_targets(example: SoftExample, offsets: Offsets) -> Floats:
    """Return (tokens, roles) with the teacher's probabilities; special tokens and auxiliary roles are IGNORE."""
    found = np.full((len(offsets), len(TOKEN_ROLES)), IGNORE, dtype=np.float32)
    real = np.array([end > start for start, end in offsets])
    found[real, : len(ROLES)] = example.at([pair for pair in offsets if pair[1] > pair[0]])
    return found


class SentenceDataset(Dataset[dict[str, Any]]):
    """Tokenised examples; an item holds ids, length, class targets and token targets.

    `smoothing` softens the class targets of gold (Szegedy et al. 2016); soft labels stay as the teacher gave them.
    """

    def __init__(
        self, examples: Sequence[Example | SoftExample], tokenizer: Any, max_length: int, smoothing: float = 0.0
    ) -> None:
        self.examples = list(examples)
        self.smoothing = smoothing
        encoded = tokenizer(
            [example.text for example in self.examples],
            truncation=True, max_length=max_length, return_offsets_mapping=True,
        )  # fmt: skip
        self.ids: list[list[int]] = encoded["input_ids"]
        self.offsets: list[list[tuple[int, int]]] = encoded["offset_mapping"]

    def __len__(self) -> int:
        return len(self.examples)

    def __getitem__(self, index: int) -> dict[str, Any]:
        ids = self.ids[index]
        wanted = targets(self.examples[index], self.offsets[index], self.smoothing)
        return {"input_ids": ids, "length": len(ids), **wanted}


class Collator:
    """Pad a batch to its longest sentence."""

    def __init__(self, pad_id: int) -> None:
        self.pad_id = pad_id

    def __call__(self, items: list[dict[str, Any]]) -> dict[str, torch.Tensor]:
        width = max(len(item["input_ids"]) for item in items)
        ids = torch.full((len(items), width), self.pad_id)
        tokens = torch.full((len(items), width, len(TOKEN_ROLES)), float(IGNORE))
        for row, item in enumerate(items):
            ids[row, : len(item["input_ids"])] = torch.tensor(item["input_ids"])
            tokens[row, : len(item["input_ids"])] = torch.from_numpy(item["tokens"])
        lengths = torch.tensor([len(item["input_ids"]) for item in items])
        mask = (torch.arange(width)[None] < lengths[:, None]).long()
        classes = {head: torch.from_numpy(np.stack([item[head] for item in items])) for head in HEADS}
        bias = torch.tensor([float(item["bias"]) for item in items])
        return {"input_ids": ids, "attention_mask": mask, **classes, "bias": bias, "tokens": tokens}
