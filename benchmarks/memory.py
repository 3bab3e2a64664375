"""Show that the memory of `sayso score` depends neither on the number of documents nor on the length of one.

    python benchmarks/memory.py --documents 1000 20000 --megabytes 1 20

Prints the peak resident memory of all processes of the command together, in MB. Sentences repeat, so that the
model, whose memory is the same for every batch, has little to do.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

SENTENCES = [f"The mayor said that {n} boats left the harbour." for n in range(50)]


def resident(process: int) -> int:
    """Return the resident memory of a process and its descendants, in kB; 0 when it is gone."""
    try:
        status = Path(f"/proc/{process}/status").read_text()
        children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    except OSError:
        return 0
    own = sum(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS"))
    return own + sum(resident(int(child)) for child in children)


def peak(command: list[str]) -> float:
    """Run a command; return the most memory that it had, in MB."""
    most = 0
    with subprocess.Popen(command) as running:
        while running.poll() is None:
            most = max(most, resident(running.pid))
            time.sleep(0.1)
    if running.returncode:
        raise SystemExit(f"{command} ended with {running.returncode}")
    return most / 1000


def write_rows(path: Path, documents: int) -> None:
    """Write short documents as JSON lines."""
    with path.open("w") as stream:
        for number in range(documents):
            stream.write(json.dumps({"id": number, "text": SENTENCES[number % 50], "outlet": "Pier"}) + "\n")


def write_text(path: Path, megabytes: int) -> None:
    """Write one long document."""
    paragraph = " ".join(SENTENCES) + "\n"
    with path.open("w") as stream:
        for _ in range(megabytes * 1_000_000 // len(paragraph)):
            stream.write(paragraph)


def measure(folder: Path, suffix: str, size: int, write: Callable[[Path, int], None]) -> None:
    """Print the peaks of a run into a folder and of one into a file."""
    source = folder / f"big-{size}{suffix}"
    write(source, size)
    for out in (f"out-{suffix[1:]}-{size}", f"out-{suffix[1:]}-{size}.jsonl"):
        command = [sys.executable, "-m", "sayso", "score", str(source), "--out", str(folder / out), "--threads", "1"]
        print(f"{source.name:18} --out {out:22} {peak([*command, '--quiet']):6.0f} MB", flush=True)


def main() -> None:
    """Measure all sizes that were asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, nargs="*", default=[1000, 20_000])
    parser.add_argument("--megabytes", type=int, nargs="*", default=[])
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        for size in arguments.documents:
            measure(Path(name), ".jsonl", size, write_rows)
        for size in arguments.megabytes:
            measure(Path(name), ".txt", size, write_text)


if __name__ == "__main__":
    main()
