"""The whole way of one item, as `bench` times it: what it ends with."""

import numpy as np
import pytest
import zoo
from bireid_runtime import Bundle
from bireid_runtime.backends.native import NativeSession
from bireid_runtime.boxes import Boxes
from bireid_runtime.following import TrackedBox

from bireid_deploy.benchmark.whole_item import whole_item


def rows_of(bundle, session):
    """A foreign file that computes what the bundle's network does, among other outputs."""
    (taken,) = bundle.inputs

    def run(item):
        assert len(item) == 1
        return [np.zeros((1, 3), np.float32), *session.run({taken.name: item}).values()]

    return run


def test_an_image_ends_as_boxes_and_a_foreign_file_finds_the_same():
    bundle = Bundle.open(zoo.DETECTOR_BUNDLE)
    session = NativeSession(bundle, 1)
    whole = whole_item(bundle, session, None, "native")
    assert whole.item == "image"
    (found,) = whole.run()
    assert isinstance(found, Boxes)
    assert len(found.scores) > 0
    (foreign,) = whole_item(bundle, None, rows_of(bundle, session), "theirs").run()
    np.testing.assert_allclose(foreign.corners, found.corners, atol=1e-3)
    np.testing.assert_array_equal(foreign.labels, found.labels)


def test_a_frame_ends_as_the_place_of_the_target_and_is_sought_in_every_size():
    bundle = Bundle.open(zoo.TRACKER_BUNDLE)
    session, seen = NativeSession(bundle, 1), []
    rows = rows_of(bundle, session)

    def counted(item):
        seen.append(item)
        return rows(item)

    whole = whole_item(bundle, None, counted, "theirs")
    assert whole.item == "frame"
    seen.clear()
    assert isinstance(whole.run(), TrackedBox)
    assert len(seen) == 3


@pytest.mark.parametrize(("path", "item"), [(zoo.REID_BUNDLE, "crop"), (zoo.POINTS_BUNDLE, "item")])
def test_what_has_nothing_behind_its_network_is_prepared(path, item):
    bundle = Bundle.open(path)
    session = NativeSession(bundle, 1)
    whole = whole_item(bundle, session, None, "native")
    assert whole.item == item
    (rows,) = whole.run().values()
    assert rows.shape == (1, *bundle.outputs[0].shape)
    theirs = whole_item(bundle, None, rows_of(bundle, session), "theirs").run()
    np.testing.assert_allclose(theirs[-1], rows, atol=1e-5)
    assert whole_item(bundle, None, None, "theirs") is None


def test_a_file_that_gives_something_else_has_no_whole_way():
    bundle = Bundle.open(zoo.DETECTOR_BUNDLE)
    assert whole_item(bundle, None, lambda item: [np.zeros((1, 3), np.float32)], "theirs") is None
