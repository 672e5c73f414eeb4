"""A device behind ssh: this machine, with a PATH that a test can take apart."""

import sys
from dataclasses import dataclass
from pathlib import Path

from ssh_server import SshServer, write_program

SYSTEM_FOLDERS = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")


@dataclass(frozen=True)
class Device:
    """A device behind ssh.

    Attributes:
        target_url: `ssh://user@127.0.0.1:port/...`, the folder `directory`.
        directory: Where the tests flash to; does not exist yet.
        root: The home folder of the login.
        tools: The only folder in PATH there: links to this machine's programs.
        server: The sshd, its port and its keys.
    """

    target_url: str
    directory: Path
    root: Path
    tools: Path
    server: SshServer

    @classmethod
    def start(cls, folder: Path) -> "Device":
        """Start one in an empty folder; `server.stop()` ends it."""
        root, tools, keys = folder / "home", folder / "tools", folder / "keys"
        for path in (root, tools, keys):
            path.mkdir()
        link_programs(tools)
        # As on many a machine, every shell greets, and one greeting has no end.
        (root / ".bashrc").write_text("echo welcome\nprintf 'bye at 22:00'\n")
        server = SshServer(keys, {"HOME": str(root), "PATH": str(tools)})
        directory = root / "reid"
        url = f"ssh://{server.user}@127.0.0.1:{server.port}{directory}"
        return cls(url, directory, root, tools, server)

    def hide(self, *names: str) -> None:
        """Take programs out of PATH there."""
        for name in names:
            (self.tools / name).unlink()

    def replace(self, name: str, script: str) -> None:
        """Put a shell script in a program's place; the true one stays `/usr/bin/<name>`."""
        write_program(self.tools / name, f"#!/bin/sh\n{script}\n")


def link_programs(tools: Path) -> None:
    """Fill `tools` with a link to each program of the system, and the Python that runs the tests.

    A device has a Python that can make virtual environments; the system's own may lack that.
    """
    for folder in SYSTEM_FOLDERS:
        for program in Path(folder).glob("*"):
            link = tools / program.name
            if not link.is_symlink():
                link.symlink_to(program)
    write_program(tools / "python3", f'#!/bin/sh\nexec {sys.base_prefix}/bin/python3 "$@"\n')
