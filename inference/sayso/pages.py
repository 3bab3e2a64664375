"""What `sayso report` does: articles to page files, whose names nothing in an id can lead elsewhere."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import click
from rich.console import Console

from sayso.classifier import Classifier
from sayso.commands import Faults
from sayso.corpus import Scored, Tally, score
from sayso.errors import InputError, OutputError
from sayso.readers import ReadOptions, expand
from sayso.records import Document, Sentence
from sayso.report import render_article
from sayso.terminal import printable

ARTICLE = 2_000_000  # characters that one page can show: no browser takes pleasure in more
NAME = 100  # bytes of a file name, of the 255 that file systems allow
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)


def run_report(path: str, out: Path, model: str | None, text_field: str, id_field: str, overwrite: bool) -> int:
    """Write the pages of all documents of `path`; return the exit status.

    Raises:
        InputError: for an article of more than ARTICLE characters.
        OutputError: for several documents and one file, or a page that exists or cannot be written.
    """
    tally = Tally()
    single = out.suffix.lower() in (".html", ".htm")
    taken: set[str] = set()
    classifier = Classifier.load(model)
    faults = Faults(Console(stderr=True))
    scored = score(expand([path]), classifier, ReadOptions(text_field, id_field), tally, on_fault=faults)
    for document, sentences in articles(scored):
        if single and tally.documents > 1:
            raise OutputError(f"{path} holds several documents; name a folder with --out")
        target = out if single else out / f"{page_name(document.id, taken)}.html"
        title = str(document.metadata.get("title") or document.id)
        write_page(target, render_article(document.text, sentences, title), overwrite)
    return 1 if tally.faults else 0


def articles(batches: Iterable[Scored]) -> Iterator[tuple[Document, list[Sentence]]]:
    """Yield whole documents with their sentences out of batches of pieces."""
    texts: list[str] = []
    sentences: list[Sentence] = []
    for piece, own in (pair for batch in batches for pair in batch):
        texts.append(piece.text)
        sentences += own
        if piece.offset + len(piece.text) > ARTICLE:
            raise InputError(
                f"{piece.id} is longer than {ARTICLE:,} characters, too long for a page; split it, or use: sayso score"
            )
        if not piece.more:
            yield replace(piece, text="".join(texts), offset=0), sentences
            texts, sentences = [], []


def page_name(identity: str, taken: set[str]) -> str:
    """Return a file name for a document that is in no other folder, not hidden, not reserved and not in `taken`.

    An id that had to be changed gets a piece of its digest, so that different ids never share a page. Names that
    differ in case alone count as the same, and the name is added to `taken`.
    """
    name = re.sub(r"[^\w.-]+", "_", identity).strip("._-").encode("utf-8", "replace")[:NAME].decode("utf-8", "ignore")
    if name != identity or not name or _RESERVED.fullmatch(name):
        digest = sha256(identity.encode("utf-8", "surrogatepass")).hexdigest()[:8]
        name = f"{'' if name and not _RESERVED.fullmatch(name) else 'document-'}{name}-{digest}".replace("--", "-")
    unique, number = name, 1
    while unique.casefold() in taken:
        number += 1
        unique = f"{name}-{number}"
    taken.add(unique.casefold())
    return unique


def write_page(target: Path, page: str, overwrite: bool) -> None:
    """Write a page whole or not at all; a link in its place is replaced, never followed.

    Raises:
        OutputError: when the page exists and `overwrite` is off, or it cannot be written.
    """
    if os.path.lexists(target) and not overwrite:
        raise OutputError(f"{target} exists; add --overwrite, or name another --out")
    partial = target.with_name(target.name + ".partial")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        partial.unlink(missing_ok=True)
        with partial.open("x", encoding="utf-8") as stream:
            stream.write(page)
        os.replace(partial, target)
    except OSError as error:
        raise OutputError(f"{target} cannot be written: {error}") from error
    click.echo(f"wrote {printable(str(target))}", err=True)
