"""Evaluation: ranking, re-ranking, colour-histogram baseline."""
