"""Tables and the model card, generated from what a run measured."""

from __future__ import annotations

from typing import Any

from sayso.artifact import ArtifactConfig
from sayso.labels import LABELS, MEANINGS, NOTICE, ROLES


def scores_table(scores: dict[str, Any]) -> str:
    """Return the scores of `evaluate` as Markdown tables."""
    label, low_high = scores["label"], scores["label"]["interval"]
    lines = [
        f"{scores['sentences']} sentences. Label macro-F1 **{label['macro_f1']:.3f}** "
        f"(95% bootstrap {low_high[0]:.3f}-{low_high[1]:.3f}), accuracy {label['accuracy']:.3f}, "
        f"ECE {scores['calibration']['ece']:.3f} (a perfectly calibrated model: "
        f"{scores['calibration']['ece_floor']:.3f}); label sets cover {scores['calibration']['coverage']:.3f} "
        f"with {scores['calibration']['mean_set_size']:.2f} labels.",
        "", "| class | precision | recall | F1 | sentences |", "| --- | --- | --- | --- | --- |",
    ]  # fmt: skip
    lines += [_class_row(name, label["classes"][name]) for name in LABELS]
    lines += ["", "| span | exact F1 | word F1 | spans |", "| --- | --- | --- | --- |"]
    lines += [_span_row(role, scores["spans"][role]) for role in ROLES]
    lines += ["", "| tag | macro-F1 | sentences |", "| --- | --- | --- |"]
    lines += [f"| {tag} | {_number(v['macro_f1'])} | {v['support']} |" for tag, v in scores["tags"].items()]
    lines += ["", "| slice | value | macro-F1 | sentences |", "| --- | --- | --- | --- |"]
    for name, values in scores["slices"].items():
        lines += [f"| {name} | {key} | {v['macro_f1']:.3f} | {v['sentences']} |" for key, v in values.items()]
    return "\n".join(lines + certainty_lines(scores["calibration"])) + "\n"


def calibration_table(scores: dict[str, Any]) -> str:
    """Return the scores of `cross_calibrate` as Markdown."""
    calibration = scores["calibration"]
    head = (
        f"{scores['sentences']} sentences, each scored by a calibration fitted on other documents. "
        f"Label macro-F1 {scores['label']['macro_f1']:.3f}, ECE {calibration['ece']:.4f} "
        f"(a perfectly calibrated model: {calibration['ece_floor']:.4f}), "
        f"negative log likelihood {scores['negative_log_likelihood']:.4f}."
    )
    return "\n".join([head, *certainty_lines(calibration)]) + "\n"


def certainty_lines(calibration: dict[str, Any]) -> list[str]:
    """Return the tables of label sets and of accuracy when only the most certain sentences are kept."""
    lines = ["", "| label sets | value | coverage | mean size | sentences |", "| --- | --- | --- | --- | --- |"]
    for name, values in calibration["sets"].items():
        lines += [
            f"| {name} | {key} | {v['coverage']:.3f} | {v['mean_size']:.2f} | {v['sentences']} |"
            for key, v in values.items()
        ]
    selective = calibration["selective"]
    lines += ["", "| most certain sentences kept | accuracy |", "| --- | --- |"]
    lines += [f"| {float(share):.0%} | {value:.3f} |" for share, value in selective["accuracy_at"].items()]
    return [
        *lines,
        f"\nArea under the risk-coverage curve {selective['aurc']:.4f} "
        f"(no ranking {selective['aurc_random']:.4f}, best possible {selective['aurc_best']:.4f}).",
    ]


def _class_row(name: str, row: dict[str, float]) -> str:
    return f"| {name} | {row['precision']:.3f} | {row['recall']:.3f} | {row['f1']:.3f} | {row['support']:.0f} |"


def _span_row(role: str, row: dict[str, Any]) -> str:
    return f"| {role} | {row['exact']['f1']:.3f} | {row['word']['f1']:.3f} | {row['exact']['support']:.0f} |"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def model_card(config: ArtifactConfig, scores: dict[str, Any], title: str) -> str:
    """Return the model card (Mitchell et al. 2019) of an exported model."""
    meanings = "\n".join(f"- `{label}`: {meaning}" for label, meaning in MEANINGS.items())
    origin = "\n".join(f"- {key}: `{value}`" for key, value in config.origin.items())
    return f"""# Model card: {title}

Labels English news sentences by who vouches for them, and tags source, cue, hedge and loaded words.
**{NOTICE}**

{meanings}

## Origin

{origin}

Fine-tuned from the encoder named above (all-MiniLM-L6-v2 weights: Apache-2.0) on sentences of
Article-Bias-Prediction (Apache-2.0 repository; article copyrights with the outlets), PolNeAR (software MIT, no
licence stated for the data), FA-KES (CC BY 4.0), Tehran Times (CC BY 4.0), Wikinews (CC BY 2.5), BBC reports on
Gaza (no licence stated) and BABE (AGPL-3.0). The labels were made by a large language model that read the project's
guideline; passes of one annotator family agree with each other more than people would.

## Scores on dev, int8 graph through the runtime

{scores_table(scores)}
The int8 graph labels {scores["int8_agreement"]:.1%} of these sentences as the fp32 model does.

## Use

For: counting and reading how news presents its content, ranking sentences for a person to look at, training data for
similar models. Not for: deciding whether a sentence is true, rating a person or outlet from a few sentences, automatic
moderation, other languages than English, text that is not news.

Known weaknesses: the boundary between a checkable statement and the writer's own judgement; loaded words; the kind of
a source known by name alone; sentences that need the sentence before them. See the slices above.
"""
