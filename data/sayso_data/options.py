"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path

import click

from sayso_data.fetch import default_data_dir

PATH = click.Path(path_type=Path)
DATA_OPTION = click.option(
    "--data", "directory", type=PATH, default=default_data_dir, show_default="$SAYSO_DATA",
    help="Folder with the corpus files.",
)  # fmt: skip
OVERWRITE = click.option("--overwrite", is_flag=True, help="Replace what --out names.")
