"""A web page to its readable text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, BinaryIO

from sayso.readers.base import Fault, ReadOptions, fault, file_name, preview, too_long, unfit
from sayso.records import Document, Place

FIELDS = ("title", "author", "date", "url", "sitename")
PAGE_BYTES = 10_000_000  # the parsed page takes many times its size


def read_html(path: str, stream: BinaryIO, options: ReadOptions) -> Iterator[Document | Fault]:
    """Yield the readable text of a page with its title, author, date, address and site, or why there is none.

    Nothing that the page names is fetched, and no entity of its own is expanded (the HTML parser reads no DTD).
    """
    limit = min(options.limit, PAGE_BYTES)
    data = stream.read(limit + 1)
    place = Place(path, 1, 0, len(data), preview(data))
    if len(data) > limit:
        yield too_long(Place(path, 1, 0, None, place.preview), limit)
        return
    try:
        page = _extract(data)
    except Exception as error:  # whatever the extractor stumbles over, other pages can still be read
        yield fault(place, f"this page cannot be read: {type(error).__name__}: {error}")
        return
    if page is None:
        yield fault(place, "no readable text in this page")
        return
    fields = {name: value for name in FIELDS if (value := getattr(page, name, None))}
    problem = unfit(None, fields, options)
    yield fault(place, problem) if problem else Document(file_name(path), page.text or "", fields, place=place)


def _extract(data: bytes) -> Any:
    """Return what trafilatura finds; it gets text, for it would try to decompress bytes."""
    from trafilatura import bare_extraction

    text = _decode(data)
    return bare_extraction(text, with_metadata=True) if text.strip() else None


def _decode(data: bytes) -> str:
    from trafilatura.utils import detect_encoding

    for encoding in ("utf-8-sig", *detect_encoding(data)):
        try:
            return data.decode(encoding)
        except (LookupError, UnicodeDecodeError):
            continue
    return data.decode("utf-8", "replace")
