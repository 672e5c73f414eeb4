"""Pieces of a report that a browser shows: one file, no script, nothing from the network."""
