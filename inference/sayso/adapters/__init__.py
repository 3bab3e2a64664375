"""Sayso inside other frameworks; each module needs the extra of its name, the rest of sayso needs none of them."""
