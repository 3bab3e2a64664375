"""The page shows the whole text, escaped, with notes, and asks the network for nothing."""

from __future__ import annotations

import re
from base64 import b64encode
from dataclasses import replace
from hashlib import sha256
from html.parser import HTMLParser

import pytest

from sayso.errors import InputError
from sayso.labels import LABELS, NOTICE, ROLES
from sayso.records import Sentence, Span
from sayso.report import render_article

SCORES = {
    "fact": (0.91, 0.06, 0.02, 0.01), "claim": (0.05, 0.86, 0.08, 0.01),
    "hedge": (0.04, 0.39, 0.56, 0.01), "none": (0.03, 0.02, 0.01, 0.94),
}  # fmt: skip

# (label, kind, stance, framing, sentence); marks are [role:words] and may nest.
ARTICLE = (
    (
        ("fact", None, None, None, "The council of Port Ardel closed the harbour road on Tuesday night."),
        ("claim", "official", "affirm", "neutral",
         "[source:Mayor Ilse Brandt] [cue:said] the sea wall would hold until the spring."),
        ("hedge", "unnamed", "affirm", "distance",
         "[source:Two engineers familiar with the survey] were [cue:[hedge:reportedly]] less certain."),
    ),
    (
        ("claim", "partisan", "deny", "distance",
         "“[loaded:Scaremongers] want this town [loaded:on its knees],” [cue:insisted] [source:the Harbour First "
         "party], which [cue:denies] that the budget was cut."),
        ("hedge", None, None, None, "It is [hedge:unclear] who ordered the pumps to be switched off."),
        ("none", None, None, None, "Who answers the telephone at two in the morning?"),
    ),
    (
        ("claim", "organization", "doubt", "endorse",
         "[source:The Tidewatch Society], citing [source:figures [hedge:apparently] drawn from [loaded:a shameful] "
         "audit], [cue:questioned] whether the repairs were ever made."),
        ("fact", None, None, None, "The gauge at the lighthouse read 4.2 metres at dawn."),
    ),
    (("none", None, None, None, "Photograph: the harbour office"),),
)  # fmt: skip


def unmark(marked: str) -> tuple[str, list[tuple[str, int, int]]]:
    """Return the bare words of a marked sentence and its (role, start, end)."""
    text, spans, stack = "", [], []
    for token in re.findall(r"\[\w+:|\]|[^\[\]]+", marked):
        if token.startswith("["):
            stack.append((token[1:-1], len(text)))
        elif token == "]":
            role, start = stack.pop()
            spans.append((role, start, len(text)))
        else:
            text += token
    return text, spans


def sentence(index: int, start: int, label: str, marked: str, *tags: str | None) -> Sentence:
    """Build one record by hand from a marked sentence that begins at `start`."""
    text, spans = unmark(marked)
    found = {
        role: tuple(Span(start + a, start + b, text[a:b], 0.9) for r, a, b in spans if r == role) for role in ROLES
    }
    return Sentence(
        "ardel", index, start, start + len(text), text, label, dict(zip(LABELS, SCORES[label], strict=True)),
        ("claim", "hedge") if label == "hedge" else (label,), found["source"], found["cue"], found["hedge"],
        found["loaded"], *(tags or (None, None, None)), 0.31 if found["loaded"] else 0.04, "sha256:0123abcd",
    )  # fmt: skip


def article(repeat: int = 1) -> tuple[str, list[Sentence]]:
    """Return an article of four paragraphs, `repeat` times over, with its sentences."""
    text, sentences = "", []
    for paragraph in ARTICLE * repeat:
        for label, kind, stance, framing, marked in paragraph:
            sentences.append(sentence(len(sentences), len(text), label, marked, kind, stance, framing))
            text += sentences[-1].text + " "
        text = text[:-1] + "\n\n"
    return text, sentences


def plain(text: str) -> Sentence:
    return sentence(0, 0, "fact", text)


class Page(HTMLParser):
    """Collect what the tests ask about: text of the article without notes, styles, scripts, attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.text, self.notes, self.paragraphs = "", 0, 0
        self.content: dict[str, str] = {}
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self._open: list[tuple[str, str]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.notes += dict(attrs).get("role") == "note"
        self.paragraphs += tag == "p" and "article" in [name for name, _ in self._open]
        if tag not in ("meta", "input"):
            self._open.append((tag, str(dict(attrs).get("role"))))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop()[0] == tag

    def handle_data(self, data: str) -> None:
        tags = [tag for tag, _ in self._open]
        if "article" in tags and "note" not in [role for _, role in self._open]:
            self.text += data
        if tags and tags[-1] in ("style", "script", "title", "h1"):
            self.content[tags[-1]] = self.content.get(tags[-1], "") + data


def test_whole_text_is_there_once_and_in_order() -> None:
    text, sentences = article()
    lead, tail = "HARBOUR NEWS\n\n", "--- * ---\n"
    moved = [sentence(s.sentence_index, s.start + len(lead), s.label, s.text) for s in sentences]
    page = Page(render_article(lead + text + tail, moved, "Harbour"))
    assert page.text == lead + text + tail
    assert page.notes == len(sentences)


@pytest.mark.parametrize(("text", "count"), [
    ("One line.\nAnother line.\nA third.", 3),
    ("A verse\nof two lines.\n\nThen prose.", 2),
    ("A verse\r\nof two lines.\r\n \r\nThen prose.", 2),
    ("\n\n  Indented.\n", 1),
    (" \n ", 0),
])  # fmt: skip
def test_paragraphs_follow_the_breaks_of_the_text(text: str, count: int) -> None:
    page = Page(render_article(text, [], "Breaks"))
    assert page.text == text
    assert page.paragraphs == count


def test_everything_is_escaped() -> None:
    evil = "</style><script>alert('x')</script> & \"quoted\" {{ 7 * 7 }} <!-- "
    first = plain(evil + "end.")
    span = Span(0, 8, evil, 0.9)
    first = replace(
        first, sources=(span,), loaded=(span,), source_kind=evil, source_stance=evil, source_framing=evil, model=evil,
        source_side={"side": evil}, label_set=("fact", evil), doc_id=evil,
    )  # fmt: skip
    source = render_article(first.text, [first], evil)
    page = Page(source)
    assert page.text == first.text
    assert page.content["h1"] == evil
    assert source.count("<script>") == source.count("</script>") == 1
    assert "alert('x')" not in source and "<!--" not in source
    assert not [name for _, attributes in page.tags for name in attributes if name.startswith("on")]


def test_overlapping_spans_all_show() -> None:
    text = "Sources close to the palace reportedly fumed."
    first = replace(
        plain(text), sources=(Span(0, 27, text[:27], 0.9),), hedges=(Span(17, 38, text[17:38], 0.9),),
        loaded=(Span(28, 44, text[28:44], 0.9), Span(40, 99, "beyond the end", 0.5)),
    )  # fmt: skip
    page = render_article(text, [first], "Palace")
    assert Page(page).text == text
    assert '<span class="r source"><span class="r hedging">the palace</span></span>' in page
    assert '<span class="r hedging"><span class="r loaded">reportedly</span></span>' in page


def test_overlapping_sentences_repeat_nothing() -> None:
    first, second = sentence(0, 0, "fact", "Rain fell. Roads"), sentence(1, 11, "none", "Roads shut.")
    assert Page(render_article("Rain fell. Roads shut.", [second, first], "Rain")).text == "Rain fell. Roads shut."


def test_sentence_of_another_text_is_refused() -> None:
    with pytest.raises(InputError, match="score the text again"):
        render_article("Another text altogether.", [plain("The harbour is shut.")], "Mismatch")


def test_surrogates_and_control_characters_can_be_written() -> None:
    text = "Bad \ud800 byte, \x00 nul, \x1b escape, \x9b control, tab\there."
    page = render_article(text, [plain(text)], "Title \udfff")
    page.encode("utf-8")
    assert Page(page).text == "Bad \ufffd byte, \ufffd nul, \ufffd escape, \ufffd control, tab\there."
    assert Page(page).content["h1"] == "Title \ufffd"


@pytest.mark.parametrize("text", ["", " \n", "***"])
def test_article_without_sentences(text: str) -> None:
    page = render_article(text, [], "Nothing")
    assert NOTICE in page and "There is no sentence in this text." in page
    assert Page(page).text == text


def test_counts_and_sources() -> None:
    page = re.sub(r"<[^>]+>|\s+", " ", render_article(*article(), "Harbour"))
    page = re.sub(r"\s+", " ", page)
    assert "claim 3 · 33%" in page and "none 2 · 22%" in page
    assert "organization 2 The Tidewatch Society; figures apparently drawn from a shameful audit" in page
    assert "not sure: claim or hedge" in page
    assert page.count(NOTICE) == 2


def test_same_source_is_counted_once() -> None:
    line = "[source:The Mayor] said so."
    text = "The Mayor said so. the  mayor said so."
    both = [sentence(0, 0, "claim", line, "official", "affirm", "neutral"),
            sentence(1, 19, "claim", "[source:the  mayor] said so.", "official", "affirm", "neutral")]  # fmt: skip
    page = re.sub(r"<[^>]+>|\s+", " ", render_article(text, both, "Mayor"))
    assert re.search(r"official +1 +The Mayor ", page)


def test_policy_admits_exactly_the_style_and_the_script() -> None:
    page = Page(render_article(*article(), "Harbour"))
    policy = next(a["content"] for tag, a in page.tags if tag == "meta" and "content" in a and a.get("http-equiv"))
    for directive, tag in (("style-src", "style"), ("script-src", "script")):
        digest = b64encode(sha256(page.content[tag].encode()).digest()).decode()
        assert f"{directive} 'sha256-{digest}'" in str(policy)
    assert str(policy).startswith("default-src 'none'; ") and "unsafe" not in str(policy)
    assert not [a for _, a in page.tags if "style" in a]


def test_page_asks_for_nothing() -> None:
    page = Page(render_article(*article(), "Harbour"))
    assert not {"link", "img", "iframe", "base", "object", "form"} & {tag for tag, _ in page.tags}
    assert not [a for _, a in page.tags if {"src", "href", "srcset", "action", "xlink:href"} & set(a)]
    assert not re.search(
        r"https?://|@import|url\(|fetch\(|XMLHttp|import\(", page.content["style"] + page.content["script"]
    )


def _variables(block: str) -> dict[str, str]:
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", block))


def _luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of WCAG 2."""
    high, low = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_contrast_meets_aa(scheme: str) -> None:
    style = Page(render_article("", [], "Colours")).content["style"]
    roots = re.findall(r":root \{(.*?)\}", style, flags=re.S)
    colours = _variables(roots[0]) | (_variables(roots[1]) if scheme == "dark" else {})
    grounds = [colours[name] for name in ("paper", "card", *LABELS)]
    for name in ("ink", "mute", *(f"on-{label}" for label in LABELS)):
        assert min(contrast(colours[name], ground) for ground in grounds) >= 4.5, name
    for name in ("source", "cue", "hedging", "loaded"):
        assert min(contrast(colours[name], ground) for ground in grounds) >= 3, name
