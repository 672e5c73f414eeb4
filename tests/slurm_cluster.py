"""A real Slurm of a test: its daemons, and one node, this machine."""

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from free_ports import free_ports
from skips import skip_unavoidably

_DAEMONS = ("munged", "slurmctld", "slurmd")
_PATIENCE = 120.0

# Without accounting, control groups and an MPI: what is tested is who is started with what.
_SETTINGS = """
ClusterName=test
SlurmctldHost=localhost
SlurmctldPort={ports[0]}
SlurmdPort={ports[1]}
SlurmUser=root
AuthInfo=socket={folder}/munge.sock
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerType=sched/builtin
SchedulerParameters=batch_sched_delay=0,sched_min_interval=0
MpiDefault=none
SlurmdParameters=config_overrides
NodeName=localhost NodeAddr=127.0.0.1 CPUs=2
PartitionName=all Nodes=ALL Default=YES
"""


@dataclass(frozen=True)
class Slurm:
    """A running cluster of one node with two CPUs.

    Attributes:
        folder: Its files.
    """

    folder: Path

    @property
    def environment(self) -> dict[str, str]:
        """What its commands need."""
        return {**os.environ, "SLURM_CONF": str(self.folder / "slurm.conf")}

    def start(self, *command: Any, **more: Any) -> subprocess.Popen[str]:
        """Start one of Slurm's commands."""
        return subprocess.Popen(
            list(map(str, command)),
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            **more,
        )

    def run(self, *command: Any, **more: Any) -> str:
        """What it prints; it must succeed."""
        process = self.start(*command, **more)
        try:
            out, err = process.communicate(timeout=120)
        finally:
            process.kill()
        assert process.returncode == 0, f"{command}: {out}{err}"
        return out


@contextlib.contextmanager
def slurm() -> Iterator[Slurm]:
    """Start the daemons, and stop them."""
    missing = [each for each in (*_DAEMONS, "srun", "sbatch") if shutil.which(each) is None]
    if missing:
        pytest.skip(
            f"{missing[0]} is missing (apt-get install munge slurmctld slurmd slurm-client)"
        )
    if os.geteuid() != 0:
        skip_unavoidably("Slurm's daemons want to be root")
    # Sockets' paths have 107 bytes at most.
    with tempfile.TemporaryDirectory(prefix="slurm", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        key = folder / "munge.key"
        key.write_bytes(os.urandom(1024))
        key.chmod(0o400)
        for each in ("state", "spool"):
            (folder / each).mkdir()
        settings = _SETTINGS.format(folder=folder, ports=free_ports(2))
        (folder / "slurm.conf").write_text(settings)
        files = {"socket": "munge.sock", "pid-file": "munged.pid", "log-file": "munged.log",
                 "seed-file": "munge.seed", "key-file": "munge.key"}  # fmt: skip
        cluster = Slurm(folder)
        try:
            # A folder below /tmp is not what it would have by itself, hence --force.
            cluster.run("munged", "--force", *(f"--{k}={folder / v}" for k, v in files.items()))
            cluster.run("slurmctld")
            cluster.run("slurmd", "-N", "localhost")
            wait_until(lambda: cluster.run("sinfo", "--noheader", "--format=%T") == "idle\n")
            try:
                yield cluster
            finally:
                # Nothing of a test that failed goes on without an owner.
                cluster.run("scancel", "--signal=KILL", "--user=root")
                wait_until(lambda: not cluster.run("squeue", "--noheader"))
        finally:
            _stop(folder)


def wait_until(condition: Callable[[], bool]) -> None:
    """Ask until it is so, which must not take longer than two minutes."""
    deadline = time.monotonic() + _PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _stop(folder: Path) -> None:
    """End the daemons at once, the last one first: there is no state to keep."""
    for each in reversed(_DAEMONS):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            os.kill(int((folder / f"{each}.pid").read_text()), signal.SIGKILL)
