"""Write `articles.jsonl` and `labels.jsonl` from `articles.txt`; exit 1 with a list of faults."""

from __future__ import annotations

import hashlib
import json
import re
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
KINDS = {"official", "partisan", "organization", "expert", "media", "person", "unnamed"}
LABELS = {"fact", "claim", "hedge", "none"}
TOPICS = {"conflict", "politics", "health", "business", "courts", "science", "sport", "local"}
HEADER = {"id", "split", "title", "outlet", "date", "topic"}
PRONOUNS = {"he", "she", "it", "they", "we", "i"}
MARK = re.compile(r"([{[])(\w)([|~])([^]}]+)[]}]|<([^>]+)>")
QUOTE_MARKS = '“”"‘'
# What the set is for; a build that falls below is a fault.
AT_LEAST = {"articles": 40, "attributions": 600, "outside": 200}


@dataclass
class Mention:
    """Words for an entity; `start` and `end` count code points of the article, end exclusive."""

    entity: str
    start: int
    end: int
    named: bool
    source: bool


@dataclass
class Line:
    """One sentence without its marks."""

    text: str
    start: int
    mentions: list[Mention]
    cues: list[list[int]]
    told: list[str]  # what stands after the arrow

    @property
    def speaker(self) -> Mention | None:
        """Return the mention that the sentence is attributed to."""
        return next((m for m in self.mentions if m.source), None)


@dataclass
class Story:
    """One article as marked up: `entities` gives (name, kind) by letter."""

    fields: dict[str, str]
    entities: dict[str, tuple[str, str]]
    paragraphs: list[list[Line]] = field(default_factory=list)

    @property
    def lines(self) -> list[Line]:
        """Return the sentences of all paragraphs."""
        return [line for paragraph in self.paragraphs for line in paragraph]

    @property
    def text(self) -> str:
        """Return the article, one paragraph a line."""
        return "\n".join(" ".join(line.text for line in paragraph) for paragraph in self.paragraphs)

    def naming(self, entity: str, before: int) -> Mention | None:
        """Return the mention by name that is nearest before an offset, else the first after it."""
        named = [m for line in self.lines for m in line.mentions if m.entity == entity and m.named]
        earlier = [m for m in named if m.start < before]
        return earlier[-1] if earlier else named[0] if named else None


def parse(text: str) -> Iterator[Story]:
    """Yield the articles; see README.md for the marks."""
    for block in text.split("# id: ")[1:]:
        head, _, body = block.partition("\n")
        fields = dict(part.split(": ", 1) for part in ("id: " + head).split(" | "))
        declared, *paragraphs = (p for p in body.strip().split("\n\n") if p.strip())
        story, start = Story(fields, dict(map(entity, declared.splitlines()))), 0
        for paragraph in paragraphs:
            story.paragraphs.append([])
            for marked in paragraph.splitlines():
                line = unmark(marked, start)
                story.paragraphs[-1].append(line)
                start += len(line.text) + 1
        yield story


def entity(line: str) -> tuple[str, tuple[str, str]]:
    """Return letter, name and kind of a declaration such as `= H: Lena Haddad | official`."""
    letter, _, rest = line.removeprefix("= ").partition(": ")
    name, _, kind = rest.partition(" | ")
    return letter, (name, kind)


def unmark(marked: str, start: int) -> Line:
    """Return the sentence and its marks, which begin at offset `start` of the article."""
    marked, _, told = marked.partition(" => ")
    line, place = Line("", start, [], [], told.split()), 0
    for mark in MARK.finditer(marked):
        bracket, letter, how, words, cue = mark.groups()
        line.text += marked[place : mark.start()]
        left = start + len(line.text)
        line.text += words or cue
        right = start + len(line.text)
        if cue:
            line.cues.append([left, right])
        else:
            line.mentions.append(Mention(letter, left, right, how == "|", bracket == "{"))
        place = mark.end()
    line.text += marked[place:]
    return line


def label_row(story: Story, number: int, line: Line) -> dict[str, Any]:
    """Return one row of `labels.jsonl`."""
    source, basis, form = attribution(story, line)
    label = next((word for word in line.told if word in LABELS), "claim" if basis else "fact")
    named = story.naming(source, line.start) if source else None
    if basis == "same-sentence":
        named = line.speaker
    doc, end = story.fields["id"], line.start + len(line.text)
    return {
        "id": f"{doc}-{number:03d}", "doc": doc, "split": story.fields["split"], "start": line.start, "end": end,
        "sha256": hashlib.sha256(line.text.encode("utf-8")).hexdigest()[:16], "label": label,
        "sources": [[m.start, m.end] for m in line.mentions if m.source], "cues": line.cues,
        "kind": story.entities[source][1] if source else "unnamed" if basis else None,
        "source": source, "basis": basis, "form": form, "evidence": [named.start, named.end] if named else None,
    }  # fmt: skip


def attribution(story: Story, line: Line) -> tuple[str | None, str | None, str | None]:
    """Return entity, basis and form of what a sentence is attributed to; all None where it is not."""
    speaker = line.speaker
    if speaker is not None:
        words = line.text[speaker.start - line.start : speaker.end - line.start]
        if speaker.named:
            full = story.entities[speaker.entity][0].lower() in words.lower()
            return speaker.entity, "same-sentence", "full" if full else "short"
        return speaker.entity, "pronoun", "pronoun" if words.lower() in PRONOUNS else "phrase"
    letter = next((word for word in line.told if word not in LABELS), None)
    if letter == "?":
        return None, "none", None
    return (letter, "quotation-continued", "quotation") if letter else (None, None, None)


def faults(story: Story) -> Iterator[str]:
    """Yield what is wrong with one article."""
    yield from header_faults(story)
    for letter, (name, kind) in story.entities.items():
        if kind not in KINDS:
            yield f"{name}: kind {kind!r}"
        if story.naming(letter, 0) is None:
            yield f"{name} is never named"
    for paragraph in story.paragraphs:
        for line, open_before in zip(paragraph, open_quotes(paragraph), strict=True):
            yield from (f"{fault}: {line.text!r}" for fault in line_faults(story, line, open_before))


def header_faults(story: Story) -> Iterator[str]:
    """Yield what is wrong with the header of an article."""
    if story.fields.keys() != HEADER:
        yield f"header has {sorted(story.fields)}"
    for name, known in (("split", {"dev", "test"}), ("topic", TOPICS)):
        if story.fields.get(name) not in known:
            yield f"{name} is {story.fields.get(name)!r}"


def open_quotes(paragraph: list[Line]) -> Iterator[bool]:
    """Yield for each sentence whether a quotation is open where it begins; paragraphs begin outside one."""
    seen = ""
    for line in paragraph:
        yield seen.count("“") > seen.count("”") or seen.count('"') % 2 == 1 or opened_single(seen)
        seen += line.text + " "


def opened_single(text: str) -> bool:
    """Return whether a single mark stands open; one between letters is an apostrophe."""
    marks = re.findall(r"(?<!\w)['‘](?=\w)|(?<=[.,?!])['’](?!\w)", text)
    return len(marks) % 2 == 1


def line_faults(story: Story, line: Line, open_before: bool) -> Iterator[str]:
    """Yield what is wrong with one sentence."""
    letters = {m.entity for m in line.mentions} | {word for word in line.told if word not in LABELS | {"?"}}
    if not letters <= story.entities.keys():
        yield f"undeclared {sorted(letters - story.entities.keys())}"
    if re.search(r"[][{}<>|~]|=>|  |^$", line.text):
        yield "a stray mark or space"
    sources = sum(m.source for m in line.mentions)
    told = [word for word in line.told if word not in LABELS]
    yield from form_faults(story, line)
    if sources > 1 or (sources and told) or len(told) > 1:
        yield "more than one source"
    if bool(sources) != bool(line.cues) and told != ["?"]:
        yield "a source without a cue, or a cue without a source"
    if told and told != ["?"] and not open_before and line.text[0] not in QUOTE_MARKS + "'":
        yield "continues a quotation outside quotation marks"
    yield from unmarked(story, line)


def form_faults(story: Story, line: Line) -> Iterator[str]:
    """Yield the mentions whose mark says by name where they are not, or the other way round."""
    for mention in line.mentions:
        words = bare(line.text[mention.start - line.start : mention.end - line.start])
        name = bare(story.entities.get(mention.entity, ("", ""))[0])
        capital = name != name.lower() and words == words.lower()
        if mention.named and (capital or words.lower() in PRONOUNS):
            yield f"{words!r} is no name of {name}"
        if not mention.named and words.lower() == name.lower():
            yield f"{words!r} is the name of {name}"


def bare(words: str) -> str:
    """Return a phrase without its article."""
    return re.sub(r"^(?:the|a|an|one|two)\s+", "", words, flags=re.IGNORECASE)


def unmarked(story: Story, line: Line) -> Iterator[str]:
    """Yield the names that stand in a sentence without a mark."""
    rest = list(line.text)
    for mention in line.mentions:
        rest[mention.start - line.start : mention.end - line.start] = " " * (mention.end - mention.start)
    for name, _ in story.entities.values():
        if re.search(rf"(?<!\w){re.escape(name)}(?!\w)", "".join(rest)):
            yield f"{name} without a mark"


def totals(stories: list[Story], rows: list[dict[str, Any]]) -> dict[str, int]:
    """Return how large the set is."""
    bases = Counter(row["basis"] for row in rows)
    outside = bases["pronoun"] + bases["quotation-continued"]
    return {"articles": len(stories), "attributions": bases["same-sentence"] + outside, "outside": outside}


def article_row(story: Story) -> dict[str, Any]:
    """Return one row of `articles.jsonl`."""
    mentions = [[m.entity, m.start, m.end, m.named] for line in story.lines for m in line.mentions]
    entities = {letter: {"name": name, "kind": kind} for letter, (name, kind) in story.entities.items()}
    return {**story.fields, "text": story.text, "entities": entities, "mentions": mentions}


def main() -> int:
    """Build everything; return 1 after printing the faults, if there are any."""
    stories = list(parse((HERE / "articles.txt").read_text(encoding="utf-8")))
    found = [f"{story.fields.get('id')}: {fault}" for story in stories for fault in faults(story)]
    rows = [] if found else [label_row(s, n, line) for s in stories for n, line in enumerate(s.lines)]
    sizes = totals(stories, rows)
    if not found:
        found = [f"{n} {name}, not {AT_LEAST[name]}" for name, n in sizes.items() if n < AT_LEAST[name]]
    for fault in found:
        print(fault)
    if not found:
        write("articles", [article_row(story) for story in stories])
        write("labels", rows)
    print(f"{sizes}, {len(rows)} sentences, {len(found)} faults")
    return 1 if found else 0


def write(name: str, rows: list[dict[str, Any]]) -> None:
    """Write rows as JSON lines beside this file."""
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    (HERE / f"{name}.jsonl").write_text(lines, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
