"""A child that is forked while another thread embeds goes on by itself."""

import os
import threading

import numpy as np
import pytest
from bireid_runtime import Extractor
from zoo import REID_BUNDLE

CHILDREN = 12


@pytest.mark.timeout(120)
@pytest.mark.parametrize("threads", [1, 2])
def test_a_child_embeds_while_its_parent_does(threads):
    extractor = Extractor.open(REID_BUNDLE, backend="native", threads=threads)
    crops = list(np.random.default_rng(0).integers(0, 256, (4, 128, 64, 3), np.uint8))
    expected = extractor.embed(crops)
    ended = threading.Event()

    def embed():
        while not ended.is_set():
            extractor.embed(crops)

    other = threading.Thread(target=embed)
    other.start()
    try:
        for _ in range(CHILDREN):
            child = os.fork()
            if child == 0:
                # No exception may leave: the rest of the tests is the parent's.
                try:
                    os._exit(0 if np.array_equal(extractor.embed(crops), expected) else 1)
                finally:
                    os._exit(2)
            _, status = os.waitpid(child, 0)
            assert os.waitstatus_to_exitcode(status) == 0
    finally:
        ended.set()
        other.join()
