"""Text of others on a terminal: nothing in it may move the cursor, set a title or hide other text."""

from __future__ import annotations

import re

_SPACES = re.compile(r"[\t\n\r\v\f\x85\u2028\u2029]+")
# Control characters, marks that turn the direction of the text around them, and what no terminal can be sent.
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def printable(text: str) -> str:
    """Return `text` on one line, with U+FFFD for every character that a terminal would obey instead of show."""
    return _UNSAFE.sub("\ufffd", _SPACES.sub(" ", text))
