"""Import and export: every format gives back what went in, and says where a file is wrong."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sayso.errors import ConfigError, DataError, OutputError
from sayso.labels import FRAMINGS, KINDS, LABELS, ROLES, STANCES
from sayso_data.build import load_split
from sayso_data.exchange.base import Rules
from sayso_data.exchange.bring import Brought, bring, take_out
from sayso_data.exchange.formats import FORMATS
from sayso_data.exchange.mapping import read_rules
from sayso_data.exchange.offsets import UNITS, OffsetError, convert, place
from sayso_data.schema import Example, SpanLabel

ASTRAL = "🌧 Rain fell, 𝐌ayor Lóa said.\r\nIt may \u2028stop 🌤, she hopes."


def words() -> st.SearchStrategy[str]:
    return st.text(st.characters(exclude_categories=("Cs", "Cc", "Zs", "Zl", "Zp", "Cf")), min_size=1, max_size=8)


@st.composite
def examples(draw: st.DrawFn, number: int = 0) -> Example:
    parts = draw(
        st.lists(words() | st.sampled_from(["🌧", "𝐌", "e\u0301", "\r\n", "\u2028", "\x85", "#", '"']), min_size=3)
    )
    gaps = draw(st.lists(st.sampled_from([" ", "  ", "\t", "\n", "\r\n"]), min_size=len(parts), max_size=len(parts)))
    text = "a" + "".join(a + b for a, b in zip(gaps, parts, strict=True)) + "z"
    edges = sorted(draw(st.sets(st.integers(0, len(text)), max_size=6)))
    spans = [
        SpanLabel(draw(st.sampled_from(ROLES)), a, b)
        for a, b in zip(edges[::2], edges[1::2], strict=False)
        if text[a:b] == text[a:b].strip() and text[a:b].strip()
    ]
    return Example(
        id=f"e{number}", text=text, corpus="c", doc=draw(st.sampled_from(["d1", "d/2", "🌧 d"])),
        outlet=draw(st.none() | st.just('the "Post"')), topic=draw(st.none() | st.just("a;b\nc")),
        natural=draw(st.booleans()), label=draw(st.sampled_from((None, *LABELS))),
        kind=draw(st.sampled_from((None, *KINDS))), stance=draw(st.sampled_from((None, *STANCES))),
        framing=draw(st.sampled_from((None, *FRAMINGS))), bias=draw(st.none() | st.floats(0, 1)),
        spans=tuple(spans), roles=draw(st.sampled_from([ROLES, ("source", "cue"), ()])) if not spans else ROLES,
    )  # fmt: skip


@pytest.mark.parametrize("kind", FORMATS)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.integers(), min_size=1, max_size=4).flatmap(
    lambda ns: st.tuples(*(examples(i) for i in range(len(ns))))))  # fmt: skip
def test_every_format_gives_back_what_went_in(tmp_path: Path, kind: str, rows: Sequence[Example]) -> None:
    take_out(rows, tmp_path / "rows", kind, overwrite=True)
    back = {row.id: row for row in bring([tmp_path / "rows"], kind, Rules()).examples}
    assert {row.id: replace(row, spans=tuple(sorted(row.spans, key=str))) for row in rows} == {
        name: replace(row, spans=tuple(sorted(row.spans, key=str))) for name, row in back.items()
    }


@pytest.mark.parametrize("kind", FORMATS)
def test_the_sample_goes_out_and_comes_back(tmp_path: Path, kind: str) -> None:
    rows = load_split("sample", Path("unused"))[:60]
    take_out(rows, tmp_path / "out", kind, overwrite=False)
    found = bring([tmp_path / "out"], kind, Rules())
    assert not found.faults
    assert {r.id: r.text for r in found.examples} == {r.id: r.text for r in rows}


def test_export_refuses_what_the_format_cannot_hold(tmp_path: Path) -> None:
    row = Example("e", "The old mayor spoke.", "c", "d", spans=(SpanLabel("source", 0, 13), SpanLabel("source", 4, 13)))
    with pytest.raises(DataError, match=r"e: this format cannot hold spans .*use --format jsonl"):
        take_out([row], tmp_path / "out.conll", None, overwrite=False)
    assert list(tmp_path.iterdir()) == []
    take_out([row], tmp_path / "out.jsonl", None, overwrite=False)
    with pytest.raises(OutputError, match="add --overwrite"):
        take_out([row], tmp_path / "out.jsonl", None, overwrite=False)
    with pytest.raises(DataError, match="1 ids stand there twice, first 'e'"):
        take_out([row, row], tmp_path / "twice.jsonl", None, overwrite=False)


def test_export_never_replaces_a_folder_that_is_no_collection(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    with pytest.raises(OutputError, match="no export wrote"):
        take_out([Example("e", "Rain fell.", "c", "d")], tmp_path / "mine", "brat", overwrite=True)
    assert (tmp_path / "mine" / "thesis.txt").exists()


@pytest.mark.parametrize("unit", UNITS)
@given(
    text=st.text(st.sampled_from("aé🌧𝐌\r\n ") | st.characters(exclude_categories=("Cs",)), min_size=1), data=st.data()
)
def test_offsets_of_every_unit_become_code_points(unit: str, text: str, data: st.DataObject) -> None:
    if unit == "lf":
        text = text.replace("\r\n", "\n").replace("\r", "").replace("\n", "\r\n")
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    size = {
        "codepoints": len, "utf16": lambda t: len(t.encode("utf-16-le")) // 2, "utf8": lambda t: len(t.encode()),
        "lf": lambda t: len(t.replace("\r\n", "\n").replace("\r", "")),
    }[unit]  # fmt: skip
    found = convert(text, size(text[:start]), size(text[:end]), unit)
    assert found is not None
    assert text[slice(*found)].replace("\r", "") == text[start:end].replace("\r", "")


@pytest.mark.parametrize("unit", ["utf16", "utf8", "lf"])
def test_a_span_counted_otherwise_says_how_to_read_it(unit: str) -> None:
    at = ASTRAL.index("may")
    with pytest.raises(OffsetError, match=r"stands .* not 'may'|outside"):
        place(ASTRAL, 0, 3, "may")
    counted = {"utf16": len(ASTRAL[:at].encode("utf-16-le")) // 2, "utf8": len(ASTRAL[:at].encode()), "lf": at - 1}[
        unit
    ]
    with pytest.raises(OffsetError, match=f"add --offsets {unit}"):
        place(ASTRAL, counted, counted + 3, "may")
    assert place(ASTRAL, counted, counted + 3, "may", unit) == (at, at + 3)


def write(folder: Path, name: str, content: str) -> Path:
    path = folder / name
    path.write_bytes(content.encode())
    return path


def faults(found: Brought) -> list[str]:
    return [str(fault).split("/")[-1] for fault in found.faults]


def test_csv_of_text_and_label_trains_the_label_alone(tmp_path: Path) -> None:
    path = write(
        tmp_path, "a.csv", '\ufeffsentence,label,site\r\n"Rain, it\r\nfell.",Fact ,x\r\nIt may snow.,opinion,y\r\n'
    )
    found = bring([path], None, Rules(columns={"text": "sentence"}, values={"label": {"opinion": "hedge"}}))
    one, two = found.examples
    assert (one.text, one.label, one.roles, one.kind) == ("Rain, it\r\nfell.", "fact", (), None)
    assert (two.label, two.id) == ("hedge", "a:4")
    assert one.doc != two.doc
    assert "not read: site" in found.notes[0]


def test_csv_takes_words_of_spans_by_role(tmp_path: Path) -> None:
    path = write(tmp_path, "a.csv", "text,sources,cues\nShe said he said so.,she;;he,said;;said\nRain fell.,-,-\n")
    assert faults(bring([path], None, Rules())) == ["a.csv:2: sources: 'she' is not in the sentence"]
    path = write(tmp_path, "b.csv", "text,sources,cues\nShe said he said so.,She;;he,said;;said\nRain fell.,-,-\n")
    one, two = bring([path], None, Rules()).examples
    assert [(s.role, s.start) for s in one.spans] == [("source", 0), ("source", 9), ("cue", 4), ("cue", 12)]
    assert (two.spans, two.roles) == ((), ("source", "cue"))


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", "text,label\nRain fell.,fact\nSnow, fell.,fact\n", "a.csv:3: 3 values, but the header has 2"),
        ("a.csv", 'text,label\n"Rain" fell.,fact\n', "a.csv:2: broken CSV"),
        ("a.csv", "text,bias\nRain fell.,Biased\n",
         "a.csv:2: bias: 'Biased' is not a number from 0 to 1; map words: --value bias:"),
        ("a.csv", "text,label\n  ,fact\n", "a.csv:2: text: holds nothing but white space"),
        ("a.csv", "id,text\nx,Rain fell.\nx,Snow fell.\n", "a.csv:3: id: 'x' stands at"),
        ("a.csv", 'text,spans\nRain fell.,[0\n', "a.csv:2: spans: is no JSON list of spans"),
        ("a.jsonl", '{"text": "Rain fell."}\n\n{"text": \n', "a.jsonl:3: broken JSON at column"),
        ("a.jsonl", "[1]\n", "a.jsonl:1: a JSON list, not an object"),
        ("a.jsonl", '{"text": "Rain fell.", "spans": [["cue", 5, 9, "fall"]]}\n',
         "a.jsonl:1: spans: cue: at 5-9 stands 'fell', not 'fall'"),
        ("a.jsonl", '{"text": "Rain fell.", "spans": [["cue", 5, 19]]}\n',
         "a.jsonl:1: spans: cue: span 5-19 is outside the 10 characters"),
        ("a.jsonl", '{"text": "Rain fell.", "spans": [["cue", "5", 9]]}\n', "is no span; for instance"),
        ("a.conll", "Rain B-cue\nfell X-cue\n", "a.conll:2: tag 'X-cue' is neither O nor a role"),
        ("a.conll", "Rain O\nfell\n", "a.conll:2: 1 columns where 2 are expected"),
        ("a.conll", "# text = Rain stopped\nRain O\nfell O\n", "a.conll:3: token 'fell' is not what follows"),
        ("a.json", json.dumps([{"id": 7, "data": {"text": "Rain fell."}, "annotations": [{"result": [
            {"type": "labels", "value": {"start": 6, "end": 10, "text": "fell", "labels": ["cue"]}}]}]}]),
         "a.json#task:7: spans: cue: at 6-10 stands 'ell.', not 'fell'; these words stand at 5"),
    ],
)  # fmt: skip
def test_a_fault_names_file_line_and_column(tmp_path: Path, name: str, content: str, message: str) -> None:
    (found,) = bring([write(tmp_path, name, content)], None, Rules()).faults
    assert message in str(found)


@pytest.mark.parametrize(
    ("name", "content", "rules", "message"),
    [
        ("a.csv", "", {}, "has no header"),
        ("a.csv", "text,label,label\n", {}, "columns 'label' stand there twice"),
        ("a.csv", "sentence;label\nRain.;fact\n", {}, "found 'sentence;label'; .*add --delimiter ';'"),
        ("a.csv", "sentence,label\n", {}, "name it: --column text=sentence"),
        ("a.csv", "text,label\n", {"columns": {"doc": "url"}}, "no column 'url' for doc"),
        ("a.json", "{}", {}, "no list of tasks"),
        ("a.json", '[{"text": "Rain."}]', {}, "not as JSON-MIN"),
        ("a.json", '[{"data": {"body": "Rain."}}]', {}, "name it: --column text=body"),
        ("a.json", '[{"data":\n {"text" "Rain."}}]', {}, r"a.json:2: broken JSON at column \d+"),
        ("a.xyz", "", {}, r"tells no format; name it: --format csv\|jsonl"),
    ],
)  # fmt: skip
def test_a_wrong_file_says_what_to_type(
    tmp_path: Path, name: str, content: str, rules: dict[str, object], message: str
) -> None:
    with pytest.raises(DataError, match=message):
        bring([write(tmp_path, name, content)], None, Rules(**rules))  # type: ignore[arg-type]


def test_other_encodings_are_named_or_refused(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes("text,label\nRain fell.,fact\nLóa spoke.,fact\n".encode("cp1252"))
    with pytest.raises(DataError, match=r"a.csv:3: bytes f3 are not utf-8; name the encoding: --encoding windows-1252"):
        bring([tmp_path / "a.csv"], None, Rules())
    assert bring([tmp_path / "a.csv"], None, Rules(encoding="windows-1252")).examples[1].text == "Lóa spoke."


def test_conll_of_others_reads_with_every_scheme(tmp_path: Path) -> None:
    content = "-DOCSTART- O\n\nThe B-PER\nmayor I-PER\nsaid S-V\nso O\n\n-DOCSTART- O\n\nAda I-PER\nBo B-PER\n"
    found = bring([write(tmp_path, "a.bio", content)], None, Rules(values={"role": {"PER": "source", "V": "cue"}}))
    one, two = found.examples
    assert one.text == "The mayor said so"
    assert one.spans == (SpanLabel("source", 0, 9), SpanLabel("cue", 10, 14))
    assert two.spans == (SpanLabel("source", 0, 3), SpanLabel("source", 4, 6))
    assert one.doc != two.doc
    assert one.roles == ("source", "cue")


def test_brat_without_sentences_is_cut_into_sentences(tmp_path: Path) -> None:
    text = "🌧 Rain fell on Monday.\r\nThe mayor said the road is closed, the union said."
    write(tmp_path, "a.txt", text)
    at = text.index("The mayor")
    last = text.index("the union")
    lines = [f"T1\tSource {at} {at + 9}\tThe mayor", f"T2\tCue {at + 10} {at + 14};{last + 10} {last + 14}\tsaid said",
             "A1\tKind T1 official", "R1\tHas Arg1:T1 Arg2:T2", "#1\tAnnotatorNotes T1\tlooks right"]  # fmt: skip
    found = bring([write(tmp_path, "a.ann", "\r\n".join(lines))], None, Rules())
    assert found.faults == ()
    rain, mayor = found.examples
    assert (rain.text, rain.spans) == ("🌧 Rain fell on Monday.", ())
    assert {mayor.text[s.start : s.end] for s in mayor.spans} == {"The mayor", "said"}
    assert (mayor.kind, mayor.doc, len(mayor.spans)) == ("official", "a", 3)


def test_brat_of_a_text_whose_line_breaks_changed_says_so(tmp_path: Path) -> None:
    text = "Rain fell.\r\nIt stopped.\r\nThe mayor said so."
    write(tmp_path, "a.txt", text)
    at = text.replace("\r\n", "\n").index("The mayor")
    path = write(tmp_path, "a.ann", f"T1\tSource {at} {at + 9}\tThe mayor\nT2\tSource 5 14\tfell.  It\n")
    one, two = bring([path], None, Rules()).faults
    assert "a.ann:1" in str(one) and "add --offsets lf" in str(one)
    assert "a.ann:2: T2 Source 5-14 is in no sentence" in str(two)
    (tmp_path / "a.txt").unlink()
    with pytest.raises(DataError, match=r"a.txt is missing"):
        bring([path], None, Rules())


def task(*annotations: dict[str, object], text: str = "🌧 Ada said so.") -> dict[str, object]:
    return {"id": 3, "data": {"text": text, "rank": 1}, "annotations": list(annotations)}


def said(by: object, label: str, **more: object) -> dict[str, object]:
    result = [
        {"id": f"r{by}", "from_name": "label", "type": "choices", "value": {"choices": [label]}},
        {"from_name": "spans", "type": "labels", "value": {"start": 2, "end": 5, "text": "Ada", "labels": ["source"]}},
        {"from_name": "bias", "type": "number", "value": {"number": 0.5}},
        {"from_name": "kind", "type": "choices", "value": {"choices": ["person"]}},
    ]
    return {"completed_by": by, "result": result, **more}


def test_labelstudio_takes_what_annotators_agree_on_or_one_of_them(tmp_path: Path) -> None:
    both = task(said(1, "claim"), said({"id": 2, "email": "bo@x.org"}, "claim"), said(3, "none", was_cancelled=True))
    found = bring([write(tmp_path, "a.json", json.dumps([both, task()]))], None, Rules())
    (row,) = found.examples
    assert "1 tasks have no finished annotation: left out" in found.notes[0]
    assert (row.label, row.kind, row.bias, row.spans) == ("claim", "person", 0.5, (SpanLabel("source", 2, 5),))
    differ = write(
        tmp_path, "b.json", json.dumps([task(said(1, "claim"), said({"id": 2, "email": "bo@x.org"}, "fact"))])
    )
    assert "annotations: 2 that differ, by 1, bo@x.org; import each with --annotator" in str(
        bring([differ], None, Rules()).faults[0]
    )
    for name, label in (("1", "claim"), ("bo@x.org", "fact"), ("2", "fact")):
        assert bring([differ], None, Rules(annotator=name)).examples[0].label == label
    truth = write(tmp_path, "c.json", json.dumps([task(said(1, "claim"), said(2, "fact", ground_truth=True))]))
    assert bring([truth], None, Rules()).examples[0].label == "fact"


def test_roles_that_never_occur_count_as_not_annotated(tmp_path: Path) -> None:
    path = write(tmp_path, "a.jsonl", '{"text": "Ada said so.", "spans": [["cue", 4, 8]]}\n{"text": "Rain fell."}\n')
    assert {row.roles for row in bring([path], None, Rules()).examples} == {("cue",)}
    assert {row.roles for row in bring([path], None, Rules(roles=ROLES)).examples} == {ROLES}


def test_rules_of_a_file_and_the_command_line(tmp_path: Path) -> None:
    path = write(tmp_path, "map.toml", 'delimiter = ";"\n[columns]\ntext = "body"\n[values.label]\nno = "none"\n')
    rules = read_rules(path, ["doc=url"], ["label:a=b=fact"], {"offsets": "utf16", "roles": "source, cue"})
    assert rules.columns == {"text": "body", "doc": "url"}
    assert rules.values == {"label": {"no": "none", "a=b": "fact"}}
    assert (rules.delimiter, rules.offsets, rules.roles) == (";", "utf16", ("source", "cue"))


@pytest.mark.parametrize(
    ("content", "columns", "values", "message"),
    [
        ("colums = 1", (), (), "unknown key 'colums'; known: columns"),
        ("columns = 1", (), (), "columns must be a table"),
        ("[", (), (), "is no TOML"),
        ("", ("text",), (), "is not FIELD=COLUMN; for instance: --column text=sentence"),
        ("", ("body=text",), (), "unknown field 'body'; known: id, text"),
        ("", (), ("label=fact",), "is not FIELD:THEIRS=OURS"),
        ("", (), ("text:a=b",), "unknown field 'text'; known: label"),
        ('offsets = "bytes"', (), (), "unknown unit of offsets 'bytes'; known: codepoints"),
        ('delimiter = "::"', (), (), "is not one character"),
        ('roles = ["verb"]', (), (), "unknown role 'verb'"),
    ],
)
def test_wrong_rules_are_refused(
    tmp_path: Path, content: str, columns: tuple[str, ...], values: tuple[str, ...], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        read_rules(write(tmp_path, "map.toml", content), columns, values, {})
