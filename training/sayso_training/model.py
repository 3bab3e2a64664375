"""The network: one encoder, a pooled view per sentence head, and a token head of overlapping roles."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import nn
from transformers import AutoConfig, AutoModel, PretrainedConfig, PreTrainedModel

from sayso.errors import ConfigError
from sayso.labels import HEADS, ROLES

# Other guidelines' spans train the encoder through outputs of their own, which are not exported.
AUXILIARY_ROLES = ("polnear-source", "polnear-cue", "babe-loaded")
TOKEN_ROLES = (*ROLES, *AUXILIARY_ROLES)
SENTENCE_HEADS = {**{name: len(classes) for name, classes in HEADS.items()}, "bias": 1}


class SaysoConfig(PretrainedConfig):  # type: ignore[misc]
    """Configuration: the encoder's own, the dropout before every head, and the corpora that the weights have seen."""

    model_type = "sayso"

    def __init__(
        self,
        encoder: dict[str, Any] | None = None,
        dropout: float = 0.1,
        seen_corpora: Sequence[str] = (),
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.encoder = encoder or {}
        self.dropout = dropout
        self.seen_corpora = list(seen_corpora)


class SaysoModel(PreTrainedModel):  # type: ignore[misc]
    """Multi-task sentence and token classifier.

    `forward` takes input ids and attention mask (batch, tokens) and returns a dictionary of logits: one
    (batch, classes) tensor a sentence head, (batch, 1) for bias, and (batch, tokens, roles) for tokens.
    """

    config_class = SaysoConfig
    base_model_prefix = "encoder"

    def __init__(self, config: SaysoConfig) -> None:
        super().__init__(config)
        settings = dict(config.encoder)
        encoder_config = AutoConfig.for_model(settings.pop("model_type"), **settings)
        self.encoder = AutoModel.from_config(encoder_config)
        hidden = encoder_config.hidden_size
        self.dropout = nn.Dropout(config.dropout)
        self.queries = nn.Linear(hidden, len(SENTENCE_HEADS))
        self.heads = nn.ModuleDict({name: nn.Linear(3 * hidden, size) for name, size in SENTENCE_HEADS.items()})
        self.tokens = nn.Linear(hidden, len(TOKEN_ROLES))
        self.post_init()

    @classmethod
    def from_encoder(cls, path: str, dropout: float) -> SaysoModel:
        """Build a model whose encoder has pretrained weights and whose heads are new."""
        encoder = AutoModel.from_pretrained(path)
        model = cls(SaysoConfig(encoder=encoder.config.to_dict(), dropout=dropout))
        model.encoder.load_state_dict(encoder.state_dict())
        return model

    def freeze(self, layers: int) -> None:
        """Keep the embeddings and the first `layers` layers of the encoder as they are; 0 freezes nothing."""
        if layers:
            kept = [self.encoder.embeddings, *self.encoder.encoder.layer[:layers]]
            for parameter in (p for module in kept for p in module.parameters()):
                parameter.requires_grad = False

    def keep_layers(self, numbers: Sequence[int]) -> None:
        """Keep only the encoder's layers with these numbers, in this order.

        Raises:
            ConfigError: for a number that the encoder does not have.
        """
        layers = self.encoder.encoder.layer
        if not numbers or not set(numbers) <= set(range(len(layers))):
            raise ConfigError(f"model.layers is {list(numbers)}, the encoder has layers 0 to {len(layers) - 1}")
        self.encoder.encoder.layer = nn.ModuleList(layers[number] for number in numbers)
        self.encoder.config.num_hidden_layers = len(numbers)
        self.config.encoder = self.config.encoder | {"num_hidden_layers": len(numbers)}

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> dict[str, torch.Tensor]:
        """Return the logits of every head (see the class)."""
        states = self.encoder(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        dropped = self.dropout(states)
        pooled = self._pool(dropped, attention_mask)
        logits = {name: head(pooled[:, i]) for i, (name, head) in enumerate(self.heads.items())}
        return {**logits, "tokens": self.tokens(dropped)}

    def _pool(self, states: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Return (batch, heads, 3 * hidden): first token, mean, and each head's own attention over tokens."""
        weights = mask.unsqueeze(-1).to(states.dtype)
        mean = (states * weights).sum(1) / weights.sum(1)
        scores = self.queries(states).masked_fill(mask.unsqueeze(-1) == 0, -1e4)
        attended = torch.einsum("bth,bte->bhe", scores.softmax(1), states)
        shared = torch.cat([states[:, 0], mean], -1).unsqueeze(1).expand(-1, attended.shape[1], -1)
        return torch.cat([shared, attended], -1)
