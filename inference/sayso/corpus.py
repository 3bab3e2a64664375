"""Score files: read, batch over documents, label, write, count."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from sayso.classifier import Classifier
from sayso.readers import Advance, Fault, ReadOptions, read
from sayso.records import Document, Sentence

BATCH_CHARACTERS = 200_000  # enough sentences to sort by length, little enough to hold
BATCH_DOCUMENTS = 512

Scored = list[tuple[Document, list[Sentence]]]


@dataclass(slots=True)
class Tally:
    """What a scoring run did so far; the faults are those of the input."""

    documents: int = 0
    labels: Counter[str] = field(default_factory=Counter)
    faults: list[Fault] = field(default_factory=list)

    @property
    def sentences(self) -> int:
        """Return the number of sentences scored."""
        return self.labels.total()


def score(
    paths: Sequence[str],
    classifier: Classifier,
    options: ReadOptions,
    tally: Tally,
    advance: Advance = lambda _: None,
    on_fault: Callable[[Fault], None] = lambda _: None,
) -> Iterator[Scored]:
    """Yield documents with their labelled sentences, in input order, a batch at a time.

    Raises:
        InputError: when a file as a whole cannot be read.
    """
    for batch in batched(_documents(paths, options, tally, advance, on_fault)):
        results = classifier.analyze_documents(batch, whole=options.unit == "sentence")
        tally.documents += len(batch)
        tally.labels.update(sentence.label for sentences in results for sentence in sentences)
        yield list(zip(batch, results, strict=True))


def _documents(
    paths: Sequence[str], options: ReadOptions, tally: Tally, advance: Advance, on_fault: Callable[[Fault], None]
) -> Iterator[Document]:
    for path in paths:
        for item in read(path, options, advance):
            if isinstance(item, Document):
                yield item
            else:
                tally.faults.append(item)
                on_fault(item)


def batched(documents: Iterable[Document]) -> Iterator[list[Document]]:
    """Yield documents in groups that are worth a batch and small enough to hold."""
    batch: list[Document] = []
    size = 0
    for document in documents:
        batch.append(document)
        size += len(document.text)
        if size >= BATCH_CHARACTERS or len(batch) >= BATCH_DOCUMENTS:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch
