"""Embeddings of four images, as files of them hold."""

import numpy as np

from bireid_deploy.evaluation.embedding_fields import Labels
from bireid_deploy.evaluation.embedding_file import NamedEmbeddings

LABELS = Labels(
    person_ids=np.array([1, 0, -1, 1501], np.int64),
    camera_ids=np.array([0, 1, 2, 5], np.int64),
    split=("query", "gallery", "gallery", "gallery"),
)


def valid(**changes):
    fields = {
        "vectors": np.arange(12, dtype=np.float32).reshape(4, 3) / np.float32(7),
        "names": ("a.jpg", "b.jpg", "größe 人.jpg", ""),
        "fingerprint": "sha256:0123",
        "labels": LABELS,
    }
    return NamedEmbeddings(**(fields | changes))
