"""Experiments: a grid of methods and seeds, trained one by one, measured and summarised."""
