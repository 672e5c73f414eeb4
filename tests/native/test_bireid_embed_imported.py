"""bireid-embed on a bundle that `import` made: what PyTorch computed comes out."""

from pathlib import Path

import numpy as np
import pytest
from embed_program import PROGRAMS, TOLERANCE, embeddings
from PIL import Image

FILES = Path(__file__).parents[1] / "converters" / "imported"


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    from bireid_deploy.cli.main import run

    out = tmp_path_factory.mktemp("imported") / "bundle"
    arguments = ("import", FILES / "layumi.pth", "-o", out, "--size", "64x32", "--format", "float")
    assert run([str(each) for each in arguments]) == 0
    return out


@pytest.mark.parametrize("program", PROGRAMS)
def test_an_imported_network_gives_what_pytorch_computed(program, bundle, tmp_path):
    with np.load(FILES / "layumi.npz") as arrays:
        images, features = arrays["images"], arrays["features"]
    paths = [tmp_path / f"{number}.png" for number in range(len(images))]
    for path, image in zip(paths, images, strict=True):
        Image.fromarray(image).save(path)
    expected = features / np.linalg.norm(features, axis=1, keepdims=True)
    found = embeddings(program, *paths, bundle=bundle)
    np.testing.assert_allclose(found, expected, rtol=0, atol=TOLERANCE)
