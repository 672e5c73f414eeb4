"""Galleries over HTTP: one network, several galleries, no pictures kept."""
