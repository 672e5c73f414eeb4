import numpy as np
import pytest

from bireid_deploy.errors import EmbeddingsError
from bireid_deploy.evaluation.embeddings import Embeddings


def valid(**changes):
    fields = {
        "vectors": np.arange(12, dtype=np.float32).reshape(4, 3),
        "person_ids": np.array([1, 0, -1, 1501], np.int64),
        "camera_ids": np.array([0, 1, 2, 5], np.int64),
        "names": ("a.jpg", "b.jpg", "größe 人.jpg", ""),
    }
    return Embeddings(**(fields | changes))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"vectors": np.zeros((4, 3))}, "vectors must be a float32"),
        ({"vectors": np.zeros(4, np.float32)}, "vectors must be a float32"),
        ({"vectors": [[1.0]]}, "not list"),
        ({"vectors": np.zeros((0, 3), np.float32)}, "at least one embedding"),
        ({"vectors": np.zeros((4, 0), np.float32)}, "at least one embedding"),
        ({"vectors": np.full((4, 3), np.nan, np.float32)}, r"row 0 \(a.jpg\) holds NaN"),
        ({"person_ids": np.zeros(4, np.int32)}, "person_ids must be a int64"),
        ({"person_ids": np.zeros(3, np.int64)}, "person_ids has 3 entries for 4"),
        ({"person_ids": np.full(4, -2)}, "person_ids holds -2"),
        ({"camera_ids": np.zeros(5, np.int64)}, "camera_ids has 5 entries for 4"),
        ({"camera_ids": np.zeros((4, 1), np.int64)}, "camera_ids must be a int64"),
        ({"names": ("a", "b", "c")}, "names has 3 entries for 4"),
        ({"names": ("a", "b", "c", 4)}, "other than text"),
    ],
)
def test_malformed_fields_are_refused(changes, message):
    with pytest.raises(EmbeddingsError, match=message):
        valid(**changes)


def test_an_infinity_is_reported_with_its_row():
    vectors = np.ones((4, 3), np.float32)
    vectors[1, 2] = -np.inf

    with pytest.raises(EmbeddingsError, match=r"row 1 \(b.jpg\)"):
        valid(vectors=vectors)
