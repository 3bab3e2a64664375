"""Offsets of others to code points, and what is wrong with those that do not fit."""

from __future__ import annotations

import re

# What tools count: Python and today's Label Studio code points, JavaScript and Java UTF-16 code units, C and Rust
# bytes; "lf" is code points of a text whose CRLF had become LF.
UNITS = ("codepoints", "utf16", "utf8", "lf")


class OffsetError(Exception):
    """A span that is not in its text, or not where its offsets say."""


def place(text: str, start: int, end: int, quote: str | None = None, unit: str = "codepoints") -> tuple[int, int]:
    """Return the (start, end) code points of a span of `text`, checked against `quote`, the words it should cover.

    Raises:
        OffsetError: saying what stands there instead and what would fit.
    """
    found = convert(text, start, end, unit)
    if found is None or not 0 <= found[0] < found[1] <= len(text):
        raise OffsetError(f"span {start}-{end} is outside the {len(text)} characters{_advice(text, start, end, quote)}")
    if quote is not None and _flat(text[slice(*found)]) != _flat(quote):
        stands = _shown(text[slice(*found)])
        raise OffsetError(f"at {start}-{end} stands {stands}, not {_shown(quote)}{_advice(text, start, end, quote)}")
    return found


def convert(text: str, start: int, end: int, unit: str) -> tuple[int, int] | None:
    """Return offsets of `text` counted in `unit` as code points; None when one falls inside a character."""
    if unit == "codepoints" or (unit != "lf" and text.isascii()):
        return start, end
    at: dict[int, int] = {}
    offset = 0
    for index, character in enumerate(text):
        at.setdefault(offset, index)
        offset += _size(text, index, character, unit)
    at.setdefault(offset, len(text))
    return (at[start], at[end]) if start in at and end in at else None


def _size(text: str, index: int, character: str, unit: str) -> int:
    if unit == "utf16":
        return 2 if ord(character) > 0xFFFF else 1
    if unit == "utf8":
        return len(character.encode("utf-8", "surrogatepass"))
    return 0 if text.startswith("\r\n", index) else 1


def _advice(text: str, start: int, end: int, quote: str | None) -> str:
    """Say which unit would make the span fit its quote, or where its words stand."""
    if quote is None:
        return ""
    for unit in UNITS:
        found = convert(text, start, end, unit)
        if found and _flat(text[slice(*found)]) == _flat(quote):
            return f"; the offsets fit when read as {unit}: add --offsets {unit}"
    places = [str(m.start()) for m in re.finditer(re.escape(quote), text)][:3]
    return f"; these words stand at {', '.join(places)}" if places else "; these words are not in the text"


def _flat(text: str) -> str:
    """Return `text` with every line break character a space, as brat writes the words of a span."""
    return text.replace("\r", " ").replace("\n", " ")


def _shown(text: str) -> str:
    return repr(text if len(text) <= 40 else text[:37] + "...")
