"""The Python API: load a model once, then analyse articles or predict sentences."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sayso.artifact import DEFAULT_MODEL, Artifact, load_artifact
from sayso.decode import Floats, Prediction, by_window, merge_tokens, merge_windows, predict_sentence, sigmoid, softmax
from sayso.encode import Encoder, Window, batches, pad
from sayso.engine import Engine, OnnxEngine
from sayso.labels import ROLES
from sayso.records import PLURAL, Document, Sentence, Span
from sayso.segmentation import split_sentences


@dataclass(frozen=True, slots=True)
class Output:
    """One sentence's class logits, calibrated class probabilities and bias probability, the (start, end) of its
    tokens, and the (tokens, roles) probabilities."""

    logits: dict[str, Floats]
    shares: dict[str, Floats]
    bias: float
    offsets: NDArray[np.int64]
    tokens: Floats


class Classifier:
    """Label sentences with the model of one artifact; use `Classifier.load`."""

    def __init__(self, artifact: Artifact, engine: Engine, threads: int = 1) -> None:
        self.artifact = artifact
        self._engine = engine
        self._threads = threads
        self._encoder = Encoder(artifact.path / "tokenizer.json", artifact.config.max_length)

    @classmethod
    def load(cls, model: str | Path | None = None, threads: int | None = None) -> Classifier:
        """Load the model in the package, a directory, or an MLflow `models:/` address.

        `threads` is the number of batches that run side by side; None takes one a core.

        Raises:
            ArtifactError: naming what is missing, damaged or does not fit.
            MissingExtraError: for a `models:/` address without the `train` extra.
        """
        artifact = load_artifact(locate_model(model))
        return cls(artifact, OnnxEngine(artifact), threads or os.cpu_count() or 1)

    def predict(self, sentences: Sequence[str]) -> list[Prediction]:
        """Return one prediction a sentence, in order; offsets count code points of each sentence.

        >>> Classifier.load().predict(["The army reportedly shelled the town."])[0].label
        'hedge'

        Raises:
            TypeError: for one string, where a list of strings is meant.
        """
        if isinstance(sentences, str):
            raise TypeError("predict takes a list of sentences; for one article use analyze(text)")
        unique = list(dict.fromkeys(sentences))  # wire copy repeats: each sentence runs once
        found = {
            text: predict_sentence(text, [w for w, _ in own], [row for _, row in own], self.artifact.config)
            for text, own in zip(unique, self._by_sentence(unique), strict=True)
        }
        return [found[text] for text in sentences]

    def outputs(self, sentences: Sequence[str]) -> list[Output]:
        """Return what the network gives for each sentence before decoding, for calibration and distillation."""
        config = self.artifact.config
        found = []
        for own in self._by_sentence(sentences):
            logits = merge_windows([(len(window.ids), row) for window, row in own])
            offsets, tokens = merge_tokens([window for window, _ in own], [row["tokens"] for _, row in own])
            shares = {head: softmax(logits[head] / config.temperatures.get(head, 1.0)) for head in config.heads}
            bias = float(sigmoid(logits["bias"] / config.temperatures.get("bias", 1.0))[0])
            found.append(Output(logits, shares, bias, offsets, sigmoid(tokens)))
        return found

    def _by_sentence(self, sentences: Sequence[str]) -> list[list[tuple[Window, dict[str, Floats]]]]:
        windows = self._encoder.windows(sentences)
        found: list[list[tuple[Window, dict[str, Floats]]]] = [[] for _ in sentences]
        for window, logits in zip(windows, self._run(windows), strict=True):
            found[window.sentence].append((window, logits))
        return found

    def _run(self, windows: list[Window]) -> list[dict[str, Floats]]:
        results: list[dict[str, Floats]] = [{} for _ in windows]

        def run(batch: list[int]) -> None:
            logits = self._engine.run(pad([windows[i] for i in batch], self.artifact.config.pad_id))
            for row, number in enumerate(batch):
                results[number] = by_window(logits, row, len(windows[number].ids))

        with ThreadPoolExecutor(self._threads) as pool:
            list(pool.map(run, batches(windows)))
        return results

    def analyze(self, text: str, doc_id: str = "") -> list[Sentence]:
        """Split one article into sentences and label each; offsets count code points of `text`."""
        return self.analyze_documents([Document(doc_id, text)])[0]

    def analyze_documents(self, documents: Iterable[Document], whole: bool = False) -> list[list[Sentence]]:
        """Label the sentences of several documents in shared batches, one list a document.

        `whole` takes every document for one sentence that was split before.
        """
        documents = list(documents)
        places = [_whole(d.text) if whole else split_sentences(d.text) for d in documents]
        texts = [d.text[a:b] for d, spans in zip(documents, places, strict=True) for a, b in spans]
        predictions = iter(self.predict(texts))
        return [
            [_place(document, i, span, next(predictions), self.artifact.digest) for i, span in enumerate(spans)]
            for document, spans in zip(documents, places, strict=True)
        ]


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


def _place(document: Document, index: int, span: tuple[int, int], found: Prediction, model: str) -> Sentence:
    start, end = span
    spans: dict[str, list[Span]] = {role: [] for role in ROLES}
    for raw in found.spans:
        left, right = start + raw.start, start + raw.end
        spans[raw.role].append(Span(left, right, document.text[left:right], raw.probability))
    return Sentence(
        doc_id=document.id, sentence_index=index, start=start, end=end, text=document.text[start:end],
        label=found.label, probabilities=found.probabilities["label"], label_set=found.label_set,
        **{PLURAL[role]: tuple(values) for role, values in spans.items()},  # type: ignore[arg-type]
        source_kind=found.kind, source_stance=found.stance, source_framing=found.framing,
        bias=found.bias, model=model,
    )  # fmt: skip
