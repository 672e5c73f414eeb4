"""A real sshd on loopback, and an `ssh` command that knows this server and nothing else."""

import getpass
import os
import socket
import subprocess
from collections.abc import Sequence
from pathlib import Path

SSHD = "/usr/sbin/sshd"
SSH = "/usr/bin/ssh"

_SERVER_CONFIG = """
ListenAddress 127.0.0.1:{port}
HostKey {folder}/host_key
AuthorizedKeysFile {folder}/authorized_keys
PidFile none
UsePAM no
StrictModes no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
SetEnv {environment}
"""

_CLIENT_CONFIG = """
IdentityFile {folder}/login_key
IdentitiesOnly yes
IdentityAgent none
UserKnownHostsFile {folder}/known_hosts
GlobalKnownHostsFile /dev/null
"""


class SshServer:
    """An sshd that the current user may log in to, with keys and settings of its own.

    Attributes:
        port: Where it listens on 127.0.0.1.
        user: Who logs in.
        known_hosts: The client's file of host keys; it knows this server on every port.
        authorized_keys: The server's file of keys that may log in.
        client: A folder with the `ssh` to put first in PATH; the real `~/.ssh` is not touched.
    """

    def __init__(
        self,
        folder: Path,
        environment: dict[str, str],
        command: Sequence[str] = (SSHD,),
        settings: str = "",
    ) -> None:
        """Make keys and settings in `folder`, and start; commands there see `environment`.

        `command` starts sshd; `settings` are added to its own.
        """
        self._command = command
        self._settings = settings
        self.user = getpass.getuser()
        self.port = free_port()
        self.known_hosts = folder / "known_hosts"
        self.authorized_keys = folder / "authorized_keys"
        self.client = folder / "client"
        self._folder = folder
        self._environment = environment
        for key in ("host_key", "login_key"):
            make_key(folder / key)
        self.authorized_keys.write_text((folder / "login_key.pub").read_text())
        host_key = (folder / "host_key.pub").read_text()
        self.known_hosts.write_text(f"[127.0.0.1]:* {host_key}")
        self._write_client()
        self._process = self._start()

    def stop(self) -> None:
        """End the server; connections that exist live on."""
        self._process.terminate()
        self._process.wait()
        self._process.stderr.close()

    def _write_client(self) -> None:
        config = self._folder / "client_config"
        config.write_text(_CLIENT_CONFIG.format(folder=self._folder))
        self.client.mkdir()
        write_program(self.client / "ssh", f'#!/bin/sh\nexec {SSH} -F {config} "$@"\n')

    def _start(self) -> subprocess.Popen:
        environment = " ".join(f'"{key}={value}"' for key, value in self._environment.items())
        config = self._folder / "server_config"
        config.write_text(
            _SERVER_CONFIG.format(port=self.port, folder=self._folder, environment=environment)
            + self._settings
        )
        if os.geteuid() == 0:  # sshd drops its rights into this folder, which packages create late
            Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
        process = subprocess.Popen(
            [*self._command, "-D", "-e", "-f", str(config)], stderr=subprocess.PIPE, text=True
        )
        messages = []
        for line in process.stderr:
            if "Server listening" in line:
                return process
            messages.append(line)
        raise RuntimeError(f"sshd did not start: {''.join(messages)}")


def make_key(path: Path) -> None:
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(path)], check=True)


def write_program(path: Path, text: str) -> None:
    path.unlink(missing_ok=True)  # it may be a link to the system's own
    path.write_text(text)
    path.chmod(0o755)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
