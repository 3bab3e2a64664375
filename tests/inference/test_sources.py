"""Sources within an article: who stands behind each sentence, how that is known, and where it is written."""

import re
import time
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sayso.errors import InputError
from sayso.records import Sentence, Span
from sayso.segmentation import split_sentences
from sayso.sources import BASES, SourceGraph, link
from sayso.sources.names import find_names
from sayso.sources.quotes import Quoted, find_quotations

MARKS = re.compile(r"\{([^}]+)\}|<([^>]+)>")


def record(number: int, start: int, text: str, sources: list[Span], cues: list[Span]) -> Sentence:
    label = "claim" if cues or text[0] in "“\"‘'" else "fact"
    kind = "person" if sources else None
    return Sentence(
        "d", number, start, start + len(text), text, label, {label: 1.0}, (label,), tuple(sources), tuple(cues),
        (), (), kind, None, None, 0.0, "test",
    )  # fmt: skip


def story(*lines: str) -> tuple[str, list[Sentence]]:
    """Return an article and its records; `{...}` marks a source, `<...>` a cue, an empty line ends a paragraph."""
    text, sentences = "", []
    for line in lines:
        if not line:
            text = text[:-1] + "\n"
            continue
        start, plain, spans, place = len(text), "", ([], []), 0
        for mark in MARKS.finditer(line):
            plain += line[place : mark.start()]
            words = mark.group(1) or mark.group(2)
            left = start + len(plain)
            spans[mark.group(1) is None].append(Span(left, left + len(words), words, 1.0))  # type: ignore[attr-defined]
            plain += words
            place = mark.end()
        plain += line[place:]
        sentences.append(record(len(sentences), start, plain, *spans))
        text += plain + " "
    return text, sentences


def told(*lines: str) -> list[tuple[str | None, str] | None]:
    """Return (name of the source, basis) of each sentence, None where it is not attributed."""
    text, sentences = story(*lines)
    graph = link(text, sentences)
    found = [graph.of(sentence.sentence_index) for sentence in sentences]
    return [f and (None if f.source is None else graph.sources[f.source].name, f.basis) for f in found]


HADDAD = "“We lost the road,” <said> {Mayor Lena Haddad}."


@pytest.mark.parametrize(
    ("lines", "last"),
    [
        ((HADDAD, "“It was dark.”"), ("Lena Haddad", "quotation-continued")),
        ((HADDAD, "“It was dark.", "Nobody came.”"), ("Lena Haddad", "quotation-continued")),
        ((HADDAD, "{She} <added> that the road was lost."), ("Lena Haddad", "pronoun")),
        ((HADDAD, "{Haddad} <said> it was dark."), ("Lena Haddad", "same-sentence")),
        ((HADDAD, "{The mayor} <said> it was dark."), ("Lena Haddad", "pronoun")),
        ((HADDAD, "Rain fell."), None),
        ((HADDAD, "", "Rain fell.", "The road is 40 kilometres long."), None),
        (("The town is said to be empty.", "", "“It was dark.”"), (None, "none")),
        (("The guard is <accused> of theft.",), (None, "none")),
    ],
)
def test_forms_of_attribution(lines: tuple[str, ...], last: tuple[str | None, str] | None) -> None:
    assert told(*lines)[-1] == last


def test_speaker_named_after_an_opening_quotation() -> None:
    found = told("“It was dark.", "We lost the road,” {Omar Said} <said>.", "", "“Then it rained.”", HADDAD)
    assert found[:2] == [("Omar Said", "quotation-continued"), ("Omar Said", "same-sentence")]
    assert found[2] == ("Lena Haddad", "quotation-continued")


def test_quotation_runs_over_paragraphs_that_only_the_last_closes() -> None:
    lines = (HADDAD, "“It was dark.", "", "“Nobody came.", "", "“Then it rained.”", "The army left.")
    speaker = ("Lena Haddad", "quotation-continued")
    assert told(*lines)[1:] == [speaker, speaker, speaker, None]


def test_body_by_its_full_name_acronym_noun_and_pronoun() -> None:
    found = told(
        "{The Northern Defence Council (NDC)} <said> the town had fallen.", "It rained.",
        "{The NDC} <denied> losses.", "{The council} <said> it had won.", "{It} <said> more would follow.",
    )  # fmt: skip
    assert [f and f[0] for f in found] == ["Northern Defence Council", None, *["Northern Defence Council"] * 3]
    assert [f and f[1] for f in found] == ["same-sentence", None, "same-sentence", "pronoun", "pronoun"]


def test_the_company_is_no_union() -> None:
    found = told(
        "Norlink, which runs ferries, cut 40 jobs.", "{The Seamen's Union} <called> it a mistake.",
        "{The company} <said> it had no choice.",
    )  # fmt: skip
    assert found[1:] == [("Seamen's Union", "same-sentence"), ("Norlink", "pronoun")]


def test_pronouns_agree_with_what_is_known_of_a_name() -> None:
    found = told(
        "{Ms. Kirk} <said> the vote was fair.", "{Mr. Bale} <said> it was not.", "{She} <said> he had lost.",
        "{He} <said> he had not.",
    )  # fmt: skip
    assert [f and f[0] for f in found] == ["Kirk", "Bale", "Kirk", "Bale"]


def test_sisters_share_a_surname_and_nothing_else() -> None:
    found = told("{Ada Falk} <said> the book was hers.", "{Brita Falk} <said> it was not.", "{Ada Falk} <said> it was.")
    assert [f and f[0] for f in found] == ["Ada Falk", "Brita Falk", "Ada Falk"]


def test_whoever_asks_does_not_answer() -> None:
    found = told("{Lena Haddad} <said> she would go.", "“Why?” {a visitor} <asked>.", "“It is late,” {she} <said>.")
    assert found[2] == ("Lena Haddad", "pronoun")


def test_a_source_inside_a_quotation_is_not_the_speaker() -> None:
    found = told("“My {brother} <says> that I snore,” {Lena Haddad} <said>.", "“{He} <says> a lot.”")
    assert [f and f[0] for f in found] == ["Lena Haddad", "Lena Haddad"]


def test_verb_of_speech_covers_a_quotation_without_marked_source() -> None:
    assert told("“It was dark,” Omar Said said.", "Omar Said left.")[0] == ("Omar Said", "same-sentence")


def test_titles_and_scare_quotes_are_no_quotations() -> None:
    assert told(HADDAD, "The plan is called “Safe Valley”.", "The so-called “peace camp” was empty.")[1:] == [
        None,
        None,
    ]


def test_transcript_turns_and_signatures() -> None:
    lines = ("REYES: Why did they go?", "", "HOLM: It was late.", "We were tired.", "", "REYES: All of you?")
    assert [f and f[0] for f in told(*lines)] == ["REYES", "HOLM", "HOLM", "REYES"]
    assert told("“It was dark.", "Nobody came.”", "— Omar Said, Ruh")[:2] == [("Omar Said", "quotation-continued")] * 2


def test_evidence_is_where_the_source_is_named() -> None:
    text, sentences = story(HADDAD, "“It was dark.”", "{She} <added> that it rained.")
    graph = link(text, sentences)
    evidence = [found.evidence for found in graph.attributions]
    assert [e and e.text for e in evidence] == ["Mayor Lena Haddad"] * 3
    assert {(e.start, e.end) for e in evidence if e} == {(text.index("Mayor"), text.index("Mayor") + 17)}
    assert [(m.text, m.form) for m in graph.sources[0].mentions] == [("Mayor Lena Haddad", "name"), ("She", "pronoun")]
    assert graph.sources[0].kind == "person"


def test_records_are_plain_values() -> None:
    text, sentences = story(HADDAD)
    values = link(text, sentences).to_dict()
    assert values["attributions"][0]["evidence"]["text"] == "Mayor Lena Haddad"
    assert values["sources"][0]["mentions"][0]["form"] == "name"


def test_other_text_and_disorder_are_refused() -> None:
    text, sentences = story(HADDAD, "“It was dark.”")
    with pytest.raises(InputError, match="sentence 0 is not at 0-"):
        link(text[1:], sentences)
    with pytest.raises(InputError, match="out of order"):
        link(text, sentences[::-1])
    with pytest.raises(InputError, match="out of order"):
        link(text, [sentences[0], replace(sentences[1], sentence_index=0)])
    assert link("", []) == SourceGraph((), ())


@pytest.mark.parametrize(
    ("text", "quotations"),
    [
        ("“A b,” he said. “C.”", ["“A b,”", "“C.”"]),
        ('"Oz has,” said X. “He can.”', ['"Oz has,”', "“He can.”"]),
        ("''More,'' said Al. ''No.''", ["''More,''", "''No.''"]),
        ("'It was,' the men's coach said. 'He didn't.' So", ["'It was,'", "'He didn't.'"]),
        ("‘Don't tell the boys' mothers,’ he said.", ["‘Don't tell the boys' mothers,’"]),
        ("He is 6'2\" tall, the men's coach wrote.", []),
        ("“An “inner” part", ["“An “inner” part"]),
    ],
)
def test_quotation_marks(text: str, quotations: list[str]) -> None:
    assert [text[q.start : q.end] for q in find_quotations(text)] == quotations


def test_parts_outside_quotations() -> None:
    text = "“A b,” he said. “C.”"
    quoted = Quoted(find_quotations(text))
    assert [text[a:b].strip() for a, b in quoted.outside(text, 0, len(text))] == ["he said."]
    assert quoted.share(text, 16, len(text)) == 1.0
    assert quoted.share(text, 7, 15) == 0.0


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Mr. Justice Holt met Dr. Ines Okoro of Yale.", ["Holt", "Ines Okoro", "Yale"]),
        (
            "The Ministry of Emergency Situations warned Voltera's chief.",
            ["Ministry of Emergency Situations", "Voltera"],
        ),
        ("Shares fell on Monday. Officials met.", []),
        ("Ludwig van der Berg left. In May Berg came back.", ["Ludwig van der Berg", "Berg"]),
        ("Brandt left. Then Brandt came back.", ["Brandt", "Brandt"]),
    ],
)
def test_names(text: str, names: list[str]) -> None:
    assert [name.text for name in find_names(text, split_sentences(text))] == names


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="“”\"'‘’ abIH.,?:—\n\té́", max_size=200), st.randoms(use_true_random=False))
def test_any_text_links_with_exact_offsets(text: str, random) -> None:  # type: ignore[no-untyped-def]
    sentences = []
    for number, (start, end) in enumerate(split_sentences(text)):
        left = random.randint(start, end - 1)
        right = random.randint(left + 1, end)
        spans = [Span(left, right, text[left:right], 1.0)] if random.random() < 0.5 else []
        sentences.append(record(number, start, text[start:end], spans, spans))
    graph = link(text, sentences)
    assert link(text, sentences) == graph
    for found in graph.attributions:
        assert (found.source is None) == (found.basis == "none") == (found.evidence is None)
        assert found.basis in BASES
    for mention in (m for source in graph.sources for m in source.mentions):
        assert text[mention.start : mention.end] == mention.text


def seconds(text: str) -> float:
    """Return how long linking takes, the best of three; a sentence has 2,000 characters."""
    places = [(start, min(start + 2_000, len(text))) for start in range(0, len(text), 2_000)]
    sentences = [record(n, a, text[a:b], [], []) for n, (a, b) in enumerate(places)]
    times = []
    for _ in range(3):
        begun = time.process_time()
        link(text, sentences)
        times.append(time.process_time() - begun)
    return min(times)


@pytest.mark.parametrize(
    "piece", ["'a ", "“a ", '"a ', "Aa Bb, the Cc, ", "A of B ", "“A,” Bo Ro said. “C.” It said. "]
)
def test_long_articles_take_no_longer_a_sentence(piece: str) -> None:
    """Eight times as long an article takes far less than the 64 times of looking at all pairs."""
    assert seconds(piece * 1600) < 32 * max(seconds(piece * 200), 0.002)
