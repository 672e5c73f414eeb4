"""Embedding on many machines: a list of images cut into numbered shards, each done exactly once."""
