"""Other persons, places and outlets in a sentence, which leave its label as it is."""

from __future__ import annotations

import random
import re
from collections.abc import Iterable
from functools import cache

from sayso_training.names import NOT_FAMILY, OUTLETS, REGIONS, TITLES, WESTERN

INVENTED_OUTLETS = ("the Harbour Gazette", "the Northfield Courier", "the Meridian Dispatch")


def one_of(words: Iterable[str]) -> str:
    """Return an alternation of literal words, the longest first."""
    return "|".join(re.escape(word) for word in sorted(set(words), key=lambda w: (-len(w), w)))


@cache
def _person() -> re.Pattern[str]:
    given = one_of(name for region in REGIONS.values() for name in region.given)
    family = rf"(?!(?:{one_of(NOT_FAMILY)})\b)[A-Z][\w’'-]*[a-z]\b(?<!['’]s)"
    full = rf"(?P<given>{given})\s+(?:[A-Z]\.\s+)?(?P<family>{family})"
    titled = rf"(?:{one_of(TITLES)})\s+(?!(?:{given})\s+[A-Z])(?P<alone>{family}(?:\s+{family})?)"
    return re.compile(rf"(?<![\w-])(?:{full}|{titled})")


@cache
def _place() -> re.Pattern[str]:
    return re.compile(rf"(?<![\w-])(?:{one_of(p for r in REGIONS.values() for p in r.places)})(?![\w-])")


def swap_names(text: str, region: str, seed: str) -> str:
    """Return `text` with the persons and places that the lists know renamed after `region`.

    A person is a listed given name before a capitalised word, or a capitalised word after a title; a place is a
    listed one. The same name becomes the same name throughout a sentence; `seed` decides which.
    """
    names, chosen = REGIONS[region], random.Random(f"{seed} {region}")
    found: dict[str, str] = {}

    def new(old: str, choices: tuple[str, ...]) -> str:
        others = [name for name in choices if name != old] or list(choices)
        return found.setdefault(old, chosen.choice(others))

    def rename(match: re.Match[str]) -> str:
        if match["alone"]:
            return match[0][: match.start("alone") - match.start()] + new(match["alone"], names.family)
        return f"{new(match['given'], names.given[:10])} {new(match['family'], names.family)}"

    renamed = _person().sub(rename, text)
    return _place().sub(lambda m: new(m[0], names.places[:8]), renamed)


def world(text: str) -> str | None:
    """Return `far` for a text that holds a listed name or place outside the West, `near` for Western ones only.

    None where the lists know nothing in it.
    """
    regions = {name for name in REGIONS if re.search(rf"(?<![\w-])(?:{_known(name)})(?![\w-])", text)}
    return None if not regions else "near" if regions == {WESTERN} else "far"


@cache
def _known(region: str) -> str:
    names = REGIONS[region]
    return one_of((*names.given, *names.family, *names.places))


def outlet_pattern(outlet: str | None) -> re.Pattern[str]:
    """Return a pattern of the well-known outlets and of `outlet` (a corpus field, without its section)."""
    own = re.sub(r"\s*\(.*?\)|\s+-\s.*$", "", outlet or "").replace("-", " ").strip()
    listed = one_of(OUTLETS)
    named = rf"|{re.escape(own.title())}|{re.escape(own)}" if len(own) > 2 and own[:1].isalpha() else ""
    return re.compile(rf"(?<![\w-])(?:[Tt]he\s+)?(?=[A-Z])(?:{listed}{named})(?![\w-])")


def replace_outlets(text: str, outlet: str | None, seed: str) -> str:
    """Return `text` with an invented outlet in the place of each known one."""
    chosen = random.Random(seed)
    return _sentence_case(text, outlet_pattern(outlet).sub(lambda m: chosen.choice(INVENTED_OUTLETS), text))


def remove_outlets(text: str, outlet: str | None) -> str:
    """Return `text` with the bare words `the outlet` in the place of each known one."""
    return _sentence_case(text, outlet_pattern(outlet).sub("the outlet", text))


def _sentence_case(before: str, after: str) -> str:
    return after[:1].upper() + after[1:] if before[:1].isupper() else after
