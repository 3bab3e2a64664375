"""`sayso data suggest`."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from itertools import islice
from pathlib import Path
from typing import Any

import click
import orjson
from rich.console import Console

from sayso.classifier import Classifier
from sayso.commands import Faults
from sayso.errors import DataError, OutputError
from sayso.readers import Fault, ReadOptions, expand, read_all
from sayso.records import Document
from sayso_data.build import load_split
from sayso_data.exchange.bring import PARTIAL, check_absent
from sayso_data.exchange.labelstudio import interface, results, task_data
from sayso_data.options import DATA_OPTION, OVERWRITE, PATH
from sayso_data.standoff import fingerprint, squeeze
from sayso_data.suggest import Choice, Weights, candidates, suggest

LIMIT = 100_000


@click.command("suggest")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option("--out", type=PATH, required=True, help="TASKS.json to write; TASKS.xml, the interface, beside it.")
@click.option("--count", type=click.IntRange(min=1), default=100, show_default=True, help="Sentences to choose.")
@click.option("--model", "models", multiple=True,
              help="Model directory or MLflow address; several: where they disagree.")  # fmt: skip
@click.option("--known", multiple=True, metavar="SPLIT|FILE", help="Sentences labelled already, which are left out.")
@click.option("--uncertainty", type=click.FloatRange(min=0), default=1.0, show_default=True, help="Its weight.")
@click.option("--rare", type=click.FloatRange(min=0), default=0.5, show_default=True, help="Weight of rare classes.")
@click.option("--diversity", type=click.FloatRange(min=0), default=0.5, show_default=True,
              help="Weight of being unlike what is chosen.")  # fmt: skip
@click.option("--limit", type=click.IntRange(min=1), default=LIMIT, show_default=True,
              help="Sentences to choose from: the first ones.")  # fmt: skip
@click.option("--unit", type=click.Choice(["document", "sentence"]), default="document", show_default=True)
@click.option("--text-field", default="text", show_default=True, help="Column that holds the text.")
@click.option("--id-field", default="id", show_default=True, help="Column that names the document.")
@click.option("--corpus", default="suggested", show_default=True, help="Name of the corpus in the tasks.")
@OVERWRITE
@DATA_OPTION
def suggest_command(
    paths: tuple[str, ...], out: Path, count: int, models: tuple[str, ...], known: tuple[str, ...], uncertainty: float,
    rare: float, diversity: float, limit: int, unit: str, text_field: str, id_field: str, corpus: str,
    overwrite: bool, directory: Path,
) -> int:  # fmt: skip
    """Choose the sentences worth labelling next and write them as Label Studio tasks with the model's answers.

    Exit status: 0 all input read, 1 some records could not be, 2 nothing could be done.

    Example: sayso data suggest articles.jsonl --count 200 --known train.jsonl --out tasks.json
    """
    _check_out(out, overwrite)
    loaded = [Classifier.load(model) for model in models or (None,)]
    labelled = {fingerprint(squeeze(row.text)) for name in known for row in load_split(name, directory)}
    faults: list[Fault] = []
    documents = _documents(expand(paths), ReadOptions(text_field, id_field, unit), faults)
    with _progress():
        pool = list(islice(candidates(documents, loaded, labelled, unit == "sentence"), limit))
    choices = suggest(pool, loaded[0], count, Weights(uncertainty, rare, diversity), corpus)
    if not choices:
        raise DataError(f"no sentence of 3 to 80 words that is not labelled already in {', '.join(paths)}")
    _write(out, choices, loaded[0].artifact.digest)
    stopped = f"; there are more: raise --limit {limit}" if len(pool) == limit else ""
    click.echo(f"{out}: {len(choices)} of {len(pool)} sentences{stopped}; interface: {out.with_suffix('.xml')}")
    click.echo(f"when they are labelled: sayso data import EXPORT.json --out {out.stem}-labelled.jsonl")
    return 1 if faults else 0


def _check_out(out: Path, overwrite: bool) -> None:
    if out.suffix != ".json":
        raise OutputError(f"{out} is no .json; type: --out {out.with_suffix('.json')}")
    for target in (out, out.with_suffix(".xml")):
        check_absent(target, overwrite)
    if not out.parent.is_dir():
        raise OutputError(f"no folder {out.parent}; type: mkdir -p {out.parent}")


def _progress() -> AbstractContextManager[Any]:
    console = Console(stderr=True)
    return console.status("reading and labelling") if console.is_terminal else nullcontext()


def _documents(files: Sequence[str], options: ReadOptions, faults: list[Fault]) -> Iterator[Document]:
    show = Faults(Console(stderr=True))
    for item in read_all(files, options):
        if isinstance(item, Document):
            yield item
        else:
            faults.append(item)
            show(item)


def _write(out: Path, choices: Sequence[Choice], model: str) -> None:
    tasks = [_task(number, choice, model) for number, choice in enumerate(choices, 1)]
    for target, content in (
        (out.with_suffix(".xml"), interface().encode()),
        (out, orjson.dumps(tasks, option=orjson.OPT_INDENT_2)),
    ):
        partial = target.with_name(target.name + PARTIAL)
        partial.write_bytes(content)
        os.replace(partial, target)


def _task(number: int, choice: Choice, model: str) -> dict[str, Any]:
    """Return a task; `rank`, `uncertainty` and `rarity` are there to sort by in Label Studio."""
    why = {"rank": number, "uncertainty": round(choice.uncertainty, 4), "rarity": round(choice.rarity, 4)}
    found = list(results(choice.example))
    answer = {"model_version": model, "score": round(1 - choice.uncertainty, 4), "result": found}
    return {"data": {**task_data(choice.example), **why}, "predictions": [answer]}
