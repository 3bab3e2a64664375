"""Dev scores over the number of labelled sentences: does the model want more labels or more model?

    python benchmarks/learning_curve.py --sizes 500 2000 8000 --seeds 1 2 3 --runs runs/curve

Trains `experiments/configs/curve.yaml` for every size and seed (a run that is there already is taken as it is, one that
was stopped goes on), and prints a Markdown table of mean and spread.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
from pathlib import Path

CONFIG = Path(__file__).parents[1] / "experiments" / "configs" / "curve.yaml"
ROWS = {
    "label macro-F1": ("label", "macro_f1"),
    "source": ("spans", "source", "word", "f1"),
    "cue": ("spans", "cue", "word", "f1"),
    "hedge": ("spans", "hedge", "word", "f1"),
    "loaded": ("spans", "loaded", "word", "f1"),
}


def run(size: int, seed: int, folder: Path, options: list[str]) -> dict[str, float]:
    """Train one model unless it is there, and return its dev scores."""
    target = folder / f"{size}-{seed}"
    scores = target / "model" / "metrics.json"
    if not scores.exists():
        resume = ["--resume"] if (target / "mlflow_run_id").exists() else []
        settings = [f"data.limit={size}", f"trainer.seed={seed}", f"name=curve-{size}-{seed}"]
        sets = [word for setting in settings for word in ("--set", setting)]
        command = [sys.executable, "-m", "sayso", "train", str(CONFIG), *sets, "--output", str(target)]
        subprocess.run([*command, *resume, *options], check=True)
    found = json.loads(scores.read_text(encoding="utf-8"))
    return {name: _at(found, path) for name, path in ROWS.items()}


def _at(scores: dict, path: tuple[str, ...]) -> float:
    value = scores
    for key in path:
        value = value[key]
    return float(value)


def cell(values: list[float]) -> str:
    """Return mean and standard deviation."""
    spread = f" ± {statistics.stdev(values):.3f}" if len(values) > 1 else ""
    return f"{statistics.mean(values):.3f}{spread}"


def main() -> None:
    """Train what is missing and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[500, 1000, 2000, 4000, 8000, 16000])
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--runs", type=Path, default=Path("runs/curve"))
    arguments, options = parser.parse_known_args()
    print(f"| sentences | {' | '.join(ROWS)} |\n| --- |{' --- |' * len(ROWS)}")
    for size in arguments.sizes:
        found = [run(size, seed, arguments.runs, options) for seed in arguments.seeds]
        print(f"| {size:,} | {' | '.join(cell([scores[name] for scores in found]) for name in ROWS)} |", flush=True)


if __name__ == "__main__":
    main()
