"""Minimal pairs: one change of words to a gold sentence whose effect on label and spans is certain.

Every function returns None where its pattern does not guarantee grammar and label (contrast sets: Gardner et al. 2020).
"""

from __future__ import annotations

import random
import re
from dataclasses import replace
from typing import Final, Literal

from sayso_data.schema import Example, SpanLabel
from sayso_training.perturb import Edit
from sayso_training.rewrite import Keep, New, Piece, compose, edited

SOURCES: Final = (
    ("defense officials", "official"), ("the prosecutor's office", "official"), ("a government spokesman", "official"),
    ("a senior diplomat", "official"), ("the foreign ministry", "official"), ("lawmakers", "official"),
    ("opposition activists", "partisan"), ("a rebel spokesman", "partisan"), ("the party's campaign", "partisan"),
    ("pro-government activists", "partisan"), ("a UN agency", "organization"), ("the trade union", "organization"),
    ("an aid group", "organization"), ("a company spokeswoman", "organization"), ("researchers", "expert"),
    ("a security analyst", "expert"), ("a university study", "expert"), ("local media", "media"),
    ("a Reuters report", "media"), ("the news agency", "media"), ("witnesses", "person"),
    ("a local resident", "person"), ("two people briefed on the matter", "unnamed"), ("unnamed sources", "unnamed"),
)  # fmt: skip
TEXTS: Final = frozenset({"a university study", "a Reuters report"})
FRAMED: Final = (
    ("said", "neutral"), ("stated", "neutral"), ("reported", "neutral"), ("claimed", "distance"),
    ("insisted", "distance"), ("alleged", "distance"), ("confirmed", "endorse"), ("acknowledged", "endorse"),
    ("revealed", "endorse"), ("noted", "endorse"),
)  # fmt: skip
ADVERBS: Final = ("reportedly", "allegedly", "apparently", "purportedly", "possibly", "probably")
HEARSAY_ADVERBS: Final = frozenset({"reportedly", "allegedly", "purportedly"})

_NUMBER = r"Two|Three|Four|Five|Six|Seven|Eight|Nine|Ten|Dozens of|Hundreds of|Thousands of|Several|Many"
_DETERMINER = rf"The|A|An|His|Her|Their|Its|{_NUMBER}"
_DAY = r"(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day|January|February|March|April|May|June|July|August|September|October"
_OBJECT = (
    r"(?:the|a|an|his|her|their|its|two|three|four|five|six|seven|eight|nine|ten|several|dozens|hundreds|thousands|"
    rf"more than|at least|about|nearly|(?!{_DAY}|November|December)[A-Z]\w+)"
)
_PLACE = r"(?: (?:of|in|from|near) (?:the |a |an )?[\w'’-]+(?: [A-Z][\w'’-]+)?)?"
_SUBJECT = rf"(?:(?:{_DETERMINER})(?: [\w'’-]+){{1,4}}?{_PLACE}|[A-Z][\w'’-]+(?: [A-Z][\w'’-]+){{0,3}}|He|She|They)"
_REGULAR = (
    "attacked|destroyed|seized|captured|arrested|detained|signed|sold|bought|paid|shelled|bombed|entered|crossed|"
    "launched|killed|wounded|injured|visited|received|joined|deployed|targeted|hacked|purchased|approved|blocked|"
    "raided|evacuated|transferred|released|hired|dismissed|fired|opened|closed|conducted|rejected|adopted|passed|"
    "introduced|filed|issued|published|posted|sent|removed|planted|kidnapped|abducted|executed|expelled|deported|"
    "imposed|lifted|cancelled|suspended|donated|raised|collected|hosted|attended|led|appointed|replaced|burned|damaged|"
    "intercepted|supplied|delivered|smuggled|banned|stopped|forced|built|founded|created|started|won|lost|defeated|met|"
    "contacted|tested|treated|recruited|freed|liberated|repelled|ambushed|foiled|hit|struck|shot|held|found|made|used"
)  # past tense and participle are the same, so an object must follow
_IRREGULAR = (
    "took|gave|wrote|stole|broke|chose|resigned|died|arrived|collapsed|withdrew|fell|went|came|drove|flew|rose|grew"
)
_UNSURE = r"(?:suppos|expect|believ|alleg|report|suspect|fear|rumou?r|need|want|seem|appear|deni|claim|accus|assum)ed"
_PARTICIPLE = (
    rf"(?:(?!{_UNSURE})[a-z]{{2,}}ed|taken|given|stolen|broken|shot|hit|held|found|seen|sent|built|sold|paid|led|born|"
    "made|won|written|driven|chosen|struck|lost|put|cut|hurt)"
)
_ACTIVE = re.compile(rf"^({_SUBJECT}) (?=(?:{_REGULAR}) {_OBJECT}\b|(?:{_IRREGULAR})\b)")
_MAY_HAVE = re.compile(rf"^({_SUBJECT}) (?=(?:{_REGULAR}) {_OBJECT}\b)")
_AUXILIARY = re.compile(
    rf"^({_SUBJECT}) (?:(?:was|were|is|are) (?={_PARTICIPLE}\b)|(?:has|have|had) (?=(?:been )?{_PARTICIPLE}\b))"
)
_NO_SUBJECT = re.compile(
    r"\b(?:who|whom|which|that|whose|when|while|as|after|before|because|since|if|but|what|where|how|there|not|is|are|was|"
    r"were|has|have|had|be|been|will|would|could|can|may|might|should|than|and|or|to|It|This|These|There|That|What|"
    r"When|While|As|After|Before|If|How|Where|Why|Who|In|On|At|By|For|From|With|Since|During|[a-z]+ed)\b"
)
_STATEMENT = re.compile(r"(?:[A-Z]|\d[\d,.]* [a-z])[^\"“”‘?!:;()\[\]—–|…]*(?:[a-z]{3,}|\d{2,4})\.")
_OWN_VOICE = re.compile(
    r"\b(?:I|we|our|us|you|my|me|your|please|let|ours|yours|[Ww]e|[Oo]ur|[Yy]ou)\b|^(?:But|And|So|Or|Yet)\b"
)
_LOWERED = re.compile(
    rf"(?:{_DETERMINER}|He|She|They|It|Some|Most|About|Nearly|Both|All|More|At least)\b(?! [a-z]+ly,)"
)
_NEGATED = re.compile(r"\b(?:no|not|never|none|nobody|nothing|neither|nor|without)\b|n['’]t\b")
_COMMON_FIRST = frozenset(
    {"Police", "Officials", "Witnesses", "Residents", "Activists", "Sources", "Analysts", "Experts"}
)


def plain_fact(example: Example) -> bool:
    """Say whether a sentence is a flat statement without attribution or hedge that other words can go around."""
    free = not any(span.role in ("source", "cue", "hedge") for span in example.spans)
    text = example.text
    fits = _STATEMENT.fullmatch(text) and 5 <= len(text.split()) <= 30
    return example.label == "fact" and free and bool(fits) and not _OWN_VOICE.search(text)


def _subordinate(example: Example) -> bool:
    """Say whether the sentence can follow other words once its first letter is in lower case."""
    return plain_fact(example) and bool(_LOWERED.match(example.text))


def hedge_verb(example: Example, rng: random.Random) -> Example | None:
    """Fact to hedge: an adverb before the main verb or after its auxiliary."""
    if not plain_fact(example) or re.search(r",? but\b", example.text):
        return None
    match = _AUXILIARY.match(example.text) or _ACTIVE.match(example.text)
    if match is None or _NO_SUBJECT.search(match[1]):
        return None
    place, end = match.end(), len(example.text)
    pieces: list[Piece] = [Keep(0, place), New(rng.choice(ADVERBS), "hedge"), New(" "), Keep(place, end)]
    return compose(example, pieces, "hedged", label="hedge")


def hedge_may(example: Example, rng: random.Random) -> Example | None:
    """Fact to hedge: may have or might have before a regular main verb; a comma could begin a concession."""
    match = _MAY_HAVE.match(example.text) if plain_fact(example) else None
    if match is None or _NO_SUBJECT.search(match[1]) or re.search(r",|\bbut\b", example.text):
        return None
    place, end = match.end(), len(example.text)
    modal = New(rng.choice(("may", "might")), "hedge")
    return compose(example, [Keep(0, place), modal, New(" have "), Keep(place, end)], "modal", label="hedge")


def hedge_sentence(example: Example, rng: random.Random) -> Example | None:
    """Fact to hedge: a sentence adverb or hearsay around the whole statement."""
    if not _subordinate(example):
        return None
    end = len(example.text)
    front = rng.choice(("Apparently", "Reportedly", "Allegedly", "According to reports"))
    pieces: list[Piece] = [New(front, "hedge"), New(", "), Keep(0, end, "lower")]
    if "," not in example.text and rng.random() < 0.4:
        pieces = [Keep(0, end - 1), New(", "), New(rng.choice(("apparently", "reportedly")), "hedge"), New(".")]
    return compose(example, pieces, "hearsay", label="hedge")


def attribute_end(example: Example, rng: random.Random) -> Example | None:
    """Fact to claim: an attribution after the statement."""
    if not plain_fact(example):
        return None
    (source, kind), body = rng.choice(SOURCES), Keep(0, len(example.text) - 1)
    if rng.random() < 0.4:
        tail = [New(", "), New("according to", "cue"), New(" "), New(source, "source"), New(".")]
        return compose(example, [body, *tail], "according", **_claim(kind, "neutral"))
    cue, framing = _cue(source, rng)
    tail = [New(", "), New(source, "source"), New(" "), New(cue, "cue"), New(".")]
    return compose(example, [body, *tail], "said", **_claim(kind, framing))


def attribute_front(example: Example, rng: random.Random) -> Example | None:
    """Fact to claim: an attribution before the statement."""
    if not _subordinate(example):
        return None
    (source, kind), body = rng.choice(SOURCES), Keep(0, len(example.text), "lower")
    if rng.random() < 0.4:
        head = [New("According to", "cue"), New(" "), New(source, "source"), New(", ")]
        return compose(example, [*head, body], "according-front", **_claim(kind, "neutral"))
    cue, framing = _cue(source, rng)
    head = [New(source[0].upper() + source[1:], "source"), New(" "), New(cue, "cue"), New(" that ")]
    return compose(example, [*head, body], "said-front", **_claim(kind, framing))


def deny(example: Example, rng: random.Random) -> Example | None:
    """Fact to claim with stance deny or doubt: somebody denies or doubts the statement."""
    if not _subordinate(example) or _NEGATED.search(example.text):
        return None
    source, kind = rng.choice([pair for pair in SOURCES if pair[0] not in TEXTS])
    cue, stance = rng.choice((("denied", "deny"), ("denied", "deny"), ("doubted", "doubt")))
    head = [New(source[0].upper() + source[1:], "source"), New(" "), New(cue, "cue"), New(" that ")]
    body = Keep(0, len(example.text), "lower")
    return compose(example, [*head, body], stance, **_claim(kind, "neutral", stance))


def _cue(source: str, rng: random.Random) -> tuple[str, str]:
    """Draw a cue and its framing; a text does not insist."""
    if source in TEXTS:
        return rng.choice((("said", "neutral"), ("stated", "neutral"), ("showed", "endorse"), ("revealed", "endorse")))
    return rng.choice(FRAMED[:3] if rng.random() < 0.4 else FRAMED)


def _claim(kind: str, framing: str, stance: str = "affirm") -> dict[str, str]:
    return {"label": "claim", "kind": kind, "stance": stance, "framing": framing}


def _only(example: Example, role: str) -> SpanLabel | None:
    found = [span for span in example.spans if span.role == role]
    return found[0] if len(found) == 1 else None


def swap_cue(example: Example, rng: random.Random) -> Example | None:
    """Another cue for a lone `said`; framing follows the cue."""
    cue = _only(example, "cue")
    if cue is None or example.text[cue.start : cue.end] != "said" or example.framing != "neutral":
        return None
    after = example.text[cue.end :]
    if example.stance != "affirm" or not re.match(r" that (?!if\b)|[.,]?$|\.[\"”]?$", after):
        return None
    new, framing = rng.choice([pair for pair in FRAMED if pair[0] not in ("said", "reported")])
    pieces: list[Piece] = [Keep(0, cue.start), New(new, "cue"), Keep(cue.end, len(example.text))]
    return compose(_without(example, cue), pieces, f"cue-{new}", framing=framing)


def _without(example: Example, *gone: SpanLabel) -> Example:
    return replace(example, spans=tuple(span for span in example.spans if span not in gone))


def move_attribution(example: Example, rng: random.Random) -> Example | None:
    """An attribution with said from the front to the end, or from the end to the front."""
    source, cue = _only(example, "source"), _only(example, "cue")
    if source is None or cue is None or example.label not in ("claim", "hedge"):
        return None
    if example.text[cue.start : cue.end] != "said" or re.search('["“”‘?!:;()—–]', example.text):
        return None
    return _to_end(example, source, cue) if source.start == 0 else _to_front(example, source, cue)


def _to_end(example: Example, source: SpanLabel, cue: SpanLabel) -> Example | None:
    text = example.text
    match = re.match(r"(?: that)? (?=\S)", text[cue.end :])
    name = text[: source.end]
    first: Literal["lower"] | None = "lower" if _LOWERED.match(name) or name in _COMMON_FIRST else None
    known = first or re.fullmatch(r"[A-Z][\w'’-]+(?: [A-Z][\w'’-]+)+", name)
    if match is None or cue.start != source.end + 1 or not known or not text.endswith("."):
        return None
    body = cue.end + match.end()
    if not _LOWERED.match(text[body : body + 1].upper() + text[body + 1 :]) or "," in text[body:]:
        return None
    tail: list[Piece] = [New(", "), Keep(0, source.end, first), New(" "), Keep(cue.start, cue.end), New(".")]
    return compose(example, [Keep(body, len(text) - 1, "upper"), *tail], "to-end")


def _to_front(example: Example, source: SpanLabel, cue: SpanLabel) -> Example | None:
    text = example.text
    ends = text[source.start - 2 : source.start] == ", " and cue.start == source.end + 1 and text[cue.end :] == "."
    if not ends or not _LOWERED.match(text):
        return None
    head: list[Piece] = [Keep(source.start, source.end, "upper"), New(" "), Keep(cue.start, cue.end), New(" that ")]
    return compose(example, [*head, Keep(0, source.start - 2, "lower"), New(".")], "to-front")


def drop_hedge(example: Example, rng: random.Random) -> Example | None:
    """Hedge to fact: without the hearsay adverb that was its only hedge, before an event verb."""
    hedge = _only(example, "hedge")
    if hedge is None or example.label != "hedge" or any(s.role in ("source", "cue") for s in example.spans):
        return None
    text = example.text
    if text[hedge.start : hedge.end] not in HEARSAY_ADVERBS or text[hedge.end : hedge.end + 1] != " ":
        return None
    pieces = [Keep(0, hedge.start), Keep(hedge.end + 1, len(text))]
    bare = compose(_without(example, hedge), pieces, "flat", label="fact")
    if bare is None or not plain_fact(bare):
        return None
    match = _AUXILIARY.match(bare.text) or _ACTIVE.match(bare.text)
    if match is None or match.end() != hedge.start or _NO_SUBJECT.search(match[1]):
        return None
    return bare


OUTLETS: Final = (
    "CNN", "Fox News", "Reuters", "The New York Times", "The Washington Post", "Al Jazeera", "Politico", "The Hill",
    "USA Today", "Bloomberg", "The Associated Press", "NBC News",
)  # fmt: skip
NAMES: Final = (
    "Amina Yusuf", "Bogdan Ilić", "Carmen Duarte", "Daniel Okoye", "Elif Aydin", "Farid Rahimi", "Greta Holm",
    "Hiro Tanaka", "Ivana Kovač", "Joseph Mwangi", "Khadija Benali", "Luis Herrera", "Mei Zhang", "Niamh Doyle",
    "Oleh Bondar", "Priya Nair",
)  # fmt: skip


def swap_source(example: Example, rng: random.Random) -> Example | None:
    """Another outlet for an outlet, another name for a private person's name, where it stands alone."""
    source = _only(example, "source")
    if source is None or "@" in example.text:
        return None
    old = example.text[source.start : source.end]
    rest = example.text[: source.start] + example.text[source.end :]
    if example.kind == "media" and old in OUTLETS:
        new = rng.choice([name for name in OUTLETS if name != old])
    elif example.kind == "person" and re.fullmatch(r"[A-Z][a-z]+ [A-Z][a-z]+", old) and old not in OUTLETS:
        new = rng.choice(NAMES)
    else:
        return None
    if any(re.search(rf"\b{re.escape(word)}\b", rest) for word in old.split()):
        return None
    return edited(example, [Edit(source.start, source.end, new)], "renamed")
