"""Score files: read, batch over documents, label, write, count.

A long document goes through in pieces (`sayso.segmentation.piece_end`), one batch of them at a time, so memory
depends neither on the number of documents nor on the length of one. Its sentences carry the offsets and indices of
the whole document all the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from sayso.classifier import Classifier
from sayso.labelled import Labelled
from sayso.readers import Advance, Fault, ReadOptions, read_all
from sayso.records import Document, Sentence, extent
from sayso.segmentation import piece_end

BATCH_CHARACTERS = 200_000  # enough sentences to sort by length, little enough to hold
BATCH_DOCUMENTS = 512
BATCH_WRITTEN = 50_000_000  # characters of carried columns that are written at a time

Scored = list[tuple[Document, list[Sentence]]]


@dataclass(slots=True)
class Tally:
    """What a scoring run did so far; `faults` counts those of the input."""

    documents: int = 0
    labels: Counter[str] = field(default_factory=Counter)
    faults: int = 0

    @property
    def sentences(self) -> int:
        """Return the number of sentences scored."""
        return self.labels.total()

    def add(self, labelled: Labelled) -> None:
        """Count a batch; a document counts with its last piece."""
        self.documents += sum(not document.more for document in labelled.documents)
        names = labelled.artifact.config.heads["label"]
        self.labels.update(names[number] for number in labelled.decoded.best["label"].tolist())


def score(
    paths: Sequence[str],
    classifier: Classifier,
    options: ReadOptions,
    tally: Tally,
    advance: Advance = lambda _: None,
    on_fault: Callable[[Fault], None] = lambda _: None,
) -> Iterator[Scored]:
    """Yield documents, or pieces of long ones, with their labelled sentences, in input order, a batch at a time.

    Raises:
        InputError: when a file as a whole cannot be read.
    """
    documents = _documents(paths, options, tally, advance, on_fault)
    for labelled in label_batches(documents, classifier, options.unit == "sentence"):
        tally.add(labelled)
        yield labelled.scored()


def _documents(
    paths: Sequence[str], options: ReadOptions, tally: Tally, advance: Advance, on_fault: Callable[[Fault], None]
) -> Iterator[Document]:
    for item in read_all(paths, options, advance):
        if isinstance(item, Document):
            yield item
        else:
            tally.faults += 1
            on_fault(item)


def label_batches(documents: Iterable[Document], classifier: Classifier, whole: bool) -> Iterator[Labelled]:
    """Yield documents labelled in batches, long ones in pieces; with `whole` each is one sentence."""
    before = 0
    for batch in batched(documents if whole else (piece for document in documents for piece in pieces(document))):
        labelled = classifier.label_documents(batch, whole=whole).continued(before)
        before = labelled.pending
        yield labelled


def pieces(document: Document) -> Iterator[Document]:
    """Yield a document in consecutive pieces of at most `PIECE` characters; most documents are one."""
    start, length = 0, len(document.text)
    while (end := piece_end(document.text, start)) < length:
        yield replace(document, text=document.text[start:end], offset=document.offset + start, more=True)
        start = end
    yield replace(document, text=document.text[start:], offset=document.offset + start) if start else document


def weight(document: Document) -> int:
    """Return about how many characters a document holds, its other columns included."""
    return len(document.text) + len(document.id) + extent(document.metadata)[0]


def batched(documents: Iterable[Document]) -> Iterator[list[Document]]:
    """Yield documents in groups that are worth a batch and small enough to hold."""
    batch: list[Document] = []
    size = carried = 0
    for document in documents:
        batch.append(document)
        size += len(document.text)
        carried += extent(document.metadata)[0]
        if size >= BATCH_CHARACTERS or len(batch) >= BATCH_DOCUMENTS or carried >= BATCH_WRITTEN:
            yield batch
            batch, size, carried = [], 0, 0
    if batch:
        yield batch


def written(scored: Scored) -> Iterator[Scored]:
    """Yield a batch in parts of which every record, with the columns that it carries, can be held at once."""
    part: Scored = []
    size = 0
    for document, sentences in scored:
        each = extent(document.metadata)[0] + len(document.id) + 1
        step = max(1, BATCH_WRITTEN // each)
        for start in range(0, max(len(sentences), 1), step):
            own = sentences[start : start + step]
            if part and size + len(own) * each > BATCH_WRITTEN:
                yield part
                part, size = [], 0
            part.append((document, own))
            size += len(own) * each
    if part:
        yield part
