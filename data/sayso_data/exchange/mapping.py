"""What the command line and a mapping file say on columns, values and the rest, as `Rules`."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sayso.errors import ConfigError
from sayso.labels import HEADS, ROLES
from sayso_data.exchange.base import Rules
from sayso_data.exchange.fields import FIELDS
from sayso_data.exchange.offsets import UNITS

VALUED = (*HEADS, "role", "bias", "split")
TEXTS = ("corpus", "encoding", "delimiter", "offsets", "annotator")
TABLES = ("columns", "values", "roles", *TEXTS)


def read_rules(path: Path | None, columns: Sequence[str], values: Sequence[str], given: Mapping[str, Any]) -> Rules:
    """Return the rules of a TOML file, with what the command line gives on top.

    TOML, because in it `no` and `1` stay the words that they are among somebody's labels.

    Raises:
        ConfigError: for a file that is not there or not TOML, and unknown keys, fields or units.
    """
    settings = _load(path) if path else {}
    table = {**settings.get("columns", {}), **dict(_column(item) for item in columns)}
    renamed: dict[str, dict[str, str]] = {k: dict(v) for k, v in settings.get("values", {}).items()}
    for item in values:
        field, theirs, ours = _value(item)
        renamed.setdefault(field, {})[theirs] = ours
    _check(table, FIELDS, "field")
    _check(renamed, VALUED, "field")
    rest = {**{k: v for k, v in settings.items() if k in (*TEXTS, "roles")}, **_present(given)}
    return Rules(columns=table, values=renamed, **_checked(rest))


def _load(path: Path) -> dict[str, Any]:
    try:
        settings = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise ConfigError(f"{path} is no TOML: {error}") from error
    for key, value in settings.items():
        if key not in TABLES:
            raise ConfigError(f"{path}: unknown key {key!r}; known: {', '.join(TABLES)}")
        if isinstance(value, dict) != (key in ("columns", "values")):
            raise ConfigError(f"{path}: {key} must be {'a table' if key in ('columns', 'values') else 'no table'}")
    if not all(isinstance(table, dict) for table in settings.get("values", {}).values()):
        raise ConfigError(f"{path}: values holds a table a field, as in [values.label]")
    return settings


def _present(given: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in given.items() if value is not None}


def _checked(rest: dict[str, Any]) -> dict[str, Any]:
    if rest.get("delimiter") in ("tab", "\\t"):
        rest["delimiter"] = "\t"
    if len(rest.get("delimiter", ",")) != 1:
        raise ConfigError(f"--delimiter {rest['delimiter']!r} is not one character; a tab is: --delimiter tab")
    if "roles" in rest:
        rest["roles"] = tuple(rest["roles"].replace(",", " ").split()) if isinstance(rest["roles"], str) else \
            tuple(rest["roles"])  # fmt: skip
        _check(rest["roles"], ROLES, "role")
    _check([rest.get("offsets", UNITS[0])], UNITS, "unit of offsets")
    return rest


def _column(item: str) -> tuple[str, str]:
    field, equals, column = item.partition("=")
    if not equals or not column:
        raise ConfigError(f"--column {item!r} is not FIELD=COLUMN; for instance: --column text=sentence")
    return field, column


def _value(item: str) -> tuple[str, str, str]:
    field, colon, rest = item.partition(":")
    theirs, equals, ours = rest.rpartition("=")
    if not colon or not equals or not theirs:
        raise ConfigError(f"--value {item!r} is not FIELD:THEIRS=OURS; for instance: --value label:opinion=claim")
    return field, theirs, ours


def _check(names: Any, known: Sequence[str], what: str) -> None:
    for name in names:
        if name not in known:
            raise ConfigError(f"unknown {what} {name!r}; known: {', '.join(known)}")
