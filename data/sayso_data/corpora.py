"""One adapter per corpus behind one schema: where it comes from, how its file reads."""

from __future__ import annotations

import ast
import csv
import io
import json
import re
import zipfile
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from sayso.errors import DataError
from sayso_data.schema import Article, Example, SpanLabel

ARTICLE_FIELDS = ("id", "corpus", "text", "outlet", "title", "date", "topic", "bias", "url")


@dataclass(frozen=True, slots=True)
class Corpus:
    """A corpus file: its name, pinned origin, digest, licence and adapters."""

    name: str
    file: str
    sha256: str
    origin: str
    licence: str
    articles: Callable[[Path], Iterator[Article]]
    url: str | None = None


def read_articles(path: Path) -> Iterator[Article]:
    """Yield the articles of a prepared `.jsonl.zst` file, one JSON object a line."""
    with pa.input_stream(str(path), compression="zstd") as stream:
        for line in io.TextIOWrapper(stream, encoding="utf-8"):
            row = json.loads(line)
            yield Article(**{field: row[field] for field in ARTICLE_FIELDS})


def read_polnear(path: Path, split: str | None = None) -> Iterator[Article]:
    """Yield PolNeAR 1.0 articles (Newell et al. 2018); `split` is train, dev or both when None."""
    with zipfile.ZipFile(path) as archive:
        for name in sorted(archive.namelist()):
            found = re.fullmatch(r"data/(train|dev)/text/(.+)\.txt", name)
            if found and split in (None, found[1]):
                text = archive.read(name).decode("utf-8")
                outlet, date = found[2].split("_")[:2]
                yield Article(found[2], "polnear", text, outlet, None, date, "us-election")


def read_polnear_spans(path: Path, split: str) -> dict[str, list[SpanLabel]]:
    """Map article id to its source and cue spans (document offsets), merged over annotators.

    Discontinuous brat fragments become one span each.
    """
    spans: dict[str, set[SpanLabel]] = defaultdict(set)
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            found = re.fullmatch(rf"data/{split}/attributions/(.+)_[0-9a-f]{{4}}\.ann", name)
            if not found:
                continue
            for line in archive.read(name).decode("utf-8").splitlines():
                mark = re.match(r"T\d+\t(Source|Cue) ([\d ;]+)\t", line)
                for fragment in mark[2].split(";") if mark else ():
                    start, end = map(int, fragment.split())
                    spans[found[1]].add(SpanLabel(mark[1].lower(), start, end))  # type: ignore[index]
    return {doc: sorted(found, key=lambda s: (s.start, s.end)) for doc, found in spans.items()}


def babe_rows(path: Path) -> list[dict[str, str]]:
    """Read BABE SG2 (Spinde et al. 2021) as dictionaries, `;`-separated."""
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream, delimiter=";"))


def read_babe(path: Path) -> Iterator[Article]:
    """Yield one article per news link: its sentences joined by line breaks."""
    grouped: dict[str, list[dict[str, str]]] = defaultdict(list)
    for row in babe_rows(path):
        grouped[row["news_link"]].append(row)
    for link, rows in grouped.items():
        text = "\n".join(row["text"] for row in rows)
        yield Article(link, "babe", text, rows[0]["outlet"], None, None, rows[0]["topic"], rows[0]["type"], link)


def babe_examples(path: Path) -> Iterator[Example]:
    """Yield BABE sentences with a bias label and loaded words; rows without agreement are left out."""
    for number, row in enumerate(babe_rows(path)):
        if row["label_bias"] not in ("Biased", "Non-biased"):
            continue
        spans = tuple(_find_words(row["text"], ast.literal_eval(row["biased_words"])))
        yield Example(
            id=f"babe-{number:05d}", text=row["text"], corpus="babe", doc=row["news_link"],
            outlet=row["outlet"], topic=row["topic"], outlet_bias=row["type"],
            bias=float(row["label_bias"] == "Biased"), spans=spans, roles=("loaded",),
        )  # fmt: skip


def _find_words(text: str, words: list[str]) -> Iterator[SpanLabel]:
    for word in words:
        found = re.search(rf"\b{re.escape(word)}\b", text, re.IGNORECASE)
        if found:
            yield SpanLabel("loaded", *found.span())


def read_newsmtsc(path: Path) -> Iterator[Article]:
    """Yield NewsMTSC sentences (Hamborg and Donnay 2021), each as a one-sentence article."""
    with path.open(encoding="utf-8") as stream:
        for line in stream:
            row = json.loads(line)
            yield Article(row["primary_gid"], "newsmtsc", row["sentence_normalized"])


_ABP = "https://github.com/ramybaly/Article-Bias-Prediction/tree/e9353def1b6599f8a16bccb6ac5fe682185d728e"
_MTSC = "https://github.com/fhamborg/NewsMTSC"
_MTSC_RAW = "https://raw.githubusercontent.com/fhamborg/NewsMTSC"
_POLNEAR = "https://github.com/networkdynamics/PolNeAR/tree/9b85973d1610e219cb1280819816edcaa0587371"
_BABE = (
    "https://github.com/Media-Bias-Group/Neural-Media-Bias-Detection-Using-Distant-Supervision-With-BABE"
    "/tree/74a96b5a33799717b4f4d22b0e609aa0e2e2fac3"
)

CORPORA: dict[str, Corpus] = {
    corpus.name: corpus
    for corpus in (
        Corpus("abp", "abp.jsonl.zst", "17276c92727d32c4f17de553f67e40a1f013024ffc9a08fc7d00315fec429973",
               _ABP, "Apache-2.0 (repository); article copyrights with the outlets", read_articles),
        Corpus("fakes", "fakes.jsonl.zst", "08ed4a37fc1b9375e479ed24d8e0df20ee533fa7782a4d0e690d6ec069370893",
               "https://zenodo.org/records/2607278", "CC BY 4.0", read_articles),
        Corpus("tehrantimes", "tehrantimes.jsonl.zst",
               "01933d16e869596d2138b5254a9dca76632588637e9c3971e78c4bca7349e515",
               "https://www.tehrantimes.com", "CC BY 4.0 (Mehr News Agency)", read_articles),
        Corpus("wikinews", "wikinews.jsonl.zst", "65145583c3ba653f8b8bbbc6f109e7964d6f1e38d013b34f394220744e5568b8",
               "https://en.wikinews.org", "CC BY 2.5", read_articles),
        Corpus("bbc-gaza", "bbc-gaza.jsonl.zst", "a75714b3246c00128925f9866788ffe7b29a7f6654929ed55cbe269a151be6f5",
               "https://www.bbc.com/news", "none stated", read_articles),
        Corpus("polnear", "polnear.zip", "7fb518e0dc138488a07d8971d2c3b9ffc3742633ce6dc609da9912c36c89a8ec",
               _POLNEAR, "MIT (software); none stated for the data",
               read_polnear),
        Corpus("babe", "babe.csv", "86807dced1631483c79340e45cbb1b4a1d8f40370785d1ffe45f096d8538ead4",
               _BABE, "AGPL-3.0", read_babe),
        Corpus("newsmtsc-train", "newsmtsc-train.jsonl",
               "fb80ff05993dd59016c36abefaa7bd00d77cb0cb38a781c1f9edd9ad7c61471e", _MTSC, "MIT", read_newsmtsc,
               f"{_MTSC_RAW}/6697904d6b6ba6da61b17041106e94e4561e448d/controller_data/datasets/"
               "NewsMTSC-dataset/train.jsonl"),
        Corpus("newsmtsc-test", "newsmtsc-devtest_mt.jsonl",
               "f7657900083bc12f41f1dcd7f19ae5b3eec87844da5eeb22d07ee916fe83a865", _MTSC, "MIT", read_newsmtsc,
               f"{_MTSC_RAW}/6054fd1bd7dcbb6d57e33bd1a31e65a407cd5fa0/DeepNewsSentiment/controller_data/datasets/"
               "newsmtsc-train-and-test-mt/devtest_mtsc_only.jsonl"),
        Corpus("heldout", "heldout.jsonl.zst", "7dae53f6abf1fb4e96cde16feb8274fa84cb041599496cc9620273e13ed9fefc",
               _ABP, "as abp; for scoring only, never for training", read_articles),
    )
}  # fmt: skip


def get_corpus(name: str) -> Corpus:
    """Return the corpus called `name`.

    Raises:
        DataError: for an unknown name, listing the known ones.
    """
    if name not in CORPORA:
        raise DataError(f"unknown corpus {name!r}; known: {', '.join(CORPORA)}")
    return CORPORA[name]


def iter_articles(name: str, directory: Path) -> Iterator[Article]:
    """Yield the articles of one corpus from the data directory.

    Raises:
        DataError: for an unknown corpus or a file that is not there.
    """
    corpus = get_corpus(name)
    path = directory / corpus.file
    if not path.exists():
        raise DataError(f"{path} is missing; type: sayso data fetch {name} --from DIR")
    return corpus.articles(path)
