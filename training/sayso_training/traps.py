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
    Trap("evidence", "hedge", (
        ("Fingerprints on the safe", "A scan of the hull", "Bank transfers from that week", "Bones from the pit"),
        (" [suggest](hedge) that", " [suggested](hedge)"),
        (" two people were there.", " the fire began in the loft.", " the fall was no accident."),
    )),
    Trap("accuser", "claim", (
        ("[The regional council](source)", "[The tax office](source)", "[Customs inspectors](source)"),
        (" [accused](cue) the builder", " [accused](cue) the customs service", " [accused](cue) his brother"),
        (" of forging receipts.", " of ignoring the flood maps.", " of threatening a witness."),
    ), ("official", "affirm", "neutral")),
    Trap("accuser-last", "claim", (
        ("The builder was", "The customs service was", "His brother has been"),
        (" [accused](cue) of forging receipts by", " [accused](cue) of threatening a witness by"),
        (" [the regional council](source).", " [the tax office](source).", " [customs inspectors](source)."),
    ), ("official", "affirm", "neutral")),
    Trap("not-excluded", "hedge", (
        ("The coroner", "Fire officers", "The shipyard", "Her lawyers"),
        (" [had not ruled out](hedge)", " [did not rule out](hedge)", " [would not rule out](hedge)"),
        (" suicide.", " another gas leak.", " legal action."),
    )),
    Trap("not-excluded-passive", "hedge", (
        ("A gas leak", "Further arrests", "A second landslide", "An error by the pilot"),
        (" [could not be ruled out](hedge)", " [was not ruled out](hedge)", " [cannot be ruled out](hedge)"),
        (".", " on Thursday night."),
    )),
    Trap("duty", "fact", (
        ("All conscripts reported for", "The reserve drivers reported for", "Our cook reported for"),
        (" the morning parade.", " the night shift.", " medical checks on Tuesday.", " guard duty an hour early."),
    )),
    Trap("rule-may", "fact", (
        ("Passengers may", "Anglers may", "Members of the library may", "Students may", "Dogs may"),
        (" enter by the side gate", " stay until ten", " bring one guest", " not cross the lawn"),
        (" on Sundays.", " if they have registered.", " during the summer season."),
    )),
    Trap("law-may", "fact", (
        ("Under paragraph 40, ", "According to the statutes, ", "Under the new contract, "),
        ("the landlord may", "either shareholder may", "the commission may"),
        (" inspect the books twice a year.", " refuse a transfer.", " appoint a second auditor."),
    )),
    Trap("hearsay", "hedge", (
        ("[Reports said](hedge)", "[As reported](hedge),", "[There were reports](hedge) that",
         "[It was claimed](hedge) that", "[Rumour has it](hedge) that", "[Several reports say](hedge)"),
        (" a tanker was adrift", " the mill had been sold", " the bishop had fled", " two scouts were missing"),
        (".", " near the old frontier."),
    )),
    Trap("if-then", "fact", (
        ("If the reservoir is full, ", "If both judges agree, ", "If a ticket is lost, "),
        ("the gates open by themselves.", "a new one costs four euros.", "the case is closed.",
         "the second stage begins."),
    )),
    Trap("possible-said", "hedge", (
        ("It seems [possible](hedge) that", "It was [unlikely](hedge) that", "It was [likely](hedge) that"),
        (" the mine will reopen,", " the singer will return,", " more snow will fall,"),
        (" [the owner](source) [said](cue).", " [his brother](source) [said](cue)."),
    ), ("person", "affirm", "neutral")),
    Trap("certain-said", "claim", (
        ("It was certain that", "It was clear that", "It was settled that"),
        (" the mine will reopen,", " the singer will return,", " more snow has fallen,"),
        (" [the owner](source) [said](cue).", " [his brother](source) [said](cue)."),
    ), ("person", "affirm", "neutral")),
    Trap("scene", "none", (
        ("A potter shapes a bowl", "Two women carry water", "Cyclists pass a burnt lorry",
         "The prime minister waves to the crowd", "Children play among tents"),
        (" in Fez", " outside Tartu", " on the road to Homs", " at a market in Cusco"),
        (", Aug. 9, 2018.", ", March 27, 2022.", " on Monday. (Photo: Lena Ortiz)"),
    )),
    Trap("sweeping", "claim", (
        ("Landlords", "Critics", "Tourists", "Bureaucrats"),
        (" never tell the truth about anything.", " understand nothing about hard work.",
         " always want more for less.", " are the last to notice a change."),
    )),
    Trap("will-speaks", "claim", (
        ("[Will Hargreave](source), a cellist, [said](cue)", "[Will Santos](source), a diver, [said](cue)",
         "[Will Dubois](source), a tenant, [said](cue)"),
        (" the lift had been broken for weeks.", " nobody rang the bell.", " the water rose in minutes."),
    ), ("person", "affirm", "neutral")),
    Trap("will-speaks-last", "claim", (
        ("The lift had been broken for weeks,", "Nobody rang the bell,", "The water rose in minutes,"),
        (" [said](cue) [Will Achterberg](source)", " [said](cue) [Will Santos](source)"),
        (", a diver.", ", a cellist.", ", a tenant."),
    ), ("person", "affirm", "neutral")),
    Trap("denies-inside", "claim", (
        ("[The customs service](source) [says](cue)", "[The coroner](source) [stated](cue)"),
        (" the captain denies", " the pharmacist denies", " his brother denied"),
        (" changing the log.", " keeping a second key.", " selling the boat."),
    ), ("official", "affirm", "neutral")),
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
