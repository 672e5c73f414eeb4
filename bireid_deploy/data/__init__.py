"""Data sets: layouts on disk, the synthetic people, sampling, augmentation."""
