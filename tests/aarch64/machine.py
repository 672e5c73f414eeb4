"""Emulated ARM machines: each test has one of its own, gone without a trace at the end."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "devices"))

from ssh_server import SSHD, SshServer

CPU = "cortex-a72"  # of a Raspberry Pi 4
SERIAL = "0A1B2C3D4E"

# The kernel unmounts all of this when the last process inside has ended. A ChrootDirectory of sshd
# must be root's, and so must be every folder above it, which holds for /run and not for a checkout.
_ISOLATED = """
mount -t tmpfs -o mode=755 tmpfs /run
mkdir -m 755 /run/sshd /run/changes /run/work /run/machine
mount -t overlay -o "lowerdir=$1,upperdir=/run/changes,workdir=/run/work" overlay /run/machine
shift
exec "$@"
"""

# Commands of Android 12 that are toybox there; of what Debian's toybox lacks, Debian's own.
_TOYBOX = """
[ base64 basename cat chmod chown cksum clear cmp comm cp cut date dd df dirname dmesg du echo egrep
env expand fallocate false fgrep file find flock fmt free fsync getconf grep groups gunzip gzip head
hostname id install kill killall ln log logname ls md5sum mkdir mkfifo mktemp mount mountpoint mv nc
nice nl nohup nproc od paste patch pgrep pidof pkill printenv printf ps pwd readlink realpath
renice rm rmdir sed seq setsid sha1sum sha224sum sha256sum sha512sum sleep sort split stat strings
stty sync tac tail tar taskset tee test time timeout top touch true truncate tty ulimit umount uname
uniq unlink uptime usleep uuidgen wc which whoami xargs xxd yes zcat
"""
_PHONE = """
cd /run/machine
mkdir -p system/bin data/local/tmp
for name in $1; do ln -s /usr/bin/toybox "system/bin/$name"; done
ln -s /usr/bin/diff /usr/bin/expr /usr/bin/tr system/bin
ln -s /usr/bin/mksh system/bin/sh
echo '#!/system/bin/sh' >system/bin/getprop
echo '[ "$1" != ro.product.model ] || echo "Emulated phone"' >>system/bin/getprop
chmod 755 system/bin/getprop
touch system/build.prop
echo 'shell:x:2000:2000::/:/system/bin/sh' >>etc/passwd
echo 'shell:x:2000:' >>etc/group
chown 2000:2000 data/local/tmp
chmod 771 data/local/tmp
echo ready
exec cat
"""


@dataclass(frozen=True)
class EmulatedPi:
    """A Raspberry Pi with Debian: every command there is ARM code.

    Attributes:
        url: `ssh://root@127.0.0.1:port`, to be followed by a folder.
        server: Its sshd; `server.client` is the folder with the `ssh` that knows it.
    """

    url: str
    server: SshServer

    def run(self, script: str) -> str:
        """What a script prints there; a failure of it is an error."""
        ssh = [str(self.server.client / "ssh"), "-p", str(self.server.port), "root@127.0.0.1"]
        done = subprocess.run([*ssh, script], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout


@contextmanager
def raspberry_pi(debian: Path, folder: Path, cpu: str = CPU) -> Iterator[EmulatedPi]:
    """Start sshd with `debian` as the root of every login; keys and settings go to `folder`."""
    # Without a parent nobody would stop it.
    command = ["setpriv", "--pdeathsig", "KILL", *_isolated(debian), SSHD]
    server = SshServer(folder, {"QEMU_CPU": cpu}, command, "ChrootDirectory /run/machine\n")
    try:
        yield EmulatedPi(f"ssh://root@127.0.0.1:{server.port}", server)
    finally:
        server.stop()


@contextmanager
def phone(debian: Path) -> Iterator[dict[str, str]]:
    """Start a phone, and yield the environment in which the stand-in `adb` finds it.

    It has Android's shell and commands, its folders and its user, and no Python.
    """
    command = [*_isolated(debian), "sh", "-euc", _PHONE, "sh", _TOYBOX]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as process:
        assert process.stdout.readline() == "ready\n"
        path = f"{Path(__file__).parent}{os.pathsep}{os.environ['PATH']}"
        yield {"PATH": path, "ADB_STAND_IN": f"{SERIAL}:{process.pid}", "QEMU_CPU": CPU}


def _isolated(debian: Path) -> list[str]:
    """The command that runs another one where `/run/machine` is a copy of `debian`."""
    return ["unshare", "--mount", "sh", "-euc", _ISOLATED, "sh", str(debian)]
