"""A machine with a systemd of its own: booted for one test, gone without a trace after it."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "aarch64"))
sys.path.insert(0, str(Path(__file__).parents[1] / "devices"))

from debian_root import (
    SUITE,
    RootError,
    cache_folder,
    install,
    locked,
    replaced,
    require,
    run,
    versions_of,
)
from ssh_server import free_port, make_key, write_program

TOOLS = ("debootstrap", "systemd-nspawn", "ssh", "ssh-keygen")
PACKAGES = ("systemd-sysv", "dbus", "libpam-systemd", "polkitd", "openssh-server", "python3")
USERS = ("root", "pi")
_VERSIONS = "\n".join((SUITE, *PACKAGES, *USERS))
_OWN_RUN = 'mount -t tmpfs -o mode=755 tmpfs /run; exec "$@"'

_SERVER_CONFIG = """
ListenAddress 127.0.0.1
Port {port}
AuthorizedKeysFile /etc/ssh/tests_login_key.pub
"""
_CLIENT_CONFIG = """
IdentityFile {folder}/login_key
IdentitiesOnly yes
IdentityAgent none
UserKnownHostsFile {folder}/known_hosts
GlobalKnownHostsFile /dev/null
"""


@dataclass(frozen=True)
class SystemdMachine:
    """A booted machine.

    Attributes:
        port: Where its sshd listens on 127.0.0.1; `USERS` may log in.
        client: A folder with the `ssh` that knows it.
    """

    port: int
    client: Path

    def url(self, user: str) -> str:
        """Its address for `flash`, to be followed by a folder."""
        return f"ssh://{user}@127.0.0.1:{self.port}"

    def ssh(self, user: str, *options: str) -> list[str]:
        """The command that logs in."""
        return [str(self.client / "ssh"), "-p", str(self.port), *options, f"{user}@127.0.0.1"]

    def run(self, user: str, script: str) -> str:
        """What a script prints there; a failure of it is an error."""
        done = subprocess.run(
            [*self.ssh(user), script],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{script}: {done.stdout}{done.stderr}"
        return done.stdout.strip()


def default_folder() -> Path:
    """Where the tests keep it, for these versions."""
    return cache_folder("systemd", _VERSIONS)


def build(folder: Path) -> None:
    """Make `folder/debian`, unless it is there: about 250 MB, in a minute.

    Raises:
        RootError: A tool is missing, or a download failed.
    """
    with locked(folder):
        if versions_of(folder) == _VERSIONS:
            return
        require(*TOOLS)
        with replaced(folder, _VERSIONS) as unfinished:
            install(unfinished / "debian", PACKAGES)
            for user in USERS[1:]:
                run("chroot", str(unfinished / "debian"), "useradd", "-m", "-s", "/bin/bash", user)


@contextmanager
def booted(debian: Path, folder: Path) -> Iterator[SystemdMachine]:
    """Boot a throw-away copy of `debian`; keys and settings go to `folder`."""
    machine = SystemdMachine(free_port(), folder / "client")
    make_key(folder / "login_key")
    host_key = (debian / "etc/ssh/ssh_host_ed25519_key.pub").read_text()
    (folder / "known_hosts").write_text(f"[127.0.0.1]:* {host_key}")
    (folder / "server_config").write_text(_SERVER_CONFIG.format(port=machine.port))
    (folder / "client_config").write_text(_CLIENT_CONFIG.format(folder=folder))
    machine.client.mkdir()
    client = f'#!/bin/sh\nexec /usr/bin/ssh -F {folder}/client_config "$@"\n'
    write_program(machine.client / "ssh", client)
    notifications = folder / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ready:
        ready.bind(str(notifications))
        ready.settimeout(1)
        process = _start(debian, folder, machine.port, notifications)
        try:
            while b"READY=1" not in _notification(ready):
                if process.poll() is not None:
                    raise RootError(f"systemd-nspawn: {_last_line(folder / 'console')}")
            yield machine
        finally:
            process.terminate()  # it shuts the machine down in order
            process.wait()


def _start(debian: Path, folder: Path, port: int, notifications: Path) -> subprocess.Popen[bytes]:
    command = [
        # Without a parent nobody would stop it; what it leaves in /run nobody would remove.
        *("setpriv", "--pdeathsig", "TERM", "unshare", "--mount", "sh", "-euc", _OWN_RUN, "sh"),
        *("systemd-nspawn", "--quiet", "--console=read-only", "--register=no", "--keep-unit"),
        *("--boot", "--notify-ready=yes", "--volatile=overlay", "--machine=bireid-tests"),
        f"--directory={debian}",
        f"--bind-ro={folder}/server_config:/etc/ssh/sshd_config.d/tests.conf",
        f"--bind-ro={folder}/login_key.pub:/etc/ssh/tests_login_key.pub",
    ]
    with (folder / "console").open("wb") as console:
        return subprocess.Popen(
            command,
            env={**os.environ, "NOTIFY_SOCKET": str(notifications)},
            stdin=subprocess.DEVNULL,
            stdout=console,
            stderr=subprocess.STDOUT,
        )


def _notification(ready: socket.socket) -> list[bytes]:
    try:
        return ready.recv(4096).splitlines()
    except TimeoutError:
        return []


def _last_line(console: Path) -> str:
    lines = console.read_text(errors="replace").split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), "no message")
