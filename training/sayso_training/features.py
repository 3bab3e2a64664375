"""Examples to tensors: token ids, masked class targets and overlapping token targets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch.utils.data import Dataset

from sayso.errors import DataError
from sayso.labels import HEADS
from sayso_data.schema import Example
from sayso_training.model import TOKEN_ROLES

IGNORE = -100


def target(head: str, value: str | None) -> int:
    """Return the class index of `value` in `head`, or IGNORE for None.

    Raises:
        DataError: for a label that the schema does not have.
    """
    if value is None:
        return IGNORE
    if value not in HEADS[head]:
        raise DataError(f"unknown {head} {value!r}; known: {', '.join(HEADS[head])}")
    return HEADS[head].index(value)


def token_targets(example: Example, offsets: Sequence[tuple[int, int]]) -> np.ndarray:
    """Return (tokens, roles): 1 in a span, 0 outside, IGNORE for special tokens and roles not annotated.

    Raises:
        DataError: for a span outside its sentence or with an unknown role.
    """
    targets = np.full((len(offsets), len(TOKEN_ROLES)), IGNORE, dtype=np.float32)
    real = np.array([end > start for start, end in offsets])
    for role in example.roles:
        targets[real, TOKEN_ROLES.index(role)] = 0
    for span in example.spans:
        if span.role not in TOKEN_ROLES or not 0 <= span.start < span.end <= len(example.text):
            raise DataError(f"{example.id}: span {span.role} {span.start}-{span.end} is not in the sentence")
        for i, (start, end) in enumerate(offsets):
            if start < span.end and end > span.start and end > start:
                targets[i, TOKEN_ROLES.index(span.role)] = 1
    return targets


class SentenceDataset(Dataset[dict[str, Any]]):
    """Tokenised examples; an item holds ids, length, class targets and token targets."""

    def __init__(self, examples: Sequence[Example], tokenizer: Any, max_length: int) -> None:
        self.examples = list(examples)
        encoded = tokenizer(
            [example.text for example in self.examples],
            truncation=True, max_length=max_length, return_offsets_mapping=True,
        )  # fmt: skip
        self.ids: list[list[int]] = encoded["input_ids"]
        self.offsets: list[list[tuple[int, int]]] = encoded["offset_mapping"]

    def __len__(self) -> int:
        return len(self.examples)

    def __getitem__(self, index: int) -> dict[str, Any]:
        example = self.examples[index]
        classes = {head: target(head, getattr(example, head)) for head in HEADS}
        bias = IGNORE if example.bias is None else example.bias
        tokens = token_targets(example, self.offsets[index])
        return {"input_ids": self.ids[index], "length": len(self.ids[index]), **classes, "bias": bias, "tokens": tokens}


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
        classes = {head: torch.tensor([item[head] for item in items]) for head in HEADS}
        bias = torch.tensor([float(item["bias"]) for item in items])
        return {"input_ids": ids, "attention_mask": mask, **classes, "bias": bias, "tokens": tokens}
