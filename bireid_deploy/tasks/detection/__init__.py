"""Detection: boxes around the things of some classes."""
