"""Torch model to model directory: int8 ONNX graph, tokenizer, calibrated configuration."""

from __future__ import annotations

import logging
import shutil
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from transformers import PreTrainedTokenizerFast

from sayso.artifact import CONFIG, GRAPH, TOKENIZER, WEIGHTS, ArtifactConfig, file_digest, load_artifact
from sayso.classifier import Classifier
from sayso.errors import ConfigError
from sayso.labels import HEADS, ROLES
from sayso.segmentation import SEGMENTER
from sayso_data.schema import Example
from sayso_training.calibrate import calibrate
from sayso_training.model import SaysoModel
from sayso_training.quantize import Batch, quantize
from sayso_training.torch_engine import save_weights

OUTPUTS = (*HEADS, "bias", "tokens")
RANGED = 512  # sentences that show the ranges of activations


class _Exported(nn.Module):
    """The network with a tuple of outputs and without the auxiliary roles."""

    def __init__(self, model: SaysoModel) -> None:
        super().__init__()
        self.model = model

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> tuple[torch.Tensor, ...]:
        logits = self.model(input_ids, attention_mask)
        logits["tokens"] = logits["tokens"][..., : len(ROLES)]
        return tuple(logits[name] for name in OUTPUTS)


def export_model(
    source: Path, target: Path, calibration: Sequence[Example], origin: dict[str, str], max_length: int,
    weights: bool = False,
) -> Path:  # fmt: skip
    """Write a model directory from a saved torch model; calibrate it on `calibration` through the runtime.

    `weights` adds `model.safetensors`, which the torch engine reads.

    Raises:
        ConfigError: when `target` exists or `source` is not a saved model.
    """
    if target.exists():
        raise ConfigError(f"{target} exists; name another --output or remove it")
    if not (source / "model.safetensors").exists():
        raise ConfigError(f"{source} holds no model.safetensors; name the torch directory of a run")
    with tempfile.TemporaryDirectory() as work:
        staged = Path(work) / "model"
        staged.mkdir()
        pad_id = _write_tokenizer(source, staged)
        model = SaysoModel.from_pretrained(source).eval()
        write_graph(model, staged / GRAPH, list(_batches(source, calibration, max_length)))
        if weights:
            save_weights(model, staged / WEIGHTS)
        config = ArtifactConfig(max_length, pad_id, SEGMENTER, origin=origin | {"sayso": version("sayso")})
        _write_config(staged, config)
        if calibration:
            _write_config(staged, calibrate(staged, calibration))
        shutil.copytree(staged, target)
    return target


def average_weights(sources: Sequence[Path], target: Path) -> Path:
    """Write the mean of several torch models of one shape (model soup, Wortsman et al. 2022); return `target`.

    Raises:
        ConfigError: when the models do not have the same weights by name.
    """
    models = [SaysoModel.from_pretrained(source) for source in sources]
    states = [model.state_dict() for model in models]
    if any(state.keys() != states[0].keys() for state in states):
        raise ConfigError("these models have different encoders; average runs of one configuration")
    mean = {name: torch.stack([state[name].float() for state in states]).mean(0) for name in states[0]}
    models[0].load_state_dict(mean)
    seen = [model.config.seen_corpora for model in models]
    models[0].config.seen_corpora = sorted({name for names in seen for name in names}) if all(seen) else []
    models[0].save_pretrained(target)
    PreTrainedTokenizerFast.from_pretrained(sources[0]).save_pretrained(target)
    return target


def _write_tokenizer(source: Path, folder: Path) -> int:
    tokenizer = PreTrainedTokenizerFast.from_pretrained(source)
    tokenizer.backend_tokenizer.no_padding()
    tokenizer.backend_tokenizer.no_truncation()
    tokenizer.backend_tokenizer.save(str(folder / TOKENIZER))
    return int(tokenizer.pad_token_id)


def _write_config(folder: Path, config: ArtifactConfig) -> None:
    digests = {name: file_digest(folder / name) for name in (GRAPH, TOKENIZER, WEIGHTS) if (folder / name).exists()}
    (folder / CONFIG).write_text(replace(config, digests=digests).to_json(), encoding="utf-8")


def write_graph(model: SaysoModel, path: Path, batches: Sequence[Batch] = ()) -> None:
    """Write the int8 graph; `batches` show the ranges of its activations (`sayso_training.quantize`)."""
    with tempfile.TemporaryDirectory() as work, _quiet():
        full = Path(work) / "full.onnx"
        _write_full(model, full)
        quantize(full, path, batches)


def _batches(source: Path, examples: Sequence[Example], max_length: int) -> Iterator[Batch]:
    """Yield the token ids and mask of up to `RANGED` sentences, as the graph takes them."""
    tokenizer = PreTrainedTokenizerFast.from_pretrained(source)
    texts = [example.text for example in examples[:RANGED]]
    for first in range(0, len(texts), 32):
        encoded = tokenizer(texts[first : first + 32], padding=True, truncation=True, max_length=max_length)
        yield {name: np.array(encoded[name], dtype=np.int64) for name in ("input_ids", "attention_mask")}


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the exporters' notes on every node and traced branch from burying the scores."""
    logging.disable(logging.INFO)
    try:
        with warnings.catch_warnings(category=Warning, action="ignore"):
            yield
    finally:
        logging.disable(logging.NOTSET)


def _write_full(model: SaysoModel, path: Path) -> None:
    ids = torch.ones(2, 8, dtype=torch.long)
    dynamic = {0: "batch", 1: "tokens"}
    torch.onnx.export(
        _Exported(model), (ids, ids), str(path), input_names=["input_ids", "attention_mask"],
        output_names=list(OUTPUTS), opset_version=17, dynamo=False,
        dynamic_axes={"input_ids": dynamic, "attention_mask": dynamic, "tokens": dynamic}
        | {name: {0: "batch"} for name in OUTPUTS if name != "tokens"},
    )  # fmt: skip


def int8_agreement(source: Path, model: Path, texts: Sequence[str]) -> float:
    """Return the share of sentences that the int8 graph labels as the fp32 torch model does."""
    torch_model = SaysoModel.from_pretrained(source).eval()
    tokenizer = PreTrainedTokenizerFast.from_pretrained(source)
    length = load_artifact(model).config.max_length
    batches = [texts[i : i + 64] for i in range(0, len(texts), 64)]
    options = {"padding": True, "truncation": True, "max_length": length, "return_tensors": "pt"}
    full = [_labels(torch_model, tokenizer(list(batch), **options)) for batch in batches]
    small = [row.logits["label"].argmax() for row in Classifier.load(model).outputs(texts)]
    return float((np.concatenate(full) == np.array(small)).mean())


@torch.no_grad()
def _labels(model: SaysoModel, batch: Any) -> NDArray[np.int64]:
    return np.asarray(model(batch["input_ids"], batch["attention_mask"])["label"].argmax(-1))
