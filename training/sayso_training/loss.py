"""The masked multi-task loss: a corpus trains the heads that it has labels for."""

from __future__ import annotations

import torch
from torch.nn import functional as F

from sayso.labels import HEADS
from sayso_training.config import LossConfig
from sayso_training.features import IGNORE


def multitask_loss(
    logits: dict[str, torch.Tensor], targets: dict[str, torch.Tensor], config: LossConfig
) -> dict[str, torch.Tensor]:
    """Return each head's loss and their weighted sum under `loss`; a head without targets adds zero."""
    parts = {head: _classes(logits[head], targets[head]) for head in HEADS}
    parts["bias"] = _binary(logits["bias"].squeeze(-1), targets["bias"])
    parts["tokens"] = _binary(logits["tokens"], targets["tokens"])
    total = torch.stack([getattr(config, name) * part for name, part in parts.items()]).sum()
    return {**parts, "loss": total}


def _classes(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    known = targets.sum(-1) > 0
    if not known.any():
        return logits.float().sum() * 0
    return F.cross_entropy(logits.float()[known], targets[known])


def _binary(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    known = targets != IGNORE
    if not known.any():
        return logits.float().sum() * 0
    return F.binary_cross_entropy_with_logits(logits.float()[known], targets[known])
