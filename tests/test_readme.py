"""Every block of the READMEs runs: shell blocks line by line, Python blocks with the output they show.

`<!-- needs ray java -->` before a block names modules and commands without which it is skipped; such a Python block
runs in a process of its own.
"""

import io
import os
import re
import shutil
import subprocess
import sys
from contextlib import redirect_stdout
from importlib.util import find_spec
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]
READMES = ("README.md", "inference/README.md", "data/README.md")
TEXT = "\n".join((REPOSITORY / name).read_text(encoding="utf-8") for name in READMES)
BLOCK = r"(?:<!-- needs ([\w ]+) -->\n)?```(bash|python)\n(.*?)```(?:\n+```text\n(.*?)```)?"
COMMANDS = ("java",)  # what a block needs that is no Python module
BLOCKS = re.findall(BLOCK, TEXT, re.S)


@pytest.mark.parametrize("needs,kind,code,output", BLOCKS, ids=[b[2].strip().splitlines()[0][:50] for b in BLOCKS])
def test_block(needs: str, kind: str, code: str, output: str, repository: Path, tmp_path: Path) -> None:
    missing = [name for name in needs.split() if not (shutil.which(name) if name in COMMANDS else find_spec(name))]
    if missing:
        pytest.skip(f"needs {', '.join(missing)}")
    if kind == "python" and needs:
        (tmp_path / "block.py").write_text(code, encoding="utf-8")
        assert run("python block.py", repository, tmp_path).split() == output.split()
        return
    if kind == "python":
        found = io.StringIO()
        with redirect_stdout(found):
            exec(compile(code, "README.md", "exec"), {})
        assert found.getvalue().split() == output.split()
        return
    for line in code.strip().splitlines():
        if line.startswith(("make ", "pip ")):  # the CI script runs these from a clean clone
            assert check_target(line, repository)
        else:
            assert run(line, repository, tmp_path).split() == output.split() or not output


def check_target(line: str, repository: Path) -> bool:
    makefile = (repository / "Makefile").read_text()
    return line.startswith("pip ") or bool(re.search(rf"^{line.split()[1]}:", makefile, re.M))


def run(line: str, repository: Path, tmp_path: Path) -> str:
    needs_corpora = "minilm.yaml" in line or "--on dev" in line or line.startswith("sayso data check dev")
    if needs_corpora and not (Path(os.environ.get("SAYSO_DATA", "")) / "abp.jsonl.zst").exists():
        pytest.skip("needs the corpora in SAYSO_DATA")
    if "minilm.yaml" in line:
        return ""  # the full run takes hours; its shape is that of tiny.yaml
    for folder in ("data", "experiments"):
        if not (tmp_path / folder).exists():
            (tmp_path / folder).symlink_to(repository / folder)
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    own = {name: value for name, value in os.environ.items() if not name.startswith("MLFLOW_")}  # of earlier tests
    environment = {**own, "PATH": path, "COLUMNS": "100"}
    done = subprocess.run(["bash", "-ec", line], cwd=tmp_path, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    return done.stdout
