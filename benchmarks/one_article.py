"""Time `sayso score` of one article, process start included, against starting Python with numpy alone."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from pathlib import Path

ARTICLE = Path(__file__).resolve().parents[1] / "data" / "sample" / "txt" / "s01.txt"
RUNS = 7


def seconds(command: list[str]) -> float:
    """Return the wall time of one run."""
    start = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - start


def main() -> None:
    """Print the medians and their ratio; the two commands take turns, so that noise meets both."""
    score = [sys.executable, "-m", "sayso", "score", str(ARTICLE), "--quiet"]
    baseline = [sys.executable, "-c", "import numpy"]
    pairs = [(seconds(score), seconds(baseline)) for _ in range(RUNS)]
    scored, based = (statistics.median(values) for values in zip(*pairs, strict=True))
    print(f"score one article {scored:.2f} s; python with numpy {based:.2f} s; ratio {scored / based:.1f}")


if __name__ == "__main__":
    main()
