"""Galleries of many machines: one truth in PostgreSQL, with the methods of a gallery's file."""
