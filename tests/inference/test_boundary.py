"""The runtime must import without the training side, and fast."""

import subprocess
import sys

BLOCK = """
import sys
class Block:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {banned!r}:
            raise ImportError("blocked: " + name)
sys.meta_path.insert(0, Block())
"""
RUNTIME = {"torch", "transformers", "mlflow", "ray", "pyspark", "sayso_training", "sayso_data", "sklearn", "pandas"}


def run(banned: set[str], code: str) -> subprocess.CompletedProcess[str]:
    script = BLOCK.format(banned=banned) + code
    return subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)


def test_runtime_scores_without_the_training_side() -> None:
    code = "import sayso; print(sayso.Classifier.load().predict(['Rain fell on Monday.'])[0].label)"
    done = run(RUNTIME, code)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "fact"


def test_data_side_needs_no_torch() -> None:
    code = "import sayso_data.build, sayso_data.check, sayso_data.fetch, sayso_data.cli"
    banned = {"torch", "transformers", "mlflow", "sayso_training", "sklearn", "nltk", "datasketch"}
    assert run(banned, code).returncode == 0


def test_near_duplicates_without_the_extra_say_what_to_install() -> None:
    done = run({"datasketch"}, "import sayso_data.near; list(sayso_data.near.near_pairs(['Rain fell.']))")
    assert "pip install 'sayso[data]'" in done.stderr


def test_import_sayso_loads_nothing_heavy() -> None:
    code = "import sayso, sys; print([m for m in ('numpy', 'onnxruntime', 'pyarrow', 'click') if m in sys.modules])"
    assert run(set(), code).stdout.strip() == "[]"


def test_training_command_without_extra_says_what_to_install() -> None:
    done = run({"torch", "mlflow"}, "sys.argv = ['sayso', 'train']; import sayso.cli; sayso.cli.main()")
    assert done.returncode == 2
    assert "pip install 'sayso[train]'" in done.stderr
