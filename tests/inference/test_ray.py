"""Ray: the same bytes as the plain runner, also when a worker is killed; datasets with one row an article."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import BrokenExecutor, Future
from pathlib import Path

import pytest

from sayso.adapters.model_files import load_packed, pack_model
from sayso.adapters.ray import score_dataset, score_documents
from sayso.adapters.ray_pool import RayPool, ray_pool
from sayso.artifact import DEFAULT_MODEL
from sayso.classifier import Classifier
from sayso.errors import InputError, OutputError
from sayso.pools import Job, OpenPool, ProcessPool
from sayso.readers import Fault, ReadOptions
from sayso.records import Document, Sentence
from sayso.runner import run_corpus
from sayso.shards import Layout, Shard

ray = pytest.importorskip("ray", reason="needs the ray extra")
SAMPLE = Path(__file__).resolve().parents[2] / "data" / "sample" / "articles.jsonl"
ROWS = [json.loads(line) for line in SAMPLE.read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="module")
def cluster() -> Iterator[None]:
    """Start a Ray of two CPUs in this process; workers as urgent as their parent, so that a busy machine runs them."""
    os.environ["RAY_worker_niceness"] = "0"  # noqa: SIM112
    ray.init(address="local", num_cpus=2, include_dashboard=False, log_to_driver=False)
    yield
    ray.shutdown()


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("corpus") / "rows.jsonl"
    rows = [row | {"id": f"{row['id']}-{copy}"} for copy in range(6) for row in ROWS]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows) + "{broken\n", encoding="utf-8")
    return path


def run(corpus: Path, folder: Path, open_pool: OpenPool) -> dict[str, bytes]:
    faults: list[Fault] = []
    tally = run_corpus(
        [str(corpus)],
        folder,
        None,
        ReadOptions(),
        2,
        shard_characters=8000,
        on_fault=faults.append,
        open_pool=open_pool,
    )  # fmt: skip
    assert tally.documents == 6 * len(ROWS) and tally.faults == 1
    assert [fault.reason.split(":")[0] for fault in faults] == ["broken JSON"]
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


@pytest.fixture(scope="module")
def plain(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    return run(corpus, tmp_path_factory.mktemp("plain") / "out", ProcessPool)


def busy_workers() -> list[int]:
    """Return the Ray workers of this process that score a shard now."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and (entry / "cmdline").read_bytes().startswith(b"ray::_work"):
                raylet = parent(int(entry.name))
                found += [int(entry.name)] if parent(raylet) == os.getpid() else []
        except OSError:  # ended meanwhile
            continue
    return found


def parent(pid: int) -> int:
    return int((Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()[1])


class Killer(threading.Thread):
    """Kill one working process once the run has a complete shard."""

    def __init__(self, folder: Path) -> None:
        super().__init__(daemon=True)
        self.folder, self.killed, self.stopped = folder, 0, False

    def run(self) -> None:
        while not self.stopped and not self.killed:
            busy = busy_workers() if any(self.folder.glob("_done/*.json")) else []
            if busy:
                os.kill(busy[0], signal.SIGKILL)
                self.killed = busy[0]
            time.sleep(0.02)


@pytest.mark.skipif(sys.platform != "linux", reason="finds the workers in /proc")
def test_a_killed_worker_changes_nothing(corpus: Path, plain: dict[str, bytes], cluster: None, tmp_path: Path) -> None:
    killer = Killer(tmp_path / "out")
    killer.start()
    found = run(corpus, tmp_path / "out", ray_pool("local"))
    killer.stopped = True
    assert killer.killed
    assert not Path("/proc", str(killer.killed)).exists()
    assert found == plain


@pytest.mark.parametrize("ray_first", [False, True], ids=["plain then ray", "ray then plain"])
def test_either_goes_on_where_the_other_was_stopped(
    corpus: Path, plain: dict[str, bytes], cluster: None, tmp_path: Path, ray_first: bool
) -> None:
    pools: list[OpenPool] = [ProcessPool, ray_pool("local")]
    first, second = reversed(pools) if ray_first else pools
    assert run(corpus, tmp_path / "out", first) == plain
    markers = sorted((tmp_path / "out" / "_done").iterdir())
    markers[1].unlink()
    before = {p: p.stat().st_mtime_ns for p in markers if p.exists()}
    assert run(corpus, tmp_path / "out", second) == plain
    assert {p: p.stat().st_mtime_ns for p in before} == before


def submit(folder: Path, shard: Shard, model: Path = DEFAULT_MODEL) -> Future[bytes]:
    pool = RayPool(Job(model, Layout(folder, "sha256:x"), False, {}), None, "local")
    future = pool.submit(shard)
    future.exception(timeout=300)
    pool.shutdown()
    return future


def test_folder_that_a_machine_does_not_see_is_named(cluster: None, tmp_path: Path) -> None:
    future = submit(tmp_path / "elsewhere", Shard(0, (), ()))
    with pytest.raises(OutputError, match=r"does not see .*elsewhere; with --ray every machine writes into the folder"):
        future.result()


def test_a_shard_that_kills_every_worker_ends_the_run(
    cluster: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sayso.adapters.ray_pool._work", lambda order, shard: os.kill(os.getpid(), signal.SIGKILL))
    monkeypatch.setattr("sayso.adapters.ray_pool.RETRIES", 0)
    with pytest.raises(BrokenExecutor):
        submit(tmp_path, Shard(0, (), ())).result()


def test_command_needs_a_folder_and_the_extra(tmp_path: Path) -> None:
    def sayso(out: str, *before: str) -> subprocess.CompletedProcess[str]:
        code = f"import sys; {'; '.join(before) or 'pass'}; import sayso.cli; sayso.cli.main()"
        words = ["score", str(SAMPLE), "--ray", "local", "--out", str(tmp_path / out)]
        return subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, check=False)

    done = sayso("one.jsonl")
    assert (done.returncode, "add --out FOLDER/" in done.stderr) == (2, True)
    done = sayso("out/", "sys.modules['ray'] = None")
    assert (done.returncode, "pip install 'sayso[ray]'" in done.stderr) == (2, True)


def test_address_without_a_cluster_is_named(tmp_path: Path) -> None:
    words = ["-m", "sayso", "score", str(SAMPLE), "--ray", "no-such-scheme://x", "--out", str(tmp_path / "out")]
    done = subprocess.run([sys.executable, *words], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "no Ray cluster at 'no-such-scheme://x'" in done.stderr
    assert "Traceback" not in done.stderr


def test_dataset_has_a_row_an_article(cluster: None) -> None:
    import ray.data

    rows = [{"id": row["id"], "text": row["text"], "outlet": row["outlet"]} for row in ROWS]
    ds = score_dataset(ray.data.from_items([*rows, {"id": "empty", "text": None, "outlet": "x"}]), batch_size=8)
    found = {row["id"]: row for row in ds.take_all()}
    assert len(found) == len(rows) + 1
    classifier = Classifier.load(threads=1)
    labels = []
    for row in rows:
        expected = classifier.analyze(row["text"], row["id"])
        own = found[row["id"]]
        assert (own["error"], own["outlet"]) == (None, row["outlet"])
        places = [(s["doc_id"], s["start"], s["text"]) for s in own["sentences"]]
        assert places == [(row["id"], s.start, s.text) for s in expected]
        labels += [a["label"] == b.label for a, b in zip(own["sentences"], expected, strict=True)]
    assert sum(labels) >= 0.98 * len(labels)  # int8 activations are scaled by batch, and the batches differ
    assert any(cue["text"] for own in found.values() for s in own["sentences"] or [] for cue in s["cues"])
    assert (found["empty"]["sentences"], found["empty"]["error"]) == (None, "the text is NoneType, not a string")


def test_dataset_without_the_column_fails_with_its_names(cluster: None) -> None:
    import ray.data

    ds = score_dataset(ray.data.from_items([{"id": "a", "body": "Rain fell."}]))
    with pytest.raises(Exception, match="no column 'text'; found id, body") as caught:
        ds.take_all()
    assert isinstance(caught.value, InputError) or "InputError" in str(caught.value)


class Picky:
    """A classifier that one text breaks."""

    def analyze_documents(self, documents: list[Document]) -> list[list[Sentence]]:
        if any("bad" in d.text for d in documents):
            raise ValueError("no")
        return [[] for _ in documents]


def test_only_the_failing_document_has_an_error() -> None:
    documents = [Document("a", "good"), Document("b", "bad"), Document("c", "good")]
    assert [error for _, error in score_documents(Picky(), documents)] == [None, "ValueError: no", None]


def test_packed_model_is_the_model(classifier: Classifier) -> None:
    loaded, folder = load_packed(pack_model(DEFAULT_MODEL))
    assert loaded.artifact.digest == classifier.artifact.digest
    assert loaded.artifact.path == Path(folder.name)
