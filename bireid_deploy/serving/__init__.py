"""Galleries over HTTP: one network, several galleries, pictures kept on demand alone."""
