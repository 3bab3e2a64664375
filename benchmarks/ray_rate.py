"""Compare a corpus run on Ray (two workers, one machine, cluster started before) with the plain runner's two processes.

Usage: python benchmarks/ray_rate.py [COPIES [ROUNDS]]; the sample articles, COPIES times. The two take turns, so that
noise meets both, and their output must be the same bytes.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

from sayso.adapters.ray_pool import ray_pool
from sayso.pools import OpenPool, ProcessPool
from sayso.readers import ReadOptions
from sayso.runner import run_corpus

SAMPLE = Path(__file__).resolve().parents[1] / "data" / "sample" / "articles.jsonl"
SHARDS = 12  # enough that both workers have work to the end
Timed = tuple[float, int, dict[str, bytes]]


def repeated(copies: int, target: Path) -> Path:
    """Write the sample articles `copies` times, each with an id of its own."""
    rows = [json.loads(line) for line in SAMPLE.read_text(encoding="utf-8").splitlines()]
    lines = (json.dumps(row | {"id": f"{row['id']}-{n}"}) + "\n" for n in range(copies) for row in rows)
    target.write_text("".join(lines), encoding="utf-8")
    return target


def timed(corpus: Path, folder: Path, open_pool: OpenPool) -> Timed:
    """Return seconds, sentences and files of one run."""
    size = max(corpus.stat().st_size // SHARDS, 1)
    start = time.perf_counter()
    tally = run_corpus([str(corpus)], folder, None, ReadOptions(), 2, shard_characters=size, open_pool=open_pool)
    seconds = time.perf_counter() - start
    files = {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    return seconds, tally.sentences, files


def main() -> None:
    """Print both rates and their ratio."""
    import ray

    copies, rounds = ([int(word) for word in sys.argv[1:]] + [100, 3][len(sys.argv) - 1 :])[:2]
    os.environ["RAY_worker_niceness"] = "0"  # noqa: SIM112  # else Ray's workers yield to everything else running
    ray.init(address="local", num_cpus=2, include_dashboard=False, log_to_driver=False)
    rates: dict[str, list[float]] = {"plain": [], "ray": []}
    pools: dict[str, OpenPool] = {"plain": ProcessPool, "ray": ray_pool("local")}
    with tempfile.TemporaryDirectory() as work:
        corpus = repeated(copies, Path(work) / "corpus.jsonl")
        for number in range(rounds):
            outputs = []
            for name, pool in pools.items():
                seconds, sentences, files = timed(corpus, Path(work) / f"{name}{number}", pool)
                rates[name].append(sentences / seconds)
                outputs.append(files)
            assert outputs[0] == outputs[1], "the bytes differ"
    ray.shutdown()
    plain, on_ray = (statistics.median(values) for values in rates.values())
    print(f"plain {plain:,.0f} sentences/s; ray {on_ray:,.0f} sentences/s; ratio {on_ray / plain:.2f}")


if __name__ == "__main__":
    main()
