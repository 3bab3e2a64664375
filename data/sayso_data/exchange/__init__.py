"""Labelled sentences from and to the formats that others use: CSV, JSONL, CoNLL, brat, Label Studio."""
