"""Shared fixtures: the shipped model, and the corpora where they are present."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sayso.artifact import DEFAULT_MODEL
from sayso.classifier import Classifier

REPOSITORY = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def repository() -> Path:
    return REPOSITORY


@pytest.fixture(scope="session")
def classifier() -> Classifier:
    return Classifier.load(DEFAULT_MODEL, threads=2)


@pytest.fixture(scope="session")
def corpora() -> Path:
    """Return the corpus folder named by SAYSO_DATA, or skip."""
    folder = Path(os.environ.get("SAYSO_DATA", ""))
    if not (folder / "abp.jsonl.zst").exists():
        pytest.skip("SAYSO_DATA names no folder with the corpora; see sayso data fetch")
    return folder
