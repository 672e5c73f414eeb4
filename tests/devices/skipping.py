"""What to do when this machine lacks something that a test needs."""

import os
from typing import NoReturn

import pytest


def give_up(reason: str) -> NoReturn:
    """Skip; on a CI machine, which is set up for these tests, fail."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)
