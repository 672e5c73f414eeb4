"""What a data set is opened for: whoever trains needs no test split, and the reverse."""

from typing import Literal

Use = Literal["all", "train", "test"]
"""The splits that are needed; others are neither looked for nor read."""
