"""A device to flash: this machine over a real sshd."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from ssh_device import Device
from ssh_server import SSH, SSHD


@pytest.fixture
def device(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Device]:
    """A device of its own for each test; `ssh` in this process's PATH can log in to it."""
    missing = [program for program in (SSHD, SSH) if not os.access(program, os.X_OK)]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)} (apt-get install openssh-server)")
    started = Device.start(tmp_path_factory.mktemp("device"))
    monkeypatch.setenv("PATH", f"{started.server.client}{os.pathsep}{os.environ['PATH']}")
    yield started
    started.server.stop()
