"""The pictures that a run logs: confusion matrix, reliability diagram, risk-coverage curve."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from sayso.labels import LABELS


def confusion_plot(scores: dict[str, Any]) -> Figure:
    """Return the label confusion matrix: gold in rows, prediction in columns, shares of the row as tint."""
    counts = np.array(scores["confusion"])
    figure = Figure(figsize=(5, 4))
    axes = figure.add_subplot()
    axes.imshow(counts / np.maximum(counts.sum(1, keepdims=True), 1), cmap="Blues", vmin=0, vmax=1)
    axes.set(xticks=range(len(LABELS)), yticks=range(len(LABELS)), xlabel="predicted", ylabel="gold")
    axes.set_xticklabels(LABELS)
    axes.set_yticklabels(LABELS)
    for (row, column), count in np.ndenumerate(counts):
        axes.text(column, row, str(count), ha="center", va="center")
    return figure


def reliability_plot(scores: dict[str, Any]) -> Figure:
    """Return accuracy against confidence by bin, with the number of sentences in each."""
    figure = Figure(figsize=(5, 4))
    axes = figure.add_subplot()
    bins = scores["calibration"]["bins"]
    axes.plot([0, 1], [0, 1], color="grey", linestyle=":")
    axes.plot([b["confidence"] for b in bins], [b["accuracy"] for b in bins], marker="o")
    for b in bins:
        axes.annotate(str(b["sentences"]), (b["confidence"], b["accuracy"]), fontsize=7)
    axes.set(xlabel="confidence", ylabel="accuracy", title=f"ECE {scores['calibration']['ece']:.3f}")
    return figure


def risk_coverage_plot(scores: dict[str, Any]) -> Figure:
    """Return the error rate among the most certain sentences against the share of sentences kept."""
    selective = scores["calibration"]["selective"]
    figure = Figure(figsize=(5, 4))
    axes = figure.add_subplot()
    axes.axhline(selective["aurc_random"], color="grey", linestyle=":")
    axes.plot([p["coverage"] for p in selective["curve"]], [p["risk"] for p in selective["curve"]])
    for share, accuracy in selective["accuracy_at"].items():
        axes.plot(float(share), 1 - accuracy, marker="o", color="C0")
        axes.annotate(f"{accuracy:.3f} right", (float(share), 1 - accuracy), fontsize=7, ha="right")
    axes.set(xlabel="share of sentences kept", ylabel="error rate", title=f"AURC {selective['aurc']:.3f}", xlim=(0, 1))
    axes.set_ylim(bottom=0)
    return figure


def importance_plot(shares: Mapping[str, float]) -> Figure:
    """Return how much of a study's score hangs on each setting, the weightiest on top."""
    figure = Figure(figsize=(6, 0.4 * len(shares) + 1.2), layout="constrained")
    axes = figure.add_subplot()
    axes.barh(range(len(shares)), list(shares.values()), color="steelblue")
    axes.set_yticks(range(len(shares)), list(shares))
    axes.invert_yaxis()
    axes.set(xlabel="share of the score's variance among good trials (PED-ANOVA)")
    return figure


def trials_plot(values: Sequence[float | None], metric: str) -> Figure:
    """Return the score of every trial that was not stopped, and the best up to it."""
    figure = Figure(figsize=(6, 4), layout="constrained")
    axes = figure.add_subplot()
    scored = [(number, value) for number, value in enumerate(values) if value is not None]
    if scored:
        numbers, scores = zip(*scored, strict=True)
        axes.plot(numbers, scores, "o")
        axes.step(numbers, np.maximum.accumulate(scores), where="post", color="grey")
    axes.set(xlabel="trial", ylabel=metric, xlim=(-0.5, max(len(values), 1) - 0.5))
    return figure


def bench_plot(found: dict[str, Any]) -> Figure:
    """Return sentences a second of every contender, with the spread over the rounds."""
    rows = found["contenders"]
    rates = [row["sentences_per_second"] for row in rows.values()]
    low = [row["sentences_per_second"] - row["slowest"] for row in rows.values()]
    high = [row["fastest"] - row["sentences_per_second"] for row in rows.values()]
    figure = Figure(figsize=(8, 0.6 * len(rows) + 1.2), layout="constrained")
    axes = figure.add_subplot()
    axes.barh(range(len(rows)), rates, xerr=[low, high], color="steelblue", ecolor="black", capsize=3)
    axes.set_yticks(range(len(rows)), list(rows))
    axes.invert_yaxis()
    axes.set(xlabel=f"sentences/s, text to Parquet, median and spread of {found['rounds']} rounds")
    axes.margins(x=0.12)
    for place, row in enumerate(rows.values()):
        axes.annotate(f" {row['ratio']:.1f}x", (row["fastest"], place), va="center", fontsize=8)
    return figure
