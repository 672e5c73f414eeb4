"""A short run of `make fuzz-readers`."""

from itertools import islice

import pytest
from fuzz.fuzz_readers import mutations
from fuzz.readers import READERS

_FILES = 60


@pytest.mark.parametrize("name", READERS)
def test_a_hostile_file_is_read_or_refused_in_one_line(name, tmp_path):
    for data, error in islice(mutations(READERS[name], tmp_path, seed=1), _FILES):
        assert error is None, (data[:400], error)
