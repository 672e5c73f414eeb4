"""From a trained network to checked files."""
