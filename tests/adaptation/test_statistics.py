"""Centring, and figures of consistency, on embeddings whose cameras are known."""

import dataclasses

import numpy as np
import pytest
from bireid_runtime.errors import ArgumentError

from bireid_deploy.adaptation.advice import advice
from bireid_deploy.adaptation.cameras import Adapted, AdaptedCamera, adapt_embedder
from bireid_deploy.adaptation.centring import Centre, centred, estimate_centre
from bireid_deploy.adaptation.consistency import consistency
from bireid_deploy.adaptation.crops import Crops
from bireid_deploy.adaptation.plan import LEVELS, Plan

PEOPLE, DIM = 40, 16


def _unit(rows):
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


@pytest.fixture
def people():
    """40 people twice under two cameras; the second camera moves and stretches all embeddings."""
    generator = np.random.default_rng(0)
    rows = np.repeat(generator.normal(size=(PEOPLE, DIM)), 2, axis=0)
    clean = np.tile(rows, (2, 1)) + 0.3 * generator.normal(size=(4 * PEOPLE, DIM))
    cameras = np.repeat([0, 1], 2 * PEOPLE)
    seen = clean.copy()
    stretch = generator.uniform(0.8, 1.25, DIM)
    seen[cameras == 1] = seen[cameras == 1] * stretch + 3 * generator.normal(size=DIM)
    return _unit(clean), _unit(seen), cameras


def test_figures_grow_as_cameras_matter_less(people):
    clean, seen, cameras = people
    good, bad = consistency(clean, cameras), consistency(seen, cameras)
    assert 0 <= bad.mutual < good.mutual <= 1
    assert 0 <= bad.symmetry < good.symmetry <= 1
    assert 0 <= bad.bridged < 0.1 < good.bridged <= 1
    assert 0 <= bad.mixing < 0.5 < good.mixing
    assert consistency(clean[cameras == 0], cameras[cameras == 0]) is None


def test_figures_are_what_their_definitions_say():
    # On a circle: camera 0 at 0, 10 and 90 degrees, camera 1 at 4 and 85 degrees.
    angles = np.radians([0, 10, 90, 4, 85])
    vectors = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    found = consistency(vectors, np.array([0, 0, 0, 1, 1]))
    # 10 degrees has 4 as its nearest, which has 0 as its own: rank 2 there.
    assert found.mutual == pytest.approx(4 / 5)
    assert found.symmetry == pytest.approx((4 + 1 / 2) / 5)
    # 0 is nearer to 4 than to 10, and 90 to 85; 10 is not nearest to anybody over there.
    assert found.bridged == pytest.approx(2 / 3)
    # All four others are among the ten nearest: as by chance.
    assert found.mixing == pytest.approx(1.0)


@pytest.mark.parametrize("centring", ["mean", "mean-and-deviation"])
def test_centring_takes_out_what_a_camera_does_to_all(people, centring):
    _, seen, cameras = people
    moved = centred(seen, cameras, centring)
    assert moved.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(moved, axis=1), 1, rtol=1e-6)
    before, after = consistency(seen, cameras), consistency(moved, cameras)
    assert after.mutual > before.mutual + 0.2
    assert after.mixing > 0.8
    own = seen[cameras == 1].astype(np.float64)
    centre = estimate_centre(seen[cameras == 1], centring)
    np.testing.assert_allclose(centre.mean, own.mean(axis=0), atol=1e-6)
    if centring == "mean":
        assert centre.deviation is None
    else:
        np.testing.assert_allclose(centre.deviation, own.std(axis=0), rtol=1e-5)


def test_no_centring_changes_nothing(people):
    _, seen, cameras = people
    assert centred(seen, cameras, "none") is not seen
    np.testing.assert_array_equal(centred(seen, cameras, "none"), seen)
    assert estimate_centre(seen, "none") == Centre() or Centre().mean is None


def _adapted(vectors, cameras, levels=("camera",)):
    names = tuple(f"c{number + 1}" for number in range(cameras.max() + 1))
    pixels = np.arange(len(vectors), dtype=np.uint8).reshape(-1, 1, 1, 1)
    crops = Crops(names, pixels, cameras, ())
    plan = Plan.of(levels, "camera", "mean")
    return adapt_embedder(lambda pixels: vectors[pixels[:, 0, 0, 0]], crops, plan)


def test_an_adaptation_says_what_each_camera_gets_and_that_it_helped(people):
    _, seen, cameras = people
    adapted = _adapted(seen, cameras)
    assert [(each.name, each.crops) for each in adapted.cameras] == [("c1", 80), ("c2", 80)]
    assert adapted.after.mutual > adapted.before.mutual
    assert advice(adapted) == []


def test_strangers_and_a_change_for_the_worse_are_said(people):
    clean, seen, cameras = people
    one = _adapted(clean[cameras == 0], cameras[cameras == 0])
    assert advice(one) == ["one camera alone: nothing can be said of how it fits others"]
    # The second camera saw other people: half of the space is empty for each.
    apart = clean.copy()
    apart[cameras == 0, : DIM // 2] *= 0.2
    apart[cameras == 1, DIM // 2 :] *= 0.2
    (line,) = advice(_adapted(_unit(apart), cameras))
    # Said of the people, so also where the mean of the camera stays in.
    assert advice(_adapted(_unit(apart), cameras, ("norm",))) == [line]
    assert "the cameras hardly share people" in line
    worse = Adapted((), consistency(clean, cameras), consistency(seen, cameras), 0.5)
    lines = advice(dataclasses.replace(worse, cameras=_adapted(clean, cameras).cameras))
    assert any(line.startswith("cameras fit each other worse than before") for line in lines)
    uneven = dataclasses.replace(
        _adapted(clean, cameras),
        cameras=(AdaptedCamera("a", 9, Centre()), AdaptedCamera("b", 90, Centre())),
    )
    assert advice(uneven)[0].startswith("uneven coverage: camera 'a' has 9 crops")


def test_a_plan_knows_what_it_becomes():
    plan = Plan.of(["camera", "cluster"], "camera", "mean")
    assert plan.levels == ("cluster", "camera")
    assert plan.trains
    assert plan.knows_cameras
    assert not plan.norms_cameras
    assert not Plan.of(["norm"], "all", "mean").knows_cameras
    assert Plan.of(["norm"], "camera", "mean").knows_cameras
    assert list(LEVELS) == ["cluster", "norm", "camera"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((["cameras"], "camera", "mean"), "no level 'cameras'; did you mean camera?"),
        (([], "camera", "mean"), "no level to adapt at; choose of cluster, norm, camera"),
        ((["norm"], "al", "mean"), "per 'al'; did you mean all?"),
        ((["camera"], "all", "means"), "centring 'means'; did you mean mean?"),
        ((["camera"], "all", "none"), "centring 'none'; choose one of: mean"),
    ],
)
def test_a_mistake_in_a_plan_is_named(arguments, message):
    with pytest.raises(ArgumentError) as error:
        Plan.of(*arguments)
    assert message in str(error.value)
