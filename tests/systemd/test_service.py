"""`bireid-deploy flash --service` on a machine with a real systemd, as root and as another user."""

import json
import platform
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from bireid_runtime import Bundle
from flashing import BUNDLE, made, other_bundle
from systemd_machine import SystemdMachine

UNIT = "bireid-embed.service"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(900),  # the first time, the machine's disk is made
]


@dataclass(frozen=True)
class Login:
    """Somebody who flashes: where to, which systemd it is, and where the socket is."""

    machine: SystemdMachine
    user: str
    scope: str
    socket: str

    @property
    def target(self) -> str:
        return f"{self.machine.url(self.user)}/{'opt' if self.user == 'root' else '~'}/reid"

    def run(self, script: str) -> str:
        return self.machine.run(self.user, script)

    def property(self, name: str) -> str:
        return self.run(f"systemctl {self.scope} show --property {name} --value {UNIT}")

    def wait_for(self, condition: str) -> None:
        """Wait until a shell condition holds there."""
        self.run(f"timeout 60 sh -c 'until {condition}; do sleep 0.1; done'")


@pytest.fixture(params=["root", "pi"])
def login(request, systemd) -> Login:
    if request.param == "root":
        return Login(systemd, "root", "--system", "/run/bireid-embed/socket")
    user_id = systemd.run("pi", "id -u")
    return Login(systemd, "pi", "--user", f"/run/user/{user_id}/bireid-embed/socket")


def flash(*arguments: object) -> None:
    dist = made(f"bireid-embed-{platform.machine()}", "bireid-embed").parent
    command = [sys.executable, "-m", "bireid_deploy", "flash", *map(str, arguments)]
    command += ["--dist", str(dist), "--runs", "1"]
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def flash_service(bundle: Path, login: Login) -> None:
    flash(bundle, login.target, "--program", "--service")


@contextmanager
def connected(login: Login) -> Iterator[socket.socket]:
    """The service's socket, which ssh brings here."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        here = f"{folder}/socket"
        forward = login.machine.ssh(login.user, "-N", "-f", "-M", "-S", f"{folder}/master")
        options = ["-o", "ExitOnForwardFailure=yes", "-L", f"{here}:{login.socket}"]
        subprocess.run([*forward, *options], check=True, stdin=subprocess.DEVNULL)
        try:
            with socket.socket(socket.AF_UNIX) as client:
                client.settimeout(60)
                client.connect(here)
                yield client
        finally:
            leave = login.machine.ssh(login.user, "-S", f"{folder}/master", "-O", "exit")
            subprocess.run(leave, check=True, capture_output=True)


def embedding_of_a_golden_crop(login: Login) -> list[float]:
    crop = Bundle.open(BUNDLE).golden().inputs["image"][0]
    height, width, _ = crop.shape
    with connected(login) as client:
        client.sendall(f"raw {width} {height}\n".encode() + crop.tobytes())
        return json.loads(client.makefile().readline())["embedding"]


def test_it_answers_comes_back_after_a_crash_and_stops_cleanly(login):
    flash_service(BUNDLE, login)
    expected = Bundle.open(BUNDLE).golden().outputs["embedding"][0]
    assert embedding_of_a_golden_crop(login) == pytest.approx(expected, abs=1e-4)
    assert login.run(f"systemctl {login.scope} is-enabled {UNIT}") == "enabled"

    login.run(f"systemctl {login.scope} kill --signal KILL {UNIT}")
    login.wait_for(f'[ "$(systemctl {login.scope} show -P NRestarts {UNIT})" = 1 ]')
    login.wait_for(f"[ -S {login.socket} ]")
    assert embedding_of_a_golden_crop(login) == pytest.approx(expected, abs=1e-4)

    login.run(f"systemctl {login.scope} stop {UNIT}")
    assert login.property("Result") == "success"
    assert login.property("ExecMainStatus") == "0"
    login.run(f"[ ! -e {login.socket} ]")


def test_it_serves_the_current_version(login, tmp_path):
    def served() -> str:
        return login.run(f"readlink /proc/{login.property('MainPID')}/exe")

    flash_service(BUNDLE, login)
    first = served()
    flash(other_bundle(tmp_path), login.target, "--program")
    second = served()
    assert first != second
    flash("--rollback", login.target)
    assert served() == first


def test_nobody_else_may_use_the_socket(login):
    flash_service(BUNDLE, login)
    login.machine.run("root", "useradd -m somebody")
    look = f"runuser -u somebody -- ls {login.socket}"
    assert login.machine.run("root", f"! {look} 2>&1").endswith("Permission denied")


def test_a_user_service_outlives_the_login(systemd):
    user_id = systemd.run("pi", "id -u")
    login = Login(systemd, "pi", "--user", f"/run/user/{user_id}/bireid-embed/socket")
    flash_service(BUNDLE, login)
    state = "loginctl show-user pi --property State --value"
    wait = f'until [ "$({state})" = lingering ]; do sleep 0.1; done'
    systemd.run("root", f"timeout 60 sh -c '{wait}'")
    systemd.run("root", f"[ -S {login.socket} ]")
