"""The MLflow model: loaded, registered, served by a real server, run on Spark."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from sayso.adapters.mlflow import document_type, log_model, save_model
from sayso.artifact import DEFAULT_MODEL
from sayso.classifier import Classifier
from sayso.errors import ArtifactError

mlflow = pytest.importorskip("mlflow", reason="needs the train or spark extra")
TEXTS = ["The army reportedly shelled the town.", "", "“We left,” said Mayor Lena Haddad.", "Rain fell on Monday."]
ARTICLE = "Rain fell on Monday. The mayor said the bridge was open."


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("mlflow") / "saved"
    save_model(path)
    return path


@pytest.fixture(scope="module")
def loaded(saved: Path) -> Any:
    return mlflow.pyfunc.load_model(str(saved))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[None]:
    before = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri(f"sqlite:///{tmp_path}/mlflow.db")
    mlflow.create_experiment("here", artifact_location=(tmp_path / "artifacts").as_uri())
    mlflow.set_experiment("here")
    yield
    mlflow.set_tracking_uri(before)


@pytest.mark.parametrize("given", [TEXTS, pd.DataFrame({"text": TEXTS})], ids=["list", "frame"])
def test_sentences(loaded: Any, classifier: Classifier, given: Any) -> None:
    found = loaded.predict(given)
    expected = classifier.predict(TEXTS)
    assert list(found["label"]) == [p.label for p in expected]
    assert list(found["probabilities"]) == [p.probabilities["label"] for p in expected]
    assert [tuple(names) for names in found["label_set"]] == [p.label_set for p in expected]
    assert [t["kind"] for t in found["tags"]] == [p.kind for p in expected]
    assert any(t["kind"] for t in found["tags"])
    spans = [(t[s["start"] : s["end"]], s["text"]) for t, own in zip(TEXTS, found["spans"], strict=True) for s in own]
    assert ("reportedly", "reportedly") in spans
    assert all(cut == text for cut, text in spans)


def test_documents(loaded: Any, classifier: Classifier) -> None:
    frame = pd.DataFrame({"text": [ARTICLE, None]})
    found = loaded.predict(frame, params={"unit": "document"})
    rows = [s.to_dict() for s in classifier.analyze(ARTICLE)]
    expected = [{k: v for k, v in row.items() if k not in ("doc_id", "source_side")} for row in rows]
    assert list(found["sentences"]) == [expected, []]
    assert len(expected) == 2


def test_wrong_column_and_unit_are_named(loaded: Any) -> None:
    with pytest.raises(Exception, match="the first column is 'id'; pass one column of texts named 'text'"):
        loaded.predict(pd.DataFrame({"id": ["a"], "text": ["Rain fell."]}))
    with pytest.raises(Exception, match="unit is 'page'; known: sentence, document"):
        loaded.predict(TEXTS, params={"unit": "page"})


def test_saved_model_holds_no_pickle_and_names_its_requirements(saved: Path) -> None:
    assert not [p for p in saved.rglob("*") if p.suffix in (".pkl", ".pickle")]
    requirements = (saved / "requirements.txt").read_text()
    assert "onnxruntime" in requirements
    assert "torch" not in requirements


def test_registered_model_loads_by_alias(store: None, classifier: Classifier) -> None:
    log_model(name="model", registered_model_name="sayso-test")
    mlflow.MlflowClient().set_registered_model_alias("sayso-test", "champion", "1")
    found = Classifier.load("models:/sayso-test@champion")
    assert found.artifact.digest == classifier.artifact.digest
    assert found.predict(TEXTS[:1]) == classifier.predict(TEXTS[:1])


def test_plain_artifacts_of_a_run_load_and_others_do_not(store: None, classifier: Classifier) -> None:
    with mlflow.start_run() as run:
        mlflow.log_artifacts(str(DEFAULT_MODEL), "model")
        mlflow.log_text("x", "notes/a.txt")
    assert Classifier.load(f"runs:/{run.info.run_id}/model").artifact.digest == classifier.artifact.digest
    with pytest.raises(ArtifactError, match="holds no sayso model"):
        Classifier.load(f"runs:/{run.info.run_id}/notes")


@pytest.fixture(scope="module")
def server(saved: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve the saved model in a process that does not have sayso installed: the code comes with the model."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "mlflow", "models", "serve", "-m", str(saved), "-h", "127.0.0.1", "-p", str(port)]
    log = tmp_path_factory.mktemp("server") / "log.txt"
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"} | {"PATH": path}
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*command, "--env-manager", "local"], stdout=output, stderr=output, env=environment, start_new_session=True
        )
    try:
        wait_for(f"http://127.0.0.1:{port}/ping", process, log)
        yield f"http://127.0.0.1:{port}/invocations"
    finally:
        os.killpg(process.pid, 15)
        process.wait(timeout=60)


def wait_for(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(600):
        try:
            urllib.request.urlopen(address, timeout=5).close()
            return
        except (urllib.error.URLError, OSError):
            assert process.poll() is None, log.read_text()
            time.sleep(0.5)
    pytest.fail(f"the server does not answer: {log.read_text()}")


def post(address: str, body: dict[str, Any]) -> Any:
    request = urllib.request.Request(address, json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=120) as answer:
        return json.load(answer)["predictions"]


def test_server_answers_sentences_and_documents(server: str, classifier: Classifier) -> None:
    expected = classifier.predict(TEXTS)
    for body in ({"inputs": TEXTS}, {"dataframe_split": {"columns": ["text"], "data": [[text] for text in TEXTS]}}):
        found = post(server, body)
        assert [row["label"] for row in found] == [p.label for p in expected]
        assert [row["tags"]["kind"] for row in found] == [p.kind for p in expected]
    (article,) = post(server, {"inputs": [ARTICLE], "params": {"unit": "document"}})
    assert [s["text"] for s in article["sentences"]] == [s.text for s in classifier.analyze(ARTICLE)]


@pytest.fixture(scope="module")
def spark() -> Iterator[Any]:
    if shutil.which("java") is None:
        pytest.skip("needs Java: apt-get install default-jre-headless")
    sql = pytest.importorskip("pyspark.sql", reason="needs the spark extra")
    os.environ["PYSPARK_PYTHON"] = sys.executable
    settings = {"spark.ui.enabled": "false", "spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1"}
    builder = sql.SparkSession.builder.master("local[1]").config(map=settings)
    session = builder.getOrCreate()
    yield session
    session.stop()


def test_spark_udf_gives_sentences_and_documents(spark: Any, saved: Path, classifier: Classifier) -> None:
    frame = spark.createDataFrame([(text,) for text in [*TEXTS, ARTICLE]], ["text"]).coalesce(1)
    sentence = mlflow.pyfunc.spark_udf(spark, str(saved), env_manager="local")
    rows = frame.withColumn("found", sentence("text")).collect()
    expected = {text: p for text, p in zip([*TEXTS, ARTICLE], classifier.predict([*TEXTS, ARTICLE]), strict=True)}
    assert {row["text"]: row["found"]["label"] for row in rows} == {t: p.label for t, p in expected.items()}
    assert {row["text"]: row["found"]["tags"]["kind"] for row in rows} == {t: p.kind for t, p in expected.items()}
    document = mlflow.pyfunc.spark_udf(
        spark, str(saved), result_type=document_type(), env_manager="local", params={"unit": "document"}
    )
    rows = frame.withColumn("found", document("text")).collect()
    (article,) = [row for row in rows if row["text"] == ARTICLE]
    own = classifier.analyze(ARTICLE)
    assert [(s["text"], s["source_kind"]) for s in article["found"]["sentences"]] == [
        (s.text, s.source_kind) for s in own
    ]
