"""Throughput from article text to Parquet: engines against a plain transformers loop, in interleaved rounds."""

from __future__ import annotations

import os
import resource
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from itertools import chain
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from sayso.artifact import DEFAULT_MODEL, WEIGHTS
from sayso.engines import EXTRAS
from sayso.errors import InputError, SaysoError
from sayso.readers import ReadOptions, read
from sayso.records import Document
from sayso.segmentation import split_sentences
from sayso_training.contenders import Outcome, Plan, build, product_shapes

BASELINE, SORTED = "transformers, batch 32", "transformers, batch 32, sorted by length"
CEILINGS = {"int8": "int8 products", "bf16": "bf16 products"}


def read_sentences(path: Path, limit: int) -> list[Document]:
    """Return documents of a file until they hold `limit` sentences.

    Raises:
        InputError: when the file holds no text.
    """
    documents: list[Document] = []
    found = 0
    for item in read(str(path), ReadOptions()):
        if isinstance(item, Document) and found < limit:
            documents.append(item)
            found += len(split_sentences(item.text))
    if not found:
        raise InputError(f"{path} holds no sentence; name a .jsonl or .jsonl.zst file whose rows have a text")
    return documents


def plans(models: Sequence[str], torch_dir: str | None, cores: int, cuda: bool) -> list[Plan]:
    """Return what can be timed here: baselines first, then every engine of every model, then the products."""
    found = [
        Plan(n, "pipeline", o, cores, torch_dir=torch_dir) for n, o in ((BASELINE, "unsorted"), (SORTED, "sorted"))
    ]
    if cuda:
        found.append(Plan("transformers on CUDA, batch 32", "pipeline", "unsorted", 1, None, torch_dir, "cuda"))
    for model in models or [str(DEFAULT_MODEL)]:
        title = f" ({Path(model).name})" if len(models) > 1 else ""
        found.append(Plan(f"onnxruntime{title}", "engine", "onnxruntime", cores, model))
        if all(find_spec(package) for package in EXTRAS["openvino"][1]):
            found.append(Plan(f"openvino{title}", "engine", "openvino", cores, model))
        if (Path(model) / WEIGHTS).is_file():
            found.append(Plan(f"torch{title}", "engine", "torch", cores, model))
    return found + [Plan(name, "products", kind, cores, torch_dir=torch_dir) for kind, name in CEILINGS.items()]


class Team:
    """The processes of one contender: one a core for an engine, as in a corpus run, and one for the others."""

    def __init__(self, plan: Plan, documents: Sequence[Document], folder: Path, workers: int) -> None:
        context = get_context("spawn")
        self._name = plan.name
        self._ends: list[Connection] = []
        self._processes = []
        for number in range(workers):
            here, there = context.Pipe()
            job = (plan, documents[number::workers], folder / f"{abs(hash(plan))}-{number}.parquet", there)
            process = context.Process(target=_serve, args=job, daemon=True)
            process.start()
            self._ends.append(here)
            self._processes.append(process)
        for number in range(workers):  # nobody is timed while others still load
            self._receive(number)

    def run(self) -> tuple[float, list[Outcome], int]:
        """Return wall seconds of one run, what each process did, and their peak memory together in bytes."""
        start = time.perf_counter()
        for end in self._ends:
            end.send(True)
        replies = [self._receive(number) for number in range(len(self._ends))]
        return time.perf_counter() - start, [outcome for outcome, _ in replies], sum(peak for _, peak in replies)

    def _receive(self, number: int) -> tuple[Outcome, int]:
        try:
            reply: tuple[Outcome, int] | str = self._ends[number].recv()
        except EOFError as error:
            self._processes[number].join()
            status = self._processes[number].exitcode
            raise SaysoError(
                f"{self._name}: its process ended with status {status}; see above, or free memory"
            ) from error
        if isinstance(reply, str):
            raise SaysoError(reply)
        return reply

    def close(self) -> None:
        """End the processes."""
        for end in self._ends:
            end.close()
        for process in self._processes:
            process.join(timeout=30)


def _serve(plan: Plan, documents: Sequence[Document], out: Path, end: Connection) -> None:
    try:
        contender = build(plan)
        chosen = documents[:2]  # the first run only warms caches and kernels
        while True:
            outcome = contender.run(chosen, out)
            end.send((outcome, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024))
            end.recv()
            chosen = documents
    except SaysoError as error:
        end.send(f"{plan.name}: {error}")
    except EOFError:  # the parent has closed its end
        return


@contextmanager
def _teams(chosen: Sequence[Plan], documents: Sequence[Document], cores: int) -> Iterator[dict[str, Team]]:
    teams: dict[str, Team] = {}
    with tempfile.TemporaryDirectory() as folder:
        try:
            for plan in chosen:
                workers = cores if plan.kind == "engine" else 1
                one = Plan(plan.name, plan.kind, plan.option, 1, plan.model) if plan.kind == "engine" else plan
                teams[plan.name] = Team(one, documents, Path(folder), workers)
            yield teams
        finally:
            for team in teams.values():
                team.close()


def run_bench(chosen: Sequence[Plan], documents: Sequence[Document], rounds: int, cores: int) -> dict[str, Any]:
    """Time every plan once a round, one after the other, and return all that was measured, JSON-ready.

    Rates are sentences a wall second; stages are shares of the CPU seconds. A fraction of a ceiling is
    the operations of the encoder's products on real tokens, per wall second, over the rate of the products alone.
    `load` is what the machine had to do per core before the start: above a half, others share it, which slows
    the baseline more than the engines, since its threads wait for each other.
    """
    walls: dict[str, list[float]] = {plan.name: [] for plan in chosen}
    last: dict[str, tuple[list[Outcome], int]] = {}
    rates: dict[str, list[float]] = {plan.name: [] for plan in chosen}
    load = os.getloadavg()[0] / cores
    with _teams(chosen, documents, cores) as teams:
        for _ in range(rounds):
            for name, team in teams.items():
                wall, outcomes, peak = team.run()
                walls[name].append(wall)
                rates[name].append(outcomes[0].rate)
                last[name] = (outcomes, peak)
    return _summary(chosen, documents, walls, last, rates) | {"rounds": rounds, "cores": cores, "load": load}


def _summary(
    chosen: Sequence[Plan], documents: Sequence[Document], walls: dict[str, list[float]],
    last: dict[str, tuple[list[Outcome], int]], rates: dict[str, list[float]],
) -> dict[str, Any]:  # fmt: skip
    torch_dir = chosen[0].torch_dir
    work = 2 * sum(inner * outer for inner, outer in product_shapes(torch_dir))
    ceilings = {kind: statistics.median(rates[name]) for kind, name in CEILINGS.items()}
    reference = _labels(last[BASELINE][0]) if torch_dir else None
    rows = {}
    for name in (plan.name for plan in chosen if plan.kind != "products"):
        row = _row(walls[name], *last[name], work, ceilings)
        for field, base in (("ratio", BASELINE), ("ratio_sorted", SORTED)):  # within a round, where both met one noise
            row[field] = statistics.median(b / own for b, own in zip(walls[base], walls[name], strict=True))
        row["agreement_fp32"] = _agreement(_labels(last[name][0]), reference)
        rows[name] = row
    return {"ceilings": ceilings, "documents": len(documents), "contenders": rows}


def _agreement(labels: list[str], reference: list[str] | None) -> float | None:
    if reference is None:
        return None
    return sum(a == b for a, b in zip(labels, reference, strict=True)) / max(len(reference), 1)


def _labels(outcomes: Sequence[Outcome]) -> list[str]:
    """Return the labels in the order of the documents, which were dealt to the processes in turn."""
    total = sum(len(outcome.labels) for outcome in outcomes)
    dealt = (outcomes[i % len(outcomes)].labels[i // len(outcomes)] for i in range(total))
    return list(chain.from_iterable(dealt))


def _row(
    walls: Sequence[float], outcomes: list[Outcome], peak: int, work: int, ceilings: dict[str, float]
) -> dict[str, Any]:
    sentences = len(_labels(outcomes))
    operations = work * sum(outcome.tokens for outcome in outcomes)
    stages: Counter[str] = Counter()
    for outcome in outcomes:
        stages.update(outcome.stages)
    cpu = sum(stages.values())
    rates = [sentences / wall for wall in walls]
    return {
        "sentences": sentences, "sentences_per_second": statistics.median(rates),
        "slowest": min(rates), "fastest": max(rates), "sentences_per_cpu_second": sentences / max(cpu, 1e-9),
        "stages": {name: seconds / max(cpu, 1e-9) for name, seconds in stages.items()}, "peak_bytes": peak,
        "of_ceiling": {kind: operations / statistics.median(walls) / rate for kind, rate in ceilings.items()},
    }  # fmt: skip


def bench_table(found: dict[str, Any]) -> str:
    """Return the result as text: a row a contender, then the ceilings."""
    head = "sentences/s (min-max)", "x base", "x sorted", "fp32", "int8", "bf16", "MB", "CPU share by stage"
    lines = [f"{'':40}" + " | ".join(head)]
    for name, row in found["contenders"].items():
        spread = f"{row['sentences_per_second']:,.0f} ({row['slowest']:,.0f}-{row['fastest']:,.0f})"
        agreement = "-" if row["agreement_fp32"] is None else f"{row['agreement_fp32']:.1%}"
        stages = " ".join(f"{stage} {share:.1%}" for stage, share in row["stages"].items())
        ceilings = [f"{row['of_ceiling'][kind]:.0%}" for kind in CEILINGS]
        ratios = [f"{row['ratio']:.2f}", f"{row['ratio_sorted']:.2f}"]
        cells = [spread, *ratios, agreement, *ceilings, f"{row['peak_bytes'] / 1e6:,.0f}", stages]
        lines.append(f"{name:40}" + " | ".join(cells))
    lines += [f"{name}: {found['ceilings'][kind] / 1e9:,.0f} G operations/s" for kind, name in CEILINGS.items()]
    if found["load"] > 0.5:
        lines.append(f"others share this machine ({found['load']:.1f} processes a core): run it again when it is idle")
    return "\n".join(lines)
