"""`bireid-deploy flash` and `doctor` on an emulated Raspberry Pi 2, over a real sshd."""

import os
import shutil
import sys
from pathlib import Path

import pytest
from skips import skip_unavoidably

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1] / "aarch64"))
sys.path.insert(0, str(Path(__file__).parents[1] / "devices"))

import binfmt
import emulated_pi2
import machine
from debian_root import RootError
from flashing import BUNDLE, deploy, made

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(600),  # the first time, the emulated machine is made
]


@pytest.fixture
def pi2(tmp_path_factory, monkeypatch):
    """A machine of its own; `ssh` in this process's PATH can log in to it."""
    tools = (machine.SSHD, "ssh", "nsenter", "setpriv", "unshare")
    if missing := [name for name in tools if shutil.which(name) is None]:
        pytest.skip(f"not installed: {', '.join(missing)}")
    if os.geteuid() != 0:
        skip_unavoidably("a machine of its own file system needs root")
    if not binfmt.enable("qemu-arm"):
        pytest.skip("the kernel does not start ARM programs (apt-get install binfmt-support)")
    default = emulated_pi2.default_folder()
    try:
        debian = emulated_pi2.build(Path(os.environ.get("BIREID_ARMV7_ROOT", default)).absolute())
    except RootError as error:
        pytest.skip(f"no emulated 32-bit ARM machine: {error}")
    with machine.raspberry_pi(debian, tmp_path_factory.mktemp("pi2"), emulated_pi2.CPU) as pi:
        monkeypatch.setenv("PATH", f"{pi.server.client}{os.pathsep}{os.environ['PATH']}")
        yield pi


def test_the_program_goes_to_a_raspberry_pi_2(pi2, tmp_path):
    dist = tmp_path / "dist"
    dist.mkdir()
    program = made("bireid-embed-armv7l", "bireid-embed-armv7")
    (dist / program.name).symlink_to(program)
    target = f"{pi2.url}/opt/reid"
    options = ("--program", "--dist", dist, "--runs", 1)

    # It has no Python, which the doctor tells and the program does not need.
    said = deploy("doctor", target, exit_code=3)
    assert "32-bit" in said.stdout
    assert "armv7l" in said.stdout
    assert "flash with --program" in said.stderr

    done = deploy("flash", BUNDLE, target, *options)
    assert "self-test passed" in done.stdout
    assert "(neon)" in done.stdout
    assert "bireid-embed" in pi2.run("ls /opt/reid/current/")
