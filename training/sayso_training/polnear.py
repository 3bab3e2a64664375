"""PolNeAR dev as a yardstick: exact source and cue spans of a torch model's auxiliary outputs."""

from __future__ import annotations

import re
import zipfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import AutoTokenizer

from sayso.artifact import ArtifactConfig
from sayso.decode import sigmoid
from sayso.errors import ConfigError, DataError
from sayso.spans import RawSpan, find_spans
from sayso_data.build import LABELS_DIR, polnear_auxiliary
from sayso_data.corpora import get_corpus, read_polnear, read_polnear_spans
from sayso_data.schema import Example
from sayso_data.standoff import read_standoff
from sayso_training.evaluate import exact_counts, word_counts
from sayso_training.metrics import f1_from_counts
from sayso_training.model import TOKEN_ROLES, SaysoModel

PARTS = ("source", "cue")
ROLES = tuple(f"polnear-{part}" for part in PARTS)
THRESHOLD = 0.5  # untuned: PolNeAR dev is only for scoring
LONGEST = 256  # tokens; what is cut off counts as missed
# CofeNet (Wang et al. 2022, COLING), exact match on PolNeAR test.
PUBLISHED = {"BERT-base + Cofe": {"source": 0.832, "cue": 0.753}, "BERT-base": {"source": 0.811, "cue": 0.740}}
COMPARED = """\
Exact match of source and cue spans, micro-averaged over the sentences of PolNeAR 1.0 dev. The published numbers are
for its test part, which the public archive lacks, and another sentence splitter, so the comparison is near, not
exact. As in the published evaluation (BIO tags), each fragment of a discontinuous span counts as a span of its own.
Where a document has several annotators, theirs are merged here, and scored one by one there: see the rows for one
annotator. A span that leaves its sentence counts as missed.
"""


def polnear_scores(torch_dir: Path, corpora: Path) -> dict[str, Any]:
    """Return exact and word-level scores on PolNeAR dev by part, over all documents and those with one annotator.

    Raises:
        ConfigError: when `torch_dir` holds no torch model with the auxiliary outputs.
        DataError: when a dev document is among what models train on.
    """
    checked = check_unseen(corpora)
    examples = list(polnear_auxiliary(corpora, "dev"))
    found = predict_spans(torch_dir, [example.text for example in examples])
    counted = annotators(corpora)
    single = [i for i, example in enumerate(examples) if counted[example.doc] == 1]
    crossing = crossing_spans(corpora, examples)
    alone = Counter({key: n for key, n in crossing.items() if counted[key[0]] == 1})
    return {
        **checked,
        "all documents": span_table(examples, found, crossing),
        "one annotator": span_table([examples[i] for i in single], [found[i] for i in single], alone),
        "published": PUBLISHED,
    }


def span_table(
    examples: Sequence[Example], found: Sequence[Sequence[RawSpan]], crossing: Counter[tuple[str, str]]
) -> dict[str, Any]:
    """Return the number of sentences and, by part, exact and word-level precision, recall and F1.

    `crossing` counts the gold spans by (document, part) that no sentence holds whole; they are misses of exact match.
    """
    scores: dict[str, Any] = {"sentences": len(examples), "documents": len({e.doc for e in examples})}
    for part, role in zip(PARTS, ROLES, strict=True):
        missed = sum(number for (_, name), number in crossing.items() if name == part)
        right, predicted, gold = exact_counts(examples, found, role)
        words = f1_from_counts(*word_counts(examples, found, role))
        scores[part] = {"exact": f1_from_counts(right, predicted, gold + missed), "word": words}
    return scores


def check_unseen(corpora: Path) -> dict[str, int]:
    """Return how many dev documents there are and how many of them the project's own dev labels use.

    Raises:
        DataError: when a dev document is in the train labels or in the auxiliary training split.
    """
    path = corpora / get_corpus("polnear").file
    dev = {article.id for article in read_polnear(path, "dev")}
    trained = {row["doc"] for row in read_standoff(LABELS_DIR / "train.jsonl") if row["corpus"] == "polnear"}
    trained |= {article.id for article in read_polnear(path, "train")}
    if dev & trained:
        raise DataError(f"PolNeAR dev documents are trained on: {sorted(dev & trained)[:3]}; leave them out of train")
    shared = dev & {row["doc"] for row in read_standoff(LABELS_DIR / "dev.jsonl")}
    return {"dev documents": len(dev), "dev documents trained on": 0, "dev documents in sayso dev": len(shared)}


def annotators(corpora: Path) -> Counter[str]:
    """Return the number of annotators of every PolNeAR dev document."""
    with zipfile.ZipFile(corpora / get_corpus("polnear").file) as archive:
        names = (re.fullmatch(r"data/dev/attributions/(.+)_[0-9a-f]{4}\.ann", n) for n in archive.namelist())
        return Counter(match[1] for match in names if match)


def crossing_spans(corpora: Path, examples: Sequence[Example]) -> Counter[tuple[str, str]]:
    """Return the number of gold spans by document and part that no sentence holds whole."""
    gold = read_polnear_spans(corpora / get_corpus("polnear").file, "dev")
    whole = Counter((doc, span.role) for doc, spans in gold.items() for span in spans)
    kept = Counter((e.doc, span.role.removeprefix("polnear-")) for e in examples for span in e.spans)
    return whole - kept


def predict_spans(torch_dir: Path, texts: Sequence[str]) -> list[list[RawSpan]]:
    """Return the PolNeAR source and cue spans that a torch model finds in each text, decoded as the runtime does.

    Raises:
        ConfigError: when `torch_dir` holds no saved torch model.
    """
    if not (torch_dir / "model.safetensors").exists():
        raise ConfigError(f"{torch_dir} holds no model.safetensors; name the torch directory of a run: runs/NAME/torch")
    model = SaysoModel.from_pretrained(torch_dir).eval()
    tokenizer = AutoTokenizer.from_pretrained(torch_dir)
    config = ArtifactConfig(LONGEST, 0, "", roles=list(ROLES), thresholds=dict.fromkeys(ROLES, THRESHOLD))
    order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
    found: list[list[RawSpan]] = [[] for _ in texts]
    for start in range(0, len(order), 64):
        rows = order[start : start + 64]
        for row, spans in zip(rows, _batch_spans(model, tokenizer, [texts[i] for i in rows], config), strict=True):
            found[row] = spans
    return found


@torch.no_grad()
def _batch_spans(model: Any, tokenizer: Any, texts: list[str], config: ArtifactConfig) -> list[list[RawSpan]]:
    batch = tokenizer(
        texts, padding=True, truncation=True, max_length=LONGEST, return_tensors="pt", return_offsets_mapping=True
    )
    offsets = batch["offset_mapping"].numpy()
    columns = [TOKEN_ROLES.index(role) for role in ROLES]
    logits = model(batch["input_ids"], batch["attention_mask"])["tokens"][..., columns].double().numpy()
    spans = []
    for text, places, values in zip(texts, offsets, logits, strict=True):
        real = places[:, 1] > places[:, 0]
        spans.append(find_spans(text, np.asarray(places[real]), sigmoid(values[real]), config) if real.any() else [])
    return spans
