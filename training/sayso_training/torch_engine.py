"""The torch engine: `model.safetensors` of a model directory, in bfloat16, on CUDA where there is one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from sayso.artifact import WEIGHTS, Artifact, file_digest
from sayso.engine import Logits
from sayso.errors import ArtifactError
from sayso_training.model import SaysoConfig, SaysoModel

NETWORK = "sayso_config"  # key of the file's header that holds the network's configuration


class TorchEngine:
    """The network in bfloat16; several threads may run it at once.

    On a CPU each of `threads` batches has one core, which is a setting of the process. On CUDA batches are large
    and travel through pinned memory.
    """

    def __init__(self, artifact: Artifact, threads: int = 1, device: str | None = None) -> None:
        self._device = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
        self._cuda = self._device.type == "cuda"
        self.token_budget = 1 << 16 if self._cuda else 1024
        if not self._cuda:
            torch.set_num_threads(1)
        self._model = load_weights(artifact).to(self._device, torch.bfloat16).eval()
        self._heads = (*artifact.config.heads, "bias")
        self._roles = len(artifact.config.roles)

    @torch.inference_mode()
    def run(self, batch: dict[str, NDArray[np.int64]]) -> Logits:
        """Return the logits of a padded batch."""
        ids, mask = (self._send(batch[name]) for name in ("input_ids", "attention_mask"))
        logits = self._model(ids, mask)
        values = {name: logits[name] for name in self._heads} | {"tokens": logits["tokens"][..., : self._roles]}
        return {name: value.float().cpu().numpy() for name, value in values.items()}

    def _send(self, values: NDArray[np.int64]) -> torch.Tensor:
        tensor = torch.from_numpy(values)
        return tensor.pin_memory().to(self._device, non_blocking=True) if self._cuda else tensor


def save_weights(model: SaysoModel, path: Path) -> None:
    """Write weights and network configuration into one file of a model directory."""
    state = {name: value.detach().contiguous() for name, value in model.state_dict().items()}
    settings: dict[str, Any] = {"encoder": model.config.encoder, "dropout": model.config.dropout}
    save_file(state, path, metadata={"format": "pt", NETWORK: json.dumps(settings)})


def load_weights(artifact: Artifact) -> SaysoModel:
    """Build the network of a model directory from its `model.safetensors`.

    Raises:
        ArtifactError: when the file is not the one that the model was exported with.
    """
    path = artifact.path / WEIGHTS
    found, expected = file_digest(path), artifact.config.digests.get(WEIGHTS)
    if found != expected:
        raise ArtifactError(
            f"{path} does not belong to this model: its sha256 is {found}, config.json says {expected}; "
            "export both again with: sayso export RUN/torch --torch --output DIR"
        )
    try:
        with safe_open(path, "pt") as file:
            model = SaysoModel(SaysoConfig(**json.loads(file.metadata()[NETWORK])))
            model.load_state_dict({name: file.get_tensor(name) for name in file.keys()})  # noqa: SIM118
    except (SafetensorError, KeyError, ValueError, RuntimeError) as error:
        raise ArtifactError(f"{path} cannot be loaded: {error}") from error
    return model
