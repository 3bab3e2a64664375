"""`sayso bench`."""

from __future__ import annotations

import json
import os
from pathlib import Path

import click

from sayso.errors import OutputError

PATH = click.Path(path_type=Path)
SAMPLE = Path("data/sample/articles.jsonl")


@click.command()
@click.argument("corpus_file", type=PATH, default=SAMPLE, metavar="[CORPUS_FILE]")
@click.option("--model", "models", multiple=True, help="Model directory; may be repeated; default: the shipped one.")
@click.option("--torch", "torch_dir", type=PATH, default=None, help="Torch model with the same weights, for agreement.")
@click.option("--rounds", type=click.IntRange(min=1), default=5, show_default=True, help="Rounds, all contenders each.")
@click.option("--sentences", type=click.IntRange(min=1), default=1500, show_default=True, help="Sentences a round.")
@click.option("--out", type=PATH, default=None, help="JSON file to write; the plot goes beside it as .png.")
@click.option("--overwrite", is_flag=True, help="Replace what exists.")
def bench(
    corpus_file: Path, models: tuple[str, ...], torch_dir: Path | None, rounds: int, sentences: int, out: Path | None,
    overwrite: bool,
) -> None:  # fmt: skip
    """Time the engines against a plain transformers loop, from article text to Parquet.

    Contenders take turns within each round, so that ratios hold on a busy machine. Without --torch the
    baseline has the shape of the model, not its weights: speeds hold, agreement is not measured.

    Example: sayso bench data/sample/articles.jsonl --out bench.json
    """
    import torch

    from sayso_training.bench import bench_table, plans, read_sentences, run_bench
    from sayso_training.plots import bench_plot

    if out is not None and out.exists() and not overwrite:
        raise OutputError(f"{out} exists; add --overwrite, or name another --out")
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    documents = read_sentences(corpus_file, sentences)
    chosen = plans(models, str(torch_dir) if torch_dir else None, cores, torch.cuda.is_available())
    found = run_bench(chosen, documents, rounds, cores) | {"corpus": corpus_file.name}
    click.echo(bench_table(found))
    if torch_dir is None:
        click.echo("agreement with fp32 was not measured: name the torch model with --torch DIR")
    if out is not None:
        out.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
        bench_plot(found).savefig(out.with_suffix(".png"), dpi=150)
        click.echo(f"wrote {out} and {out.with_suffix('.png')}")
