"""The errors that sayso raises; each message says what was found and what to type next."""

from __future__ import annotations


class SaysoError(Exception):
    """Base of every error a user can cause; the command line prints it without a traceback."""


class ArtifactError(SaysoError):
    """A model directory is missing, damaged or does not fit this version."""


class InputError(SaysoError):
    """An input file, column or record cannot be read as asked."""


class DamagedError(InputError):
    """A file as a whole is broken from some byte on; other files can still be read."""


class OutputError(SaysoError):
    """An output exists already or cannot be written."""


class DataError(SaysoError):
    """A corpus or label file is missing, changed or inconsistent."""


class ConfigError(SaysoError):
    """A configuration has an unknown key or an impossible value."""


class MissingExtraError(SaysoError):
    """A command needs an optional dependency that is not installed."""

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(f"{what} needs the optional dependencies: pip install 'sayso[{extra}]'")
