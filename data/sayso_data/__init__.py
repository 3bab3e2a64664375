"""Corpora, standoff labels and splits for sayso; needs no torch."""
