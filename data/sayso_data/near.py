"""Sentences that are nearly the same: MinHash to find them, Jaccard similarity to be sure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sayso.errors import MissingExtraError

SHINGLE = 5  # characters
PERMUTATIONS = 128
THRESHOLD = 0.9  # one word in a sentence of thirty


def near_pairs(texts: Sequence[str], threshold: float = THRESHOLD) -> Iterator[tuple[int, int, float]]:
    """Yield (earlier, later, similarity) for each text that is nearly an earlier one: the likest of those.

    Similarity is the Jaccard index of 5-character shingles; case and white space aside, the same text has 1.

    Raises:
        MissingExtraError: without datasketch.
    """
    first: dict[str, int] = {}
    for number, text in enumerate(texts):
        earlier = first.setdefault(" ".join(text.casefold().split()), number)
        if earlier != number:
            yield earlier, number, 1.0
    numbers = list(first.values())
    for earlier, later, similarity in _unequal_pairs([_shingles(text) for text in first], threshold):
        yield numbers[earlier], numbers[later], similarity


def _unequal_pairs(shingles: Sequence[frozenset[str]], threshold: float) -> Iterator[tuple[int, int, float]]:
    try:
        from datasketch import MinHash, MinHashLSH
    except ImportError as error:
        raise MissingExtraError("looking for near-duplicates (or leave it off: --near 0)", "data") from error
    # below the threshold, so that hardly a pair is missed; the exact index decides
    index = MinHashLSH(threshold=max(0.1, threshold - 0.1), num_perm=PERMUTATIONS)
    encoded = [[shingle.encode("utf-8", "surrogatepass") for shingle in own] for own in shingles]
    hashes = MinHash.generator(encoded, num_perm=PERMUTATIONS, seed=1)
    for later, signature in enumerate(hashes):
        found = [(_jaccard(shingles[earlier], shingles[later]), -earlier) for earlier in index.query(signature)]
        similarity, earlier = max(found, default=(0.0, 0))
        if similarity >= threshold:
            yield -earlier, later, min(similarity, 0.9999)  # other texts may have the same shingles
        index.insert(later, signature)


def _shingles(text: str) -> frozenset[str]:
    return frozenset(text[i : i + SHINGLE] for i in range(max(1, len(text) - SHINGLE + 1)))


def _jaccard(one: frozenset[str], other: frozenset[str]) -> float:
    return len(one & other) / len(one | other)
