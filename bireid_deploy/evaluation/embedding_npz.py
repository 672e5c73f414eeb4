"""Embeddings as an uncompressed `.npz`, without pickle.

Arrays: `vectors` float32 (N, D), `names` (N,) and `fingerprint` () as text; of labelled embeddings
also `person_ids` and `camera_ids` int64 (N,), and `split` (N,) of "query" and "gallery".
"""

from pathlib import Path
from typing import BinaryIO

import numpy as np
from bireid_runtime.errors import ArrayFileError
from bireid_runtime.npz import open_npz, write_npz
from numpy.typing import NDArray

from bireid_deploy.errors import EmbeddingsError
from bireid_deploy.evaluation.embedding_fields import Fields, Labels

_FIELDS = ("vectors", "names", "fingerprint")
_LABELS = ("person_ids", "camera_ids", "split")


def write(file: BinaryIO, fields: Fields) -> None:
    """Write the content of a file."""
    arrays: dict[str, NDArray] = {
        "vectors": fields.vectors,
        "names": np.array(fields.names, np.str_),
        "fingerprint": np.array(fields.fingerprint, np.str_),
    }
    if (labels := fields.labels) is not None:
        arrays |= {
            "person_ids": labels.person_ids,
            "camera_ids": labels.camera_ids,
            "split": np.array(labels.split, np.str_),
        }
    write_npz(file, arrays)


def read(path: Path) -> Fields:
    """Read a file that a stranger may have written.

    Raises:
        EmbeddingsError: It is malformed, or holds other arrays.
        OSError: It cannot be opened.
    """
    try:
        with open_npz(path) as file:
            if set(file.names) not in ({*_FIELDS}, {*_FIELDS, *_LABELS}):
                found = ", ".join(sorted(name[:40] for name in file.names[:12])) or "none"
                raise EmbeddingsError(
                    f"expected the arrays {', '.join(_FIELDS)}, and all or none of "
                    f"{', '.join(_LABELS)}; found {found}"
                )
            arrays = {name: file.read(name) for name in file.names}
    except ArrayFileError as error:
        raise EmbeddingsError(str(error)) from error
    labels = None
    if "split" in arrays:
        split = tuple(_text(arrays, "split", dimensions=1).tolist())
        labels = Labels(arrays["person_ids"], arrays["camera_ids"], split)
    return Fields(
        arrays["vectors"],
        tuple(_text(arrays, "names", dimensions=1).tolist()),
        str(_text(arrays, "fingerprint", dimensions=0)),
        labels,
    )


def _text(arrays: dict[str, NDArray], field: str, dimensions: int) -> NDArray:
    array = arrays[field]
    if array.dtype.kind != "U" or array.ndim != dimensions:
        raise EmbeddingsError(
            f"{field} must be a text array of {dimensions} dimension(s), "
            f"not {array.dtype} {array.shape}"
        )
    return array
