"""Say on whose say-so every sentence of a news text stands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sayso.classifier import Classifier
    from sayso.records import Document, Sentence, Span

__version__ = "0.1.0"
__all__ = ["Classifier", "Document", "Sentence", "Span", "__version__"]


def __getattr__(name: str) -> Any:
    """Import the public classes on first use, so that `import sayso` costs next to nothing."""
    if name == "Classifier":
        from sayso.classifier import Classifier

        return Classifier
    if name in ("Document", "Sentence", "Span"):
        from sayso import records

        return getattr(records, name)
    raise AttributeError(f"module 'sayso' has no attribute {name!r}")
