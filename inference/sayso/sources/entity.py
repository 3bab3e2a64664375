"""Somebody or something that an article mentions, as far as it has been read."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass, field

from sayso.sources.graph import Mention


@dataclass(eq=False, slots=True)
class Entity:
    """One entity while an article is being read.

    `tokens` are the folded words of its fullest name, none for "a witness"; `heads` the folded nouns by which it can
    be taken up, `described` all words said of it; `gender` is positive for a man and negative for a woman; `person`
    is None while nothing tells; `last` is the last sentence that mentions it outside quotations.
    """

    number: int
    tokens: tuple[str, ...] = ()
    aliases: set[str] = field(default_factory=set)
    heads: set[str] = field(default_factory=set)
    described: set[str] = field(default_factory=set)
    gender: int = 0
    person: bool | None = None
    place: bool = False
    plural: bool = False
    name: str = ""
    mentions: list[Mention] = field(default_factory=list)
    last: int = -1
    kinds: Counter[str] = field(default_factory=Counter)
    spoke: bool = False

    def note(self, mention: Mention) -> None:
        """Note a mention in order of place; of two that overlap the longer one stays."""
        place = bisect_left(self.mentions, mention.start, key=lambda known: known.end)
        while place < len(self.mentions) and self.mentions[place].start < mention.end:
            known = self.mentions[place]
            if known.end > mention.start and known.end - known.start >= mention.end - mention.start:
                return
            if known.end > mention.start:
                del self.mentions[place]
            else:
                place += 1
        self.mentions.insert(place, mention)

    def evidence(self, before: int) -> Mention | None:
        """Return the mention by name nearest before an offset, else the first one after it."""
        form = "name" if self.tokens else "phrase"
        place = bisect_left(self.mentions, before, key=lambda known: known.start)
        earlier = (mention for mention in reversed(self.mentions[:place]) if mention.form == form)
        later = (mention for mention in self.mentions[place:] if mention.form == form)
        return next(earlier, None) or next(later, None)
