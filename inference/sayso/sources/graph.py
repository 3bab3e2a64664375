"""The values that linking gives out: sources with their mentions, and what each sentence is attributed to."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from typing import Any, Final

# How a reader can tell the source of a sentence; data/sources/README.md defines them.
BASES: Final = ("same-sentence", "pronoun", "quotation-continued", "none")
FORMS: Final = ("name", "phrase", "pronoun")


@dataclass(frozen=True, slots=True)
class Mention:
    """Words for a source; `text` is `document[start:end]`, `form` one of FORMS."""

    start: int
    end: int
    text: str
    form: str

    def to_dict(self) -> dict[str, Any]:
        """Return the mention as JSON-ready values."""
        return {"start": self.start, "end": self.end, "text": self.text, "form": self.form}


@dataclass(frozen=True, slots=True)
class Source:
    """One source of an article: the fullest name it is given, its kind, and its mentions in order of appearance.

    `id` counts from 0 in order of first attribution; `kind` is the commonest `source_kind` of its sentences.
    """

    id: int
    name: str
    kind: str | None
    mentions: tuple[Mention, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the source as JSON-ready values."""
        mentions = [mention.to_dict() for mention in self.mentions]
        return {"id": self.id, "name": self.name, "kind": self.kind, "mentions": mentions}


@dataclass(frozen=True, slots=True)
class Attribution:
    """What a sentence is attributed to: the id of a source, or None with basis `none` where nobody can tell.

    `evidence` is where that source is named: in the sentence itself for `same-sentence`, else the nearest
    mention by name; None without a source.
    """

    sentence_index: int
    source: int | None
    basis: str
    evidence: Mention | None

    def to_dict(self) -> dict[str, Any]:
        """Return the attribution as JSON-ready values."""
        return {
            "sentence_index": self.sentence_index, "source": self.source, "basis": self.basis,
            "evidence": self.evidence.to_dict() if self.evidence else None,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class SourceGraph:
    """The sources of one article and its attributed sentences, in order; other sentences have no attribution."""

    sources: tuple[Source, ...]
    attributions: tuple[Attribution, ...]

    def of(self, sentence_index: int) -> Attribution | None:
        """Return the attribution of a sentence, or None for one that rests on nobody else's word."""
        place = bisect_left(self.attributions, sentence_index, key=lambda found: found.sentence_index)
        found = self.attributions[place : place + 1]
        return found[0] if found and found[0].sentence_index == sentence_index else None

    def to_dict(self) -> dict[str, Any]:
        """Return the graph as JSON-ready values."""
        return {
            "sources": [source.to_dict() for source in self.sources],
            "attributions": [attribution.to_dict() for attribution in self.attributions],
        }
