"""The model directory: the one contract between training and inference."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import Any

from sayso.errors import ArtifactError
from sayso.labels import HEADS, ROLES, SCHEMA_VERSION

CONFIG, TOKENIZER, GRAPH, METRICS, CARD = "config.json", "tokenizer.json", "model.onnx", "metrics.json", "README.md"
_EXTERNAL = b"\x0a\x08location"  # in an ONNX file, the key of external_data that names the other file
WEIGHTS = "model.safetensors"  # optional: what the torch engine reads
DEFAULT_MODEL = Path(__file__).parent / "model"


@dataclass(frozen=True, slots=True)
class ArtifactConfig:
    """What the runtime must know of a model: heads, preprocessing, calibration, origin.

    `smoothings` are the label smoothing that a head's logits are freed of first (none: 0) and
    `temperatures` divide them then (Guo et al. 2017); `thresholds` are the least probability that
    some word of a span must reach, and `floors` the least of each of its words, by role;
    `quantiles` are the least probability that keeps a label in the conformal set, by label.
    """

    max_length: int
    pad_id: int
    segmenter: str
    heads: dict[str, list[str]] = field(default_factory=lambda: {name: list(c) for name, c in HEADS.items()})
    roles: list[str] = field(default_factory=lambda: list(ROLES))
    temperatures: dict[str, float] = field(default_factory=dict)
    smoothings: dict[str, float] = field(default_factory=dict)
    thresholds: dict[str, float] = field(default_factory=dict)
    floors: dict[str, float] = field(default_factory=dict)
    quantiles: dict[str, float] = field(default_factory=dict)
    coverage: float = 0.9
    schema_version: int = SCHEMA_VERSION
    origin: dict[str, str] = field(default_factory=dict)
    digests: dict[str, str] = field(default_factory=dict)

    def to_json(self) -> str:
        """Return the configuration as it is written to `config.json`."""
        return json.dumps(asdict(self), indent=2, ensure_ascii=False) + "\n"


@dataclass(frozen=True, slots=True)
class Artifact:
    """A checked model directory; `digest` names it in every record."""

    path: Path
    config: ArtifactConfig
    digest: str


def load_artifact(path: str | Path) -> Artifact:
    """Read and check a model directory.

    Raises:
        ArtifactError: naming the file that is missing or changed, or the field that does not fit.
    """
    folder = Path(path)
    if not folder.is_dir():
        raise ArtifactError(f"no model directory {folder}; leave --model off to use the one in the package")
    for name in (CONFIG, TOKENIZER, GRAPH):
        if not (folder / name).is_file():
            raise ArtifactError(f"{folder / name} is missing; export the model again with: sayso export")
    config = _read_config(folder / CONFIG)
    _check_schema(folder, config)
    _check_digests(folder, config)
    _check_whole(folder)
    return Artifact(folder, config, "sha256:" + file_digest(folder / CONFIG)[:16])


def _read_config(path: Path) -> ArtifactConfig:
    try:
        values: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return ArtifactConfig(**values)
    except (ValueError, TypeError) as error:
        raise ArtifactError(f"{path} is not a sayso model configuration: {error}") from error


def _check_schema(folder: Path, config: ArtifactConfig) -> None:
    if config.schema_version != SCHEMA_VERSION:
        raise ArtifactError(
            f"{folder} has schema version {config.schema_version}, this sayso reads {SCHEMA_VERSION}; "
            "install the version that exported it or export it again"
        )
    if set(config.heads) != set(HEADS) or set(config.roles) != set(ROLES):
        raise ArtifactError(f"{folder / CONFIG} has heads {sorted(config.heads)} and roles {config.roles}")


def _check_digests(folder: Path, config: ArtifactConfig) -> None:
    for name in (TOKENIZER, GRAPH):
        found, expected = file_digest(folder / name), config.digests.get(name)
        if found != expected:
            raise ArtifactError(
                f"{folder / name} is damaged: its sha256 is {found}, config.json says {expected}; "
                "copy the model directory again"
            )


def _check_whole(folder: Path) -> None:
    """Refuse a graph that keeps weights in other files, which no digest would cover."""
    with (folder / GRAPH).open("rb") as stream, mmap(stream.fileno(), 0, access=ACCESS_READ) as data:
        if data.find(_EXTERNAL) >= 0:
            raise ArtifactError(f"{folder / GRAPH} keeps weights in another file; export it as one file: sayso export")


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
