"""A machine with systemd for each test of this folder, and why there is none if so."""

import os
import sys
from pathlib import Path

import pytest
from skips import skip_unavoidably

sys.path.insert(0, str(Path(__file__).parent))

import systemd_machine
from debian_root import RootError


@pytest.fixture
def systemd(tmp_path_factory, monkeypatch) -> systemd_machine.SystemdMachine:
    """A booted machine; `ssh` in this process's PATH can log in to it."""
    default = systemd_machine.default_folder()
    folder = Path(os.environ.get("BIREID_SYSTEMD_ROOT", default)).absolute()
    settings = tmp_path_factory.mktemp("systemd")
    if os.geteuid() != 0:
        skip_unavoidably("only root may boot a machine with systemd")
    try:
        systemd_machine.build(folder)
        with systemd_machine.booted(folder / "debian", settings) as machine:
            monkeypatch.setenv("PATH", f"{machine.client}{os.pathsep}{os.environ['PATH']}")
            yield machine
    except RootError as error:
        pytest.skip(f"no machine with systemd: {error}")
