"""`bireid-deploy adapt` on the bundle of the tiny people; tests/adaptation adapts runs."""

import os
import subprocess
import sys

import numpy as np
import pytest
from bireid_runtime import Bundle, Extractor
from bireid_runtime.gallery import Gallery
from bireid_runtime.images import decode_image, load_image

from bireid_deploy.data.folders import list_folder
from bireid_deploy.serving.crops import small_jpeg

# As on a device or a laptop without the extra `train`.
WITHOUT_TENSORFLOW = (
    "import sys; sys.modules['tensorflow'] = None; "
    "from bireid_deploy.cli.main import run; sys.exit(run(sys.argv[1:]))"
)


@pytest.fixture(scope="session")
def crops(people):
    """64 or 65 crops under each of four cameras; the people in their names are not read."""
    return people / "bounding_box_test"


@pytest.fixture(scope="session")
def centred(make, bundle, crops, workplace):
    """The bundle with the mean of every camera."""
    path = workplace / "centred"
    arguments = ["--crops", crops, "--least", 50, "-o", path, "--json"]
    return make(path, "adapt", bundle, *arguments)


def test_a_bundle_gets_the_mean_of_every_camera(centred, bundle, crops):
    found = centred.result.json
    assert list(found["crops"]) == ["c1", "c2", "c3", "c4"]
    assert found["run"] is None
    assert found["after"]["mixing"] > found["before"]["mixing"]
    adapted = Bundle.open(centred.path)
    assert adapted.fingerprint == found["fingerprint"] != Bundle.open(bundle).fingerprint
    images = [image for image in list_folder(crops).files if "_c3s" in image.name]
    plain = Extractor.open(bundle).embed(images)
    assert len(images) == found["crops"]["c3"]
    moved = plain - plain.mean(axis=0)
    moved /= np.linalg.norm(moved, axis=1, keepdims=True)
    np.testing.assert_allclose(
        Extractor.open(centred.path, camera="c3").embed(images), moved, atol=1e-5
    )


def test_a_bundle_needs_no_tensorflow(bundle, crops, tmp_path):
    command = [sys.executable, "-c", WITHOUT_TENSORFLOW, "adapt", bundle, "--crops", crops]
    command += ["--least", "50", "--centring", "mean-and-deviation", "-o", tmp_path / "out"]
    done = subprocess.run(
        [str(each) for each in command],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "COLUMNS": "80"},
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == str(tmp_path / "out")
    assert "mutual nearest neighbours across cameras" in done.stdout
    assert max(map(len, done.stdout.splitlines()[:-1])) <= 80
    note = Bundle.open(tmp_path / "out").manifest["adaptation"]["note"]
    assert note["levels"] == ["camera"]
    assert note["centring"] == "mean-and-deviation"
    assert set(note["consistency"]) == {"before", "after"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--least", "65"], "camera 'c3' has 64 crops, below the 65 of --least (and 1 more"),
        (["--level", "camra"], "there is no level 'camra'; did you mean camera?"),
        (["--least", "50", "--level", "norm"], "only the level camera can be applied to a bundle"),
        (["--least", "50", "--format", "lcd"], "lcd"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(
    refused, bundle, crops, tmp_path, arguments, message
):
    out = tmp_path / "out"
    err = refused(2, "adapt", bundle, "--crops", crops, "-o", out, *arguments)
    assert message in err
    assert len(err.splitlines()) == 1
    assert not out.exists()


def test_what_is_adapted_already_is_refused(refused, centred, crops, tmp_path):
    err = refused(2, "adapt", centred.path, "--crops", crops, "--least", 50, "-o", tmp_path / "out")
    assert "adapted already; give the bundle that it was made from" in err


def test_the_crops_may_be_those_that_a_gallery_keeps(cli, refused, bundle, crops, tmp_path):
    path = tmp_path / "shop.gallery"
    images = {camera: sorted(crops.glob(f"*_{camera}s*"))[:6] for camera in ("c1", "c3")}
    network = Bundle.open(bundle)
    extractor = Extractor.open(network)
    with Gallery.create(path, network.fingerprint, extractor.embedding_dim) as gallery:
        for camera, files in images.items():
            jpegs = [small_jpeg(load_image(file)) for file in files]
            gallery.add(extractor.embed(files), camera=camera, thumbnails=jpegs)
        gallery.add(extractor.embed(images["c1"][:1]), camera="c1")
    found = cli(
        *("adapt", bundle, "--crops", path, "--least", 6, "-o", tmp_path / "out", "--json"),
    )
    assert found.code == 0, found.err
    assert found.json["crops"] == {"c1": 6, "c3": 6}
    assert found.json["ignored"] == [{"path": "entry 13", "reason": "without a thumbnail"}]
    kept = np.stack([decode_image(each, "a thumbnail") for each in _thumbnails(path)[6:12]])
    plain = Extractor.open(bundle).embed(list(kept))
    moved = plain - plain.mean(axis=0)
    moved /= np.linalg.norm(moved, axis=1, keepdims=True)
    own = Extractor.open(tmp_path / "out", camera="c3").embed(list(kept))
    np.testing.assert_allclose(own, moved, atol=1e-5)
    few = refused(2, "adapt", bundle, "--crops", path, "-o", tmp_path / "few")
    assert "camera 'c1' has 6 crops, below the 200 of --least" in few
    listed = refused(
        *(2, "adapt", bundle, "--crops", path, "--cameras", "list.csv", "-o", tmp_path / "few")
    )
    assert "the entries of a gallery have their cameras" in listed


def _thumbnails(path):
    with Gallery.open(path) as gallery:
        return [gallery.thumbnail(number) for number in range(1, 13)]
