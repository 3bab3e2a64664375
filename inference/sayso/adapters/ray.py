"""Ray Data: a dataset of articles in, the same rows with nested sentences out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sayso.adapters.model_files import load_packed, pack_model
from sayso.classifier import locate_model
from sayso.errors import InputError, MissingExtraError
from sayso.records import Document, Sentence
from sayso.writers import record_schema

if TYPE_CHECKING:
    import ray.data

BATCH_ROWS = 64  # articles: some seconds of one core, so that actors finish together and a lost one costs little
ADDED = ("sentences", "error")
Outcome = tuple[list[Sentence], str | None]


def score_dataset(
    ds: ray.data.Dataset, model: str | None = None, text_field: str = "text", id_field: str = "id",
    concurrency: int | None = None, num_cpus: float | None = None, batch_size: int = BATCH_ROWS,
) -> ray.data.Dataset:  # fmt: skip
    """Label the articles of a dataset lazily: each row gets `sentences` (a list of records) and `error`.

    One row an article, never one a sentence, so that a checkpoint by id counts every article once. An article
    that cannot be scored has null `sentences` and the reason in `error`. `concurrency` actors of `num_cpus` each hold a
    model, which travels through the object store; by default one actor a CPU, each asking for so much less than a
    CPU that a machine keeps one free for the tasks that read: actors that take all CPUs starve their readers.
    Blocks are cut to `batch_size` articles, so that no actor idles while another has all the rows.

    Raises:
        MissingExtraError: without Ray Data.
        InputError: (while the dataset runs) when a column is missing, or one of the new columns is there already.
    """
    try:
        import ray
        import ray.data
    except ImportError as error:
        raise MissingExtraError("scoring a Ray dataset", "ray") from error
    if not ray.is_initialized():
        ray.init()
    actors, share = _actors()
    return ds.repartition(target_num_rows_per_block=batch_size).map_batches(
        _Scorer,
        fn_constructor_args=[ray.put(pack_model(locate_model(model))), text_field, id_field],
        compute=ray.data.ActorPoolStrategy(size=concurrency or actors),
        num_cpus=share if num_cpus is None else num_cpus,
        batch_size=batch_size,
        batch_format="pyarrow",
    )


def _actors() -> tuple[int, float]:
    """Return how many actors the cluster carries, and the CPUs of each that leave one free for reading."""
    import ray

    sizes = [int(node["Resources"].get("CPU", 0)) for node in ray.nodes() if node["Alive"]]
    sizes = [size for size in sizes if size] or [1]
    if max(sizes) == 1:  # machines of one CPU: one of them reads; a lone one does both
        return max(len(sizes) - 1, 1), float(len(sizes) > 1)
    return sum(sizes), 1 - 1 / max(sizes)


class _Scorer:
    """The actor: a model, and batches of rows through it."""

    def __init__(self, model: Any, text_field: str, id_field: str) -> None:
        import ray

        self._classifier, self._folder = load_packed(ray.get(model))
        self._text, self._id = text_field, id_field

    def __call__(self, rows: Any) -> Any:
        """Return an Arrow table with the two new columns."""
        import pyarrow as pa

        _check_columns(rows.column_names, (self._text, self._id))
        ids, texts = rows.column(self._id).to_pylist(), rows.column(self._text).to_pylist()
        documents = [Document("" if i is None else str(i), t) for i, t in zip(ids, texts, strict=True)]
        found = score_documents(self._classifier, documents)
        records = [None if error else [s.to_dict() for s in own] for own, error in found]
        kind = pa.list_(pa.struct(list(record_schema())))
        table = rows.append_column("sentences", pa.array(records, type=kind))
        return table.append_column("error", pa.array([error for _, error in found], type=pa.string()))


def _check_columns(names: Sequence[str], needed: Sequence[str]) -> None:
    missing, taken = [n for n in needed if n not in names], [n for n in ADDED if n in names]
    if missing:
        raise InputError(f"no column {missing[0]!r}; found {', '.join(names)}; name it with text_field or id_field")
    if taken:
        raise InputError(f"the dataset has a column {taken[0]!r} already; rename it with rename_columns")


def score_documents(classifier: Any, documents: Sequence[Document]) -> list[Outcome]:
    """Label documents together; if that fails, one by one, so that only the one that fails is without sentences."""
    good = [d for d in documents if isinstance(d.text, str)]
    try:
        results: list[Outcome] = [(sentences, None) for sentences in classifier.analyze_documents(good)]
    except Exception:  # whatever it was, the run goes on, and the error column says it
        results = [_score_one(classifier, d) for d in good]
    found = iter(results)
    return [next(found) if isinstance(d.text, str) else ([], _not_text(d.text)) for d in documents]


def _score_one(classifier: Any, document: Document) -> Outcome:
    try:
        return classifier.analyze_documents([document])[0], None
    except Exception as error:
        return [], f"{type(error).__name__}: {error}"


def _not_text(value: object) -> str:
    return f"the text is {type(value).__name__}, not a string"
