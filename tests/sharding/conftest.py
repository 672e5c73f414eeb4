"""Images to embed on many machines, and what one machine makes of them."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sharded import BUNDLE

from bireid_deploy import api
from bireid_deploy.evaluation.embedding_file import NamedEmbeddings


@pytest.fixture(scope="session")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """61 blocks of colour, two of them no images."""
    folder = tmp_path_factory.mktemp("images")
    random = np.random.default_rng(0)
    for number in range(61):
        pixels = np.kron(random.integers(0, 256, (8, 4, 3)), np.ones((16, 16, 1)))
        Image.fromarray(pixels.astype(np.uint8)).save(folder / f"{number:03d}.png")
    for broken in (20, 60):
        (folder / f"{broken:03d}.png").write_bytes(b"no image")
    return folder


@pytest.fixture(scope="session")
def whole(images: Path) -> NamedEmbeddings:
    """What `embed` makes of them in one process."""
    return api.embed(BUNDLE, [images], backend="native", skip_broken=True)
