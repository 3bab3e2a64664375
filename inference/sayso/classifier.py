"""The Python API: load a model once, then analyse articles or predict sentences."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sayso.artifact import DEFAULT_MODEL, Artifact, load_artifact
from sayso.decode import Decoded, Prediction, class_shares, decode, merge_windows, sigmoid
from sayso.encode import Encoder, Ints, Windows, batches, pad
from sayso.engine import Engine, Logits, load_engine
from sayso.engines import DEFAULT_ENGINE
from sayso.labelled import Labelled
from sayso.records import Document, Sentence
from sayso.segmentation import split_sentences
from sayso.spans import Floats, merge_tokens


@dataclass(frozen=True, slots=True)
class Output:
    """One sentence's class logits, calibrated class probabilities and bias probability, the (start, end) of its
    tokens, and the (tokens, roles) probabilities."""

    logits: dict[str, Floats]
    shares: dict[str, Floats]
    bias: float
    offsets: Ints
    tokens: Floats


class Classifier:
    """Label sentences with the model of one artifact; use `Classifier.load`."""

    def __init__(self, artifact: Artifact, engine: Engine, threads: int = 1) -> None:
        self.artifact = artifact
        self._engine = engine
        self._threads = threads
        self.encoder = Encoder(artifact.path / "tokenizer.json", artifact.config.max_length)

    @classmethod
    def load(
        cls, model: str | Path | None = None, threads: int | None = None, engine: str = DEFAULT_ENGINE
    ) -> Classifier:
        """Load the model in the package, a directory, or an MLflow `models:/` address.

        `threads` is the number of batches that run side by side; None takes one a core. `engine` is
        `onnxruntime`, `openvino` or `torch`.

        Raises:
            ArtifactError: naming what is missing, damaged or does not fit.
            ConfigError: for an unknown engine.
            MissingExtraError: for an engine or a `models:/` address without its extra.
        """
        artifact = load_artifact(locate_model(model))
        threads = threads or os.cpu_count() or 1
        return cls(artifact, load_engine(engine, artifact, threads), threads)

    def predict(self, sentences: Sequence[str]) -> list[Prediction]:
        """Return one prediction a sentence, in order; offsets count code points of each sentence.

        >>> Classifier.load().predict(["The army reportedly shelled the town."])[0].label
        'hedge'

        Raises:
            TypeError: for one string, where a list of strings is meant.
        """
        if isinstance(sentences, str):
            raise TypeError("predict takes a list of sentences; for one article use analyze(text)")
        return self._decode(sentences).predictions(self.artifact.config)

    def outputs(self, sentences: Sequence[str]) -> list[Output]:
        """Return what the network gives for each sentence before decoding, for calibration and distillation."""
        windows = self.encoder.windows(sentences)
        logits, config = self.run_windows(windows), self.artifact.config
        merged = merge_windows(windows, logits, len(sentences))
        shares = {head: class_shares(merged, head, config) for head in config.heads}
        bias, tokens = sigmoid(merged["bias"][:, 0]), sigmoid(logits["tokens"].astype(np.float64))
        edges = windows.of_sentences(len(sentences))
        return [
            Output(
                {head: values[i] for head, values in merged.items()}, {head: rows[i] for head, rows in shares.items()},
                float(bias[i]), *merge_tokens(windows, range(edges[i], edges[i + 1]), tokens),
            )
            for i in range(len(sentences))
        ]  # fmt: skip

    def _decode(self, sentences: Sequence[str]) -> Decoded:
        unique = {text: number for number, text in enumerate(dict.fromkeys(sentences))}  # wire copy repeats
        windows = self.encoder.windows(list(unique))
        decoded = decode(list(unique), windows, self.run_windows(windows), self.artifact.config)
        if len(unique) == len(sentences):
            return decoded
        return decoded.take(np.array([unique[text] for text in sentences]))

    def run_windows(self, windows: Windows) -> Logits:
        """Return the logits of every window, and for `tokens` those of every token of all windows."""
        config = self.artifact.config
        sizes = {head: len(classes) for head, classes in config.heads.items()} | {"bias": 1}
        results = {head: np.empty((len(windows), size), np.float32) for head, size in sizes.items()}
        tokens = np.empty((len(windows.ids), len(config.roles)), np.float32)

        def run(numbers: Ints) -> None:
            batch, filled, places = pad(windows, numbers, config.pad_id)
            logits = self._engine.run(batch)
            for head, values in results.items():
                values[numbers] = logits[head]
            tokens[places] = logits["tokens"][filled]

        with ThreadPoolExecutor(self._threads) as pool:
            list(pool.map(run, batches(windows.lengths, self._engine.token_budget)))
        return results | {"tokens": tokens}

    def analyze(self, text: str, doc_id: str = "") -> list[Sentence]:
        """Split one article into sentences and label each; offsets count code points of `text`."""
        return self.analyze_documents([Document(doc_id, text)])[0]

    def analyze_documents(self, documents: Iterable[Document], whole: bool = False) -> list[list[Sentence]]:
        """Label the sentences of several documents in shared batches, one list a document.

        `whole` takes every document for one sentence that was split before.
        """
        return self.label_documents(list(documents), whole).sentences()

    def label_documents(self, documents: Sequence[Document], whole: bool = False) -> Labelled:
        """Return what `analyze_documents` returns, in columns."""
        places = [_whole(d.text) if whole else split_sentences(d.text) for d in documents]
        texts = [d.text[a:b] for d, spans in zip(documents, places, strict=True) for a, b in spans]
        return Labelled.of(documents, places, self._decode(texts), self.artifact)


def locate_model(model: str | Path | None) -> Path:
    """Return the model directory of a path, an MLflow address, or None for the model in the package."""
    if model is None:
        return DEFAULT_MODEL
    if str(model).startswith(("models:/", "runs:/")):
        from sayso.registry import download_model

        return download_model(str(model))
    return Path(model)


def _whole(text: str) -> list[tuple[int, int]]:
    start = len(text) - len(text.lstrip())
    end = len(text.rstrip())
    return [(start, end)] if end > start else []
