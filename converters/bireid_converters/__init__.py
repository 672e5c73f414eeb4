"""From a trained Re-ID network to the files of a bundle."""
