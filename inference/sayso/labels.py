"""The label schema: every class, tag and span role that a model can give, in the order of its logits."""

from __future__ import annotations

from typing import Final

SCHEMA_VERSION: Final = 1

LABELS: Final = ("fact", "claim", "hedge", "none")
KINDS: Final = ("official", "partisan", "organization", "expert", "media", "person", "unnamed")
STANCES: Final = ("affirm", "doubt", "deny")
FRAMINGS: Final = ("endorse", "neutral", "distance")
ROLES: Final = ("source", "cue", "hedge", "loaded")

# One entry a sentence head; the token head is ROLES and the bias head is one logit.
HEADS: Final[dict[str, tuple[str, ...]]] = {
    "label": LABELS,
    "kind": KINDS,
    "stance": STANCES,
    "framing": FRAMINGS,
}

MEANINGS: Final = {
    "fact": "the writer vouches for it, flatly",
    "claim": "somebody else vouches for it, or it is the writer's own judgement",
    "hedge": "nobody fully vouches for it",
    "none": "nothing is asserted",
}

NOTICE: Final = "Labels describe how a sentence presents its content, never whether it is true."
