"""Original sentences whose words mislead: `May`, `Will`, `could` of ability, `found` without a source.

None of them shares text with the behaviour suite, which must stay unseen in training.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Final

from sayso_data.schema import Example
from sayso_training.rewrite import parse_marked

CORPUS: Final = "augment"


@dataclass(frozen=True, slots=True)
class Trap:
    """Sentences with one label: all combinations of the columns joined; `[words](role)` marks a span."""

    name: str
    label: str
    columns: tuple[tuple[str, ...], ...]
    tags: tuple[str, str, str] | None = None  # kind, stance, framing


TRAPS: Final = (
    Trap("month", "fact", (
        ("The treaty was ratified", "Heavy rain damaged the vineyards", "The airport got a third terminal",
         "Teachers walked out for two days", "The frigate returned to its base", "A jury cleared the surgeon"),
        (" in May.", " on 21 May.", " at the end of May.", " between May and August."),
    )),
    Trap("modal-may", "hedge", (
        ("The treaty", "A second frigate", "The jury", "The new terminal", "Heavy rain", "The surgeon"),
        (" [may](hedge)", " [might](hedge)", " [could](hedge)"),
        (" be next.", " cause more delays.", " change everything in August."),
    )),
    Trap("right-may", "fact", (
        ("Every shareholder may", "The buyer may", "Prisoners may", "The chamber may", "Either parent may"),
        (" ask for a copy of the file", " appeal within ten days", " appoint a deputy"),
        (" under the statute.", " once the form has been signed.", " in line with the regulation."),
    )),
    Trap("past-ability", "fact", (
        ("The first locomotives could", "By 1890 the foundry could",
         "With two arms the robot could", "Her grandfather could"),
        (" pull nine wagons.", " lift half a tonne.", " work for ten hours without a break."),
    )),
    Trap("name-will", "fact", (
        ("Will Hargreave", "Will Santos", "Will Dubois", "Will Achterberg"),
        (" joined the orchestra as a cellist.", " came third in the regatta.", " runs a garage outside Dublin.",
         " replaced the injured goalkeeper after an hour.", " moved to Canada with his parents."),
    )),
    Trap("might-noun", "fact", (
        ("The blacksmith struck the anvil", "Both teams leaned on the scrum", "She threw the javelin",
         "The crew rowed"),
        (" with great might.", " with full might.", " with might and patience."),
    )),
    Trap("won", "fact", (
        ("The Danish sailor claimed", "A 19-year-old from Lagos claimed", "The visitors claimed"),
        (" the silver medal in Oslo.", " first place after a sprint.", " all three points.",
         " their second cup in a row."),
    )),
    Trap("toll", "fact", (
        ("The cyclone claimed", "The epidemic claimed", "The avalanche claimed", "Two winters of war claimed"),
        (" 52 lives.", " hundreds of lives in the valley.", " the life of a guide."),
    )),
    Trap("found-thing", "fact", (
        ("A fisherman found", "Nurses found", "Archaeologists found", "The search party found"),
        (" a wallet in the reeds.", " the old man asleep in the chapel.", " three bronze rings.",
         " nothing in the quarry."),
    )),
    Trap("reported-to", "fact", (
        ("All conscripts reported to", "The injured keeper reported to", "Four cadets reported to"),
        (" the garrison doctor.", " their units on Friday evening.", " the reception at noon."),
    )),
    Trap("left-open", "hedge", (
        ("The rescue service", "Her surgeon", "The transport ministry", "The owner of the club"),
        (" [cannot rule out](hedge)",),
        (" a technical defect.", " further delays.", " an error by the supplier.", " a link with the first case."),
    )),
    Trap("statistic", "fact", (
        ("Boys are", "People in the north were", "Smokers are", "Graduates were"),
        (" a third more likely", " half as likely"),
        (" to skip breakfast.", " to change jobs.", " to wear glasses."),
    )),
    Trap("colon", "claim", (
        ("Seven rescued from burning tanker", "Village school hit by rocket", "Two cabinet members to leave",
         "Rate of infection down by half", "Train drivers called back to work"),
        (": [ministry](source)", ": [government spokesman](source)", ": [official](source)"),
        ("", "."),
    ), ("official", "affirm", "neutral")),
    Trap("debunk", "claim", (
        ("[A team of doctors](source)", "[Two historians](source)", "[Independent researchers](source)"),
        (" [debunked](cue)",),
        (" the tale of the poisoned wells.", " the myth of the lost fleet.", " claims that the water was unsafe."),
    ), ("expert", "deny", "endorse")),
    Trap("side-clause", "fact", (
        ("The refinery, which", "The old hotel, which", "His first novel, which"),
        (" [the owner](source) [says](cue) is worth millions,", " [the owner](source) [said](cue) was a burden,"),
        (" was sold in April.", " drew no bidders.", " went to a collector in Hamburg."),
    ), ("person", "affirm", "neutral")),
)  # fmt: skip


def trap_examples(seed: int) -> Iterator[Example]:
    """Yield every trap sentence once, in an order drawn from `seed`."""
    rows = [example for trap in TRAPS for example in _expand(trap)]
    random.Random(seed).shuffle(rows)
    yield from rows


def _expand(trap: Trap) -> Iterator[Example]:
    kind, stance, framing = trap.tags or (None, None, None)
    for number, parts in enumerate(product(*trap.columns)):
        text, spans = parse_marked("".join(parts))
        yield Example(
            id=f"{CORPUS}-{trap.name}-{number:03d}", text=text, corpus=CORPUS, doc=f"{CORPUS}-{trap.name}",
            natural=False, label=trap.label, kind=kind, stance=stance, framing=framing, spans=spans,
        )  # fmt: skip
