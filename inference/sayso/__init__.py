"""Say on whose say-so every sentence of a news text stands."""

__version__ = "0.1.0"
