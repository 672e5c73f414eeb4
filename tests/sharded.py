"""What tests of shards share."""

from pathlib import Path
from typing import Any

import numpy as np

from bireid_deploy.evaluation.embedding_file import NamedEmbeddings

BUNDLE = Path(__file__).parents[1] / "models/zoo/distilled_r18_half-synthetic-128x64-256d-v2"
OPTIONS: dict[str, Any] = {"shard_size": 10, "backend": "native", "skip_broken": True}


def require_same(found: NamedEmbeddings | None, expected: NamedEmbeddings) -> None:
    """The same images in the same order, with the same bits, and the same ones passed over."""
    assert found is not None
    assert found.names == expected.names
    np.testing.assert_array_equal(found.vectors, expected.vectors)
    assert found.fingerprint == expected.fingerprint
    assert found.skipped == expected.skipped
