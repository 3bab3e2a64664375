"""Part sentences into splits by document or outlet, never by sentence; the same name always falls the same way."""

from __future__ import annotations

from collections.abc import Sequence

from sayso.errors import ConfigError, DataError
from sayso_data.schema import Example
from sayso_data.standoff import fingerprint

NAMES = ("train", "calibration", "dev", "test")
GROUPS = ("outlet", "document")


def read_shares(text: str) -> dict[str, float]:
    """Return the share of each split of `0.8/0.1/0.1`: train, calibration, dev and, with a fourth, test.

    Raises:
        ConfigError: for anything else than three or four positive numbers with the sum 1.
    """
    try:
        shares = [float(part) for part in text.split("/")]
    except ValueError:
        shares = []
    if len(shares) not in (3, 4) or min(shares) <= 0 or abs(sum(shares) - 1) > 1e-6:
        raise ConfigError(f"--split {text!r} is not TRAIN/CALIBRATION/DEV[/TEST] with the sum 1: --split 0.8/0.1/0.1")
    return dict(zip(NAMES, shares, strict=False))


def part(rows: Sequence[Example], shares: dict[str, float], group: str | None = None) -> dict[str, list[Example]]:
    """Return the rows of each split; without `group` by outlet where every row has one, else by document.

    A split is chosen by the hash of the group's name alone, so new data moves no old sentence.

    Raises:
        DataError: when a split stays empty, or a document has two outlets.
    """
    by_outlet = group == "outlet" or (group is None and all(row.outlet for row in rows))
    if by_outlet:
        _check_outlets(rows)
    found: dict[str, list[Example]] = {name: [] for name in shares}
    for row in rows:
        key = f"outlet {row.outlet}" if by_outlet and row.outlet else f"{row.corpus} {row.doc}"
        found[_choose(key, shares)].append(row)
    empty = [name for name, own in found.items() if not own]
    if empty:
        groups = len({row.outlet if by_outlet else (row.corpus, row.doc) for row in rows})
        raise DataError(
            f"{groups} {'outlets' if by_outlet else 'documents'} leave {' and '.join(empty)} empty; give larger shares"
            + (", or part them by document: --group document" if by_outlet else ", or bring more documents")
        )
    return found


def _choose(key: str, shares: dict[str, float]) -> str:
    at = int(fingerprint(key), 16) / 16**16
    for name, share in shares.items():
        at -= share
        if at < 0:
            return name
    return name


def _check_outlets(rows: Sequence[Example]) -> None:
    outlets: dict[tuple[str, str], str | None] = {}
    for row in rows:
        other = outlets.setdefault((row.corpus, row.doc), row.outlet)
        if other != row.outlet:
            raise DataError(
                f"document {row.doc!r} has the outlets {other!r} and {row.outlet!r}, which could part it; "
                "correct them, or part by document alone: --group document"
            )
