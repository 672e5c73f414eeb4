import os
from pathlib import Path

import pytest

from bireid_deploy.devices.processes import started
from bireid_deploy.errors import MissingProgramError


def test_the_children_of_a_program_end_with_it(tmp_path: Path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    # The pipe has no end before the last of those who hold it is gone.
    script = 'exec > "$1"; sleep 1000 & echo started; wait'
    with started(["sh", "-c", script, "sh", str(pipe)]):
        output = pipe.open()
        assert output.readline() == "started\n"
    with output:
        assert output.read() == ""


def test_a_program_that_is_not_there_is_named():
    with (
        pytest.raises(MissingProgramError, match=r"^no-such-program: not installed"),
        started(["no-such-program"]),
    ):
        pytest.fail("there is nothing to start")
