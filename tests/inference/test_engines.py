"""Every engine gives the labels of the default one, and what is missing is named."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from sayso import Classifier
from sayso.artifact import DEFAULT_MODEL, GRAPH, load_artifact
from sayso.cli import main
from sayso.engine import check_engine
from sayso.errors import ArtifactError, ConfigError, MissingExtraError, OutputError
from sayso.readers import ReadOptions
from sayso.runner import run_corpus
from sayso.segmentation import split_sentences

SAMPLE = Path(__file__).resolve().parents[2] / "data" / "sample" / "articles.jsonl"


@pytest.fixture(scope="module")
def openvino() -> Classifier:
    pytest.importorskip("openvino", reason="needs: pip install 'sayso[openvino]'")
    pytest.importorskip("onnx", reason="needs: pip install 'sayso[openvino]'")
    return Classifier.load(engine="openvino", threads=2)


def texts() -> list[str]:
    articles = [json.loads(line)["text"] for line in SAMPLE.read_text(encoding="utf-8").splitlines()]
    return [text[start:end] for text in articles for start, end in split_sentences(text)][:200]


def test_openvino_labels_as_the_default_engine_does(classifier: Classifier, openvino: Classifier) -> None:
    pairs = list(zip(classifier.predict(texts()), openvino.predict(texts()), strict=True))
    assert np.mean([a.label == b.label for a, b in pairs]) >= 0.97
    gaps = [abs(a.probabilities["label"][a.label] - b.probabilities["label"][a.label]) for a, b in pairs]
    assert np.mean(gaps) < 0.03
    found = [{(s.role, s.start, s.end) for s in p.spans} for pair in pairs for p in pair]
    shared = sum(len(a & b) for a, b in zip(found[::2], found[1::2], strict=True))
    assert shared >= 0.9 * sum(map(len, found)) / 2 > 50


def test_openvino_gives_the_same_numbers_from_every_thread(openvino: Classifier) -> None:
    assert openvino.predict(texts()) == openvino.predict(texts())


def test_rewritten_graph_has_no_quantising_node() -> None:
    onnx = pytest.importorskip("onnx", reason="needs: pip install 'sayso[openvino]'")
    from sayso.engines.open_graph import open_graph

    data, group = open_graph(DEFAULT_MODEL / GRAPH)
    kinds = {node.op_type for node in onnx.load_from_string(data).graph.node}
    assert kinds.isdisjoint({"DynamicQuantizeLinear", "MatMulInteger", "MatMulNBits", "IsNaN"})
    assert group == 384


def test_graph_of_an_older_export_is_refused(tmp_path: Path) -> None:
    onnx = pytest.importorskip("onnx", reason="needs: pip install 'sayso[openvino]'")
    from sayso.engines.open_graph import open_graph

    model = onnx.load(DEFAULT_MODEL / GRAPH)
    next(node for node in model.graph.node if node.op_type == "MatMulInteger").op_type = "MatMulNBits"
    onnx.save(model, tmp_path / GRAPH)
    with pytest.raises(ArtifactError, match="export it again"):
        open_graph(tmp_path / GRAPH)


def test_rewritten_graph_computes_what_the_model_does() -> None:
    pytest.importorskip("onnx", reason="needs: pip install 'sayso[openvino]'")
    import onnxruntime

    from sayso.engines.open_graph import open_graph

    sessions = [onnxruntime.InferenceSession(g) for g in (open_graph(DEFAULT_MODEL / GRAPH)[0], DEFAULT_MODEL / GRAPH)]
    ids = np.array([[101, 1996, 2390, 2056, 1996, 2729, 2001, 2701, 1012, 102]])
    batch = {"input_ids": ids, "attention_mask": np.ones_like(ids)}
    for ours, theirs in zip(*(session.run(None, batch) for session in sessions), strict=True):
        assert np.abs(ours - theirs).max() < 0.3


def test_unknown_engine_lists_the_known() -> None:
    with pytest.raises(ConfigError, match="unknown engine 'warp'; known: onnxruntime, openvino, torch"):
        Classifier.load(engine="warp")


def test_command_refuses_an_unknown_engine(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr(sys, "argv", ["sayso", "score", str(SAMPLE), "--engine", "warp", "--out", f"{tmp_path}/out/"])
    with pytest.raises(SystemExit) as stopped:
        main()
    assert stopped.value.code == 2
    assert "known: onnxruntime, openvino, torch" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_missing_extra_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sayso.engine.find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"pip install 'sayso\[openvino\]'"):
        check_engine("openvino", load_artifact(DEFAULT_MODEL))


def test_torch_without_weights_says_how_to_export_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sayso.engine.find_spec", lambda name: object())
    with pytest.raises(ArtifactError, match="sayso export RUN/torch --torch"):
        check_engine("torch", load_artifact(DEFAULT_MODEL))


def test_corpus_run_of_another_engine_is_refused(tmp_path: Path, openvino: Classifier) -> None:
    rows = tmp_path / "rows.jsonl"
    rows.write_text('{"id":"a","text":"Rain fell on the harbour."}\n')
    run_corpus([str(rows)], tmp_path / "out", None, ReadOptions(), 1)
    with pytest.raises(OutputError, match="options engine: onnxruntime then, openvino now"):
        run_corpus([str(rows)], tmp_path / "out", None, ReadOptions(), 1, engine="openvino")
