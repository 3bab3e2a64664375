"""Shared fixtures: an encoder that trains in seconds, and a real MLflow server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import mlflow
import pytest
import torch
from mlflow_server import Server, new_server
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

from sayso.artifact import DEFAULT_MODEL, TOKENIZER

SPECIAL = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]"}


@pytest.fixture(scope="session")
def small_encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of an untrained encoder of two narrow layers that knows the words of the shipped model."""
    folder = tmp_path_factory.mktemp("encoder")
    torch.manual_seed(3)
    settings = BertConfig(hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=64)
    BertModel(settings).save_pretrained(folder)
    PreTrainedTokenizerFast(tokenizer_file=str(DEFAULT_MODEL / TOKENIZER), **SPECIAL).save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    found = new_server(tmp_path_factory.mktemp("server"))
    yield found
    found.kill()


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[Server]:
    """Return a server that the test may kill."""
    (tmp_path / "server").mkdir()
    found = new_server(tmp_path / "server")
    yield found
    found.kill()


@pytest.fixture(autouse=True)
def no_tracking_left() -> Iterator[None]:
    """Leave no active run and no store to the next test."""
    before = mlflow.get_tracking_uri()
    yield
    while mlflow.active_run() is not None:
        mlflow.end_run()
    mlflow.set_tracking_uri(before)
