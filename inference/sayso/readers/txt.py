"""Plain text to one document, or to one sentence a line."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from typing import BinaryIO

from sayso.readers.base import Fault, ReadOptions, decode, fault, file_name, not_utf8, preview
from sayso.readers.files import CHUNK, READ_ERRORS, read_some
from sayso.readers.lines import bounded_lines
from sayso.records import Document, Place
from sayso.segmentation import PIECE, piece_end


def read_txt(path: str, stream: BinaryIO, options: ReadOptions) -> Iterator[Document | Fault]:
    """Yield the text as one document, in consecutive pieces when it is long; with `unit` sentence, a line each."""
    if options.unit == "sentence":
        yield from _read_lines(path, stream, options)
        return
    name, text, offset = file_name(path), "", 0
    place = Place(path, 1, 0)
    try:
        for part in _decoded(path, stream, options):
            if isinstance(part, Fault):
                yield part
                continue
            text += part
            while len(text) > PIECE:
                end = piece_end(text)
                yield Document(name, text[:end], offset=offset, more=True, place=place)
                text, offset = text[end:], offset + end
    except READ_ERRORS:
        if offset or text:  # what was read stands, and no document stays open
            yield Document(name, text, offset=offset, place=place)
        raise
    yield Document(name, text, offset=offset, place=place)


def _decoded(path: str, stream: BinaryIO, options: ReadOptions) -> Iterator[str | Fault]:
    """Yield the text a chunk at a time, and one fault at the first bytes that are not UTF-8."""
    decoder = codecs.getincrementaldecoder("utf-8")("strict")
    start = stream.read(len(codecs.BOM_UTF8))
    at = len(start) if start == codecs.BOM_UTF8 else 0
    chunk = start[at:] or read_some(stream, CHUNK)
    while True:
        try:
            yield decoder.decode(chunk, final=not chunk)
        except UnicodeDecodeError as error:
            held = len(decoder.getstate()[0])
            wrong = at - held + error.start
            if options.strict:
                raise not_utf8(path, 1, wrong) from error
            place = Place(path, 1, wrong, error.end - error.start, preview(error.object[error.start :]))
            yield fault(place, "bytes that are not UTF-8 were replaced by U+FFFD")
            decoder.errors = "replace"
            yield decoder.decode(chunk, final=not chunk)
        if not chunk:
            return
        at += len(chunk)
        chunk = read_some(stream, CHUNK)


def _read_lines(path: str, stream: BinaryIO, options: ReadOptions) -> Iterator[Document | Fault]:
    for raw in bounded_lines(path, stream, options.limit):
        if isinstance(raw, Fault):
            yield raw
            continue
        text, replaced = decode(raw, options)
        yield from [replaced] if replaced else []
        yield Document(f"{file_name(path)}:{raw.place.line}", text.rstrip("\r\n"), place=raw.place)
