"""Sentences that are nearly the same: MinHash to find them, Jaccard similarity to be sure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sayso.errors import MissingExtraError

SHINGLE = 5  # characters
PERMUTATIONS = 128
THRESHOLD = 0.9  # one word in a sentence of thirty


def near_pairs(texts: Sequence[str], threshold: float = THRESHOLD) -> Iterator[tuple[int, int, float]]:
    """Yield (earlier, later, similarity) for each text that is nearly, but not wholly, an earlier one: its likest.

    Similarity is the Jaccard index of 5-character shingles, case and white space aside.

    Raises:
        MissingExtraError: without datasketch.
    """
    try:
        from datasketch import MinHash, MinHashLSH
    except ImportError as error:
        raise MissingExtraError("looking for near-duplicates (or leave it off: --near 0)", "data") from error
    kept = list({" ".join(text.casefold().split()): i for i, text in reversed(list(enumerate(texts)))}.items())
    kept.sort(key=lambda pair: pair[1])
    shingles = [_shingles(text) for text, _ in kept]
    # below the threshold, so that hardly a pair is missed; the exact index decides
    index = MinHashLSH(threshold=max(0.1, threshold - 0.1), num_perm=PERMUTATIONS)
    hashes = MinHash.generator([[s.encode() for s in own] for own in shingles], num_perm=PERMUTATIONS, seed=1)
    for later, signature in enumerate(hashes):
        likest = max(((_jaccard(shingles[i], shingles[later]), -i) for i in index.query(signature)), default=(0.0, 0))
        if likest[0] >= threshold:
            yield kept[-likest[1]][1], kept[later][1], likest[0]
        index.insert(later, signature)


def _shingles(text: str) -> frozenset[str]:
    return frozenset(text[i : i + SHINGLE] for i in range(max(1, len(text) - SHINGLE + 1)))


def _jaccard(one: frozenset[str], other: frozenset[str]) -> float:
    return len(one & other) / len(one | other)
