import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bireid_deploy.data.sampling import IdentitySampler, ShuffledSampler
from bireid_deploy.errors import TrainingError


@st.composite
def identity_cases(draw):
    counts = draw(st.lists(st.integers(1, 12), min_size=2, max_size=12))
    labels = np.repeat(np.arange(len(counts)), counts)
    shuffled = np.array(draw(st.permutations(labels.tolist())))
    people = draw(st.integers(1, len(counts)))
    return shuffled, people, draw(st.integers(1, 5)), draw(st.integers(0, 2**32))


@settings(max_examples=40, deadline=None)
@given(identity_cases(), st.integers(0, 1000))
def test_identity_batches_follow_the_rules(case, epoch):
    labels, people, images, seed = case
    batches = IdentitySampler(labels, people, images, seed).epoch(epoch)
    assert batches.dtype == np.int64
    assert batches.shape[1] == people * images
    counts = np.bincount(labels)
    for batch in batches:
        groups = labels[batch].reshape(people, images)
        assert (groups == groups[:, :1]).all()
        assert len(set(groups[:, 0])) == people
    drawn = np.bincount(batches.ravel(), minlength=len(labels))
    # With at least K images nothing is drawn twice; with fewer there is one group.
    assert (drawn[counts[labels] >= images] <= 1).all()
    used = np.bincount(labels[batches.ravel()], minlength=len(counts)) // images
    available = np.maximum(counts // images, 1)
    assert (used <= available).all()
    # Sampling stops only when fewer than P people have a group left.
    assert np.count_nonzero(available - used) < people


@settings(max_examples=40, deadline=None)
@given(identity_cases(), st.integers(0, 1000))
def test_an_epoch_depends_on_seed_and_number_alone(case, epoch):
    sampler = IdentitySampler(*case)
    sampler.epoch(epoch + 1)
    np.testing.assert_array_equal(sampler.epoch(epoch), IdentitySampler(*case).epoch(epoch))


def test_epochs_and_seeds_differ():
    labels = np.repeat(np.arange(20), 8)
    first = IdentitySampler(labels, 4, 4, seed=1)
    assert not np.array_equal(first.epoch(0)[:5], first.epoch(1)[:5])
    assert not np.array_equal(first.epoch(0)[:5], IdentitySampler(labels, 4, 4, 2).epoch(0)[:5])


def test_equal_people_use_nearly_all_images():
    labels = np.repeat(np.arange(64), 8)
    batches = IdentitySampler(labels, 16, 4, seed=0).epoch(0)
    assert 6 <= len(batches) <= 8


def test_too_few_people():
    with pytest.raises(
        TrainingError,
        match=r"3 identities are too few for batches of 4; set batch\.identities=3 or less",
    ):
        IdentitySampler(np.array([0, 1, 2, 2]), 4, 2, seed=0)
    with pytest.raises(TrainingError, match="at least 1"):
        IdentitySampler(np.array([0, 1]), 2, 0, seed=0)


@given(st.integers(1, 60), st.data())
def test_shuffled_batches(count, data):
    size = data.draw(st.integers(1, count))
    batches = ShuffledSampler(count, size, seed=3).epoch(7)
    assert batches.shape == (count // size, size)
    assert len(np.unique(batches)) == batches.size
    assert set(batches.ravel()) <= set(range(count))
    np.testing.assert_array_equal(batches, ShuffledSampler(count, size, seed=3).epoch(7))


def test_shuffled_epochs_differ_and_oversized_batches_are_refused():
    sampler = ShuffledSampler(50, 10, seed=0)
    assert not np.array_equal(sampler.epoch(0), sampler.epoch(1))
    with pytest.raises(
        TrainingError, match=r"batches of 51 from 50 images; set batch\.size=50 or less"
    ):
        ShuffledSampler(50, 51, seed=0)
