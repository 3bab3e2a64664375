"""What `sayso score` does once its arguments are known."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import ExitStack, nullcontext
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from sayso.classifier import Classifier
from sayso.corpus import Scored, Tally, score, written
from sayso.errors import ConfigError
from sayso.pools import OpenPool, ProcessPool
from sayso.readers import STDIN, Fault, ReadOptions, expand
from sayso.records import Sentence
from sayso.runner import run_corpus
from sayso.terminal import printable
from sayso.writers import check_target, open_writer

STYLES = {"fact": "green", "claim": "blue", "hedge": "yellow", "none": "dim"}
SHOWN_FAULTS = 20


def run_score(
    paths: Sequence[str], out: str | None, model: str | None, unit: str, text_field: str, id_field: str, kind: str,
    table: bool, strict: bool, overwrite: bool, threads: int | None, quiet: bool, max_document_bytes: int, engine: str,
    ray: str | None = None,
) -> int:  # fmt: skip
    """Score the paths; return the exit status."""
    files = expand(paths)
    options = ReadOptions(text_field, id_field, unit, strict, kind, max_document_bytes)
    if out is not None and is_folder(out):
        return _run_corpus(files, Path(out), model, options, threads, overwrite, quiet, engine, _pool(ray))
    if ray is not None:
        raise ConfigError("--ray needs a folder that all machines see: add --out FOLDER/")
    if out not in (None, "-"):
        check_target(Path(str(out)), overwrite)
    tally = Tally()
    errors = Console(stderr=True)
    with ExitStack() as stack:
        writer = stack.enter_context(open_writer(out or "-", overwrite)) if out or not table else None
        progress = stack.enter_context(_progress(errors, disable=quiet or not errors.is_terminal))
        task = progress.add_task("scoring", total=_size(files), rate="")
        classifier = Classifier.load(model, threads, engine)
        show = Faults(errors)
        for batch in score(files, classifier, options, tally, lambda n: progress.advance(task, n), show):
            if writer:
                for part in written(batch):
                    writer.write([s.to_dict(d.metadata) for d, sentences in part for s in sentences])
            if table:
                Console().print(sentence_table(batch))
            elapsed = progress.tasks[0].elapsed or 0.0
            progress.update(task, rate=f"{tally.sentences / max(elapsed, 1e-9):,.0f} sentences/s")
    if not quiet:
        errors.print(summary(tally), highlight=False)
    return 1 if tally.faults else 0


def is_folder(out: str) -> bool:
    """Say whether --out names a folder: one that exists, ends in a slash, or has no suffix."""
    return out != "-" and (out.endswith("/") or Path(out).is_dir() or not Path(out).suffix)


def _run_corpus(
    files: Sequence[str], folder: Path, model: str | None, options: ReadOptions, workers: int | None,
    overwrite: bool, quiet: bool, engine: str, open_pool: OpenPool,
) -> int:  # fmt: skip
    errors = Console(stderr=True)
    show = Faults(errors)
    with errors.status("scoring") if errors.is_terminal and not quiet else nullcontext() as status:

        def progress(tally: Tally) -> None:
            if status:
                status.update(f"scoring: {summary(tally)}")

        tally = run_corpus(
            files, folder, model, options, workers, overwrite, progress=progress, on_fault=show, engine=engine,
            open_pool=open_pool,
        )  # fmt: skip
    if not quiet:
        errors.print(summary(tally), highlight=False)
    return 1 if tally.faults else 0


def _pool(ray: str | None) -> OpenPool:
    if ray is None:
        return ProcessPool
    from sayso.adapters.ray_pool import ray_pool

    return ray_pool(ray)


class Faults:
    """Print the first faults as they come; the tally counts the rest."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._count = 0

    def __call__(self, fault: Fault) -> None:
        """Print one fault."""
        self._count += 1
        if self._count <= SHOWN_FAULTS:
            place = f"{fault.file}:{fault.line}" if fault.line else fault.file
            self._console.print(Text(printable(f"sayso: {place}: {fault.reason}")), soft_wrap=True)
        elif self._count == SHOWN_FAULTS + 1:
            self._console.print(Text("sayso: further faults are counted, not shown"))


def _progress(console: Console, disable: bool) -> Progress:
    columns = ("[progress.description]{task.description}", BarColumn(), DownloadColumn(), TimeRemainingColumn())
    return Progress(*columns, TextColumn("{task.fields[rate]}"), console=console, disable=disable, transient=True)


def _size(files: Sequence[str]) -> int | None:
    return None if STDIN in files else sum(os.path.getsize(file) for file in files)


def sentence_table(batch: Scored) -> Table:
    """Return the sentences of a batch as a table: label, probability, source, text."""
    table = Table(show_edge=False, pad_edge=False)
    for name in ("document", "label", "p", "source", "sentence"):
        table.add_column(name, overflow="fold", ratio=6 if name == "sentence" else None)
    for document, sentences in batch:
        for sentence in sentences:
            table.add_row(*_cells(document.id, sentence))
    return table


def _cells(doc_id: str, sentence: Sentence) -> list[Text]:
    source = "; ".join(span.text for span in sentence.sources)
    kind = f" ({sentence.source_kind})" if sentence.source_kind else ""
    share = f"{sentence.probabilities[sentence.label]:.2f}"
    values = [doc_id, sentence.label, share, (source or "-") + kind if source or kind else "", sentence.text]
    return [Text(printable(value), style=STYLES[sentence.label] if i == 1 else "") for i, value in enumerate(values)]


def summary(tally: Tally) -> str:
    """Return one line that says what was scored."""
    counts = ", ".join(f"{label} {count}" for label, count in tally.labels.most_common())
    faults = f"; {tally.faults} faults" if tally.faults else ""
    return f"{tally.documents} documents, {tally.sentences} sentences ({counts or 'none'}){faults}"
