"""A real systemd, in namespaces of its own, as that of a device: units of the tests alone."""

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from skips import UNAVOIDABLE

from bireid_deploy.devices.local_link import LocalLink

SYSTEMD = "/lib/systemd/systemd"
USER_ID = (
    1000  # as which a user's systemd is addressed; it has the rights of whoever runs the tests
)

# The device's folder is seen as /srv there. Its systemd gets the control groups below one of its
# own, and this machine's are left alone; when the tests close standard input, all of it goes.
_OUTER = """
set -e
mkdir -p "$FOLDER/root"
mount --bind "$FOLDER/root" /srv
mkdir -p "$UNITS"
mount -t tmpfs none /run
mkdir -p /run/systemd/system /run/user/1000 /run/groups
for target in basic sysinit shutdown default multi-user; do
  printf '[Unit]\\nDefaultDependencies=no\\n' >"$UNITS/$target.target"
done
mount -t cgroup2 none /run/groups
group=/run/groups/bireid-test-$$
mkdir $group
echo 0 >$group/cgroup.procs
unshare --mount --pid --cgroup --fork --kill-child --mount-proc sh -c "$INNER" </dev/null &
manager=$!
echo 0 >/run/groups/cgroup.procs
echo $manager
cat >/dev/null
kill -9 $manager
wait $manager 2>/dev/null || true
tries=100
until find $group -depth -type d -exec rmdir {} + 2>/dev/null || [ $tries = 0 ]; do
  tries=$((tries - 1))
done
"""
_SYSTEM = f"""
mount -t cgroup2 none /sys/fs/cgroup
mount --bind "$UNITS" /etc/systemd/system
export container=test SYSTEMD_UNIT_PATH=/etc/systemd/system
exec {SYSTEMD} --system --log-target=null
"""
_USER = f"""
mount -t cgroup2 none /sys/fs/cgroup
export SYSTEMD_UNIT_PATH="$UNITS"
{SYSTEMD} --user --log-target=null &
wait
"""


class NamespaceLink(LocalLink):
    """The machine that a systemd of these tests manages."""

    def __init__(self, process_id: int, environment: dict[str, str]) -> None:
        """Enter the namespaces of a process, with further environment variables."""
        super().__init__()
        settings = [f"{key}={value}" for key, value in environment.items()]
        enter = ["nsenter", "--mount", "--pid", f"--target={process_id}", "--", "env"]
        self._enter = [*enter, *settings]

    def _command(self, script: str, arguments: tuple[str, ...]) -> list[str]:
        return [*self._enter, *super()._command(script, arguments)]


def missing() -> str | None:
    """Why there can be no systemd of the tests here, or None."""
    if os.geteuid() != 0:
        return f"{UNAVOIDABLE}only root may make the namespaces that a systemd needs"
    if Path("/run/systemd/system").exists():
        return f"{UNAVOIDABLE}this machine has a systemd already, which the tests leave alone"
    programs = [each for each in (SYSTEMD, "unshare", "nsenter") if shutil.which(each) is None]
    if programs:
        return f"not installed: {', '.join(programs)}"
    allowed = subprocess.run(
        ["unshare", "--mount", "--cgroup", "sh", "-c", "mount -t cgroup2 none /srv"],
        capture_output=True,
        check=False,
    )
    if allowed.returncode != 0:
        return f"{UNAVOIDABLE}namespaces and control groups are not allowed"
    return None


@contextmanager
def manager(folder: Path, kind: str) -> Iterator[NamespaceLink]:
    """Start a systemd, `kind` "system" or "user"; `folder`/root is /srv, the home folder, there."""
    units = Path("/srv/.config/systemd/user") if kind == "user" else folder / "units"
    tools = folder / "tools"
    tools.mkdir()
    runtime = {"XDG_RUNTIME_DIR": f"/run/user/{USER_ID}"} if kind == "user" else {}
    common = {**runtime, "HOME": "/srv", "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}"}
    inner = _USER if kind == "user" else _SYSTEM
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ready:
        ready.bind(str(folder / "ready"))
        ready.settimeout(60)
        own = {"NOTIFY_SOCKET": str(folder / "ready"), "FOLDER": str(folder), "UNITS": str(units)}
        with subprocess.Popen(
            ["unshare", "--mount", "sh", "-c", _OUTER],
            env={**os.environ, **common, **own, "INNER": inner},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as process:
            try:
                number = process.stdout.readline().strip()
                while b"READY=1" not in ready.recv(4096):
                    pass
                first = Path(f"/proc/{number}/task/{number}/children").read_text().split()[0]
                yield NamespaceLink(int(first), common)
            finally:
                process.stdin.close()
