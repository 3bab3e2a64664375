"""Draw augmented training examples: minimal pairs, surface changes and traps, the same ones for the same seed."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Final

from sayso.errors import ConfigError
from sayso_data.schema import Example
from sayso_training import minimal_pairs as pairs
from sayso_training.perturb import PERTURBATIONS, Edit
from sayso_training.rewrite import edited
from sayso_training.traps import trap_examples

Transform = Callable[[Example, random.Random], Example | None]
LONGEST = 220  # characters; upper case in a long sentence is not what is found in news
_CONFUSED: Final = (("rn", "m"), ("m", "rn"), ("l", "1"), ("o", "0"), ("e", "c"), ("h", "b"), ("cl", "d"), ("i", "l"))


def surface(name: str) -> Transform:
    """Return the transformation that makes one of the perturbations and keeps every label."""

    def change(example: Example, rng: random.Random) -> Example | None:
        edits = PERTURBATIONS[name](example.text)
        if not edits or len(example.text) > LONGEST:
            return None
        return edited(example, edits, name)

    return change


def ocr(example: Example, rng: random.Random) -> Example | None:
    """Misread one or two characters in long lower-case words outside every span, as OCR does."""
    words = [m for m in re.finditer(r"(?<![\w'’-])[a-z]{5,}(?![\w'’-])", example.text) if not _in_span(example, m)]
    places = [
        Edit(word.start() + hit.start(), word.start() + hit.end(), wrong)
        for word in words
        for right, wrong in _CONFUSED
        for hit in re.finditer(right, word[0])
    ]
    if len(words) < 4 or not places:
        return None
    first = rng.choice(places)
    apart = [edit for edit in places if abs(edit.start - first.start) > 8]
    return edited(example, [first, *rng.sample(apart, min(len(apart), rng.randint(0, 1)))], "ocr")


def _in_span(example: Example, word: re.Match[str]) -> bool:
    return any(span.start < word.end() and span.end > word.start() for span in example.spans)


# name: (transformation, share). Label-changing pairs outweigh surface changes: they are what the model gets wrong.
TRANSFORMS: Final[dict[str, tuple[Transform, int]]] = {
    "hedge_verb": (pairs.hedge_verb, 4),
    "hedge_may": (pairs.hedge_may, 2),
    "hedge_sentence": (pairs.hedge_sentence, 2),
    "attribute_end": (pairs.attribute_end, 3),
    "attribute_front": (pairs.attribute_front, 3),
    "deny": (pairs.deny, 2),
    "swap_cue": (pairs.swap_cue, 3),
    "move_attribution": (pairs.move_attribution, 2),
    "drop_hedge": (pairs.drop_hedge, 1),
    "swap_source": (pairs.swap_source, 2),
    "lower": (surface("lower"), 1),
    "upper": (surface("upper"), 1),
    "headline": (surface("headline"), 1),
    "typographic": (surface("typographic"), 1),
    "straight": (surface("straight"), 1),
    "no-commas": (surface("no-commas"), 1),
    "no-stop": (surface("no-stop"), 1),
    "ocr": (ocr, 1),
}
TRAP_SHARE: Final = 4


def augment(examples: Sequence[Example], count: int, seed: int) -> list[Example]:
    """Return `count` new examples made from gold `examples`, none of whose texts is there already.

    Ids carry a suffix; `doc` and `corpus` are those of the origin, so that grouping by document still holds.

    Raises:
        ConfigError: when the examples do not yield so many.
    """
    seen = {example.text for example in examples}
    found: list[Example] = []
    for example in _offers(examples, seed):
        if len(found) == count:
            break
        if example.text not in seen:
            seen.add(example.text)
            found.append(example)
    if len(found) < count:
        raise ConfigError(f"data.augment asks for {count}, but these sentences yield {len(found)}; set it lower")
    return found


def _offers(examples: Sequence[Example], seed: int) -> Iterator[Example]:
    """Yield what the transformations make, each taking its turns by share until all are exhausted."""
    makers = {name: _made(name, change, examples, seed) for name, (change, _) in TRANSFORMS.items()}
    shares = {name: share for name, (_, share) in TRANSFORMS.items()} | {"traps": TRAP_SHARE}
    makers["traps"] = trap_examples(seed)
    while makers:
        for name in list(makers):
            turn = list(islice(makers[name], shares[name]))
            if len(turn) < shares[name]:
                del makers[name]
            yield from turn


def _made(name: str, change: Transform, examples: Sequence[Example], seed: int) -> Iterator[Example]:
    rng = random.Random(f"{seed} {name}")
    for number in rng.sample(range(len(examples)), len(examples)):
        made = change(examples[number], rng)
        if made is not None:
            yield made
