"""Members from the variables that Slurm gives to every task of a step."""

import re
from collections.abc import Iterator, Mapping

from bireid_runtime.errors import ArgumentError

from bireid_deploy.training.workers.members import MOST, Members

FIRST_PORT = "BIREID_FIRST_PORT"
"""Variable that names the port of the first task of every node, for who wants another."""

_FIRST_PORT = 20000
_PORTS = 10000
"""Ports are drawn from these by the number of the job: below those that Linux gives to clients."""
_LOWEST, _HIGHEST = 1024, 65535

_COUNT = re.compile(r"([0-9]{1,5})(?:\(x([0-9]{1,5})\))?")
_NODE = re.compile(r"(?:[^\[\],\s]|\[[0-9,-]+\])+")
_RANGE = re.compile(r"([0-9]{1,9})(?:-([0-9]{1,9}))?")


def from_slurm(environment: Mapping[str, str]) -> Members:
    """Every task that `srun` started is a member; tasks count in blocks, as Slurm does by itself.

    Port of a task: a first one + its number on its node. The first one is what the variable
    `BIREID_FIRST_PORT` says, 1024 or more; without it 20000 + (job modulo 10000 // n) * n, n being
    the most tasks of a node, so that the next jobs have other ports.

    Raises:
        ArgumentError: A variable is missing or malformed, or tasks do not count in blocks.
    """
    nodes = expand_nodes(_value(environment, "SLURM_STEP_NODELIST", "SLURM_JOB_NODELIST"))
    counts = expand_counts(_value(environment, "SLURM_STEP_TASKS_PER_NODE", "SLURM_TASKS_PER_NODE"))
    rank, job = _number(environment, "SLURM_PROCID"), _number(environment, "SLURM_JOB_ID")
    if len(nodes) != len(counts):
        raise ArgumentError(f"Slurm names {len(nodes)} nodes and tasks for {len(counts)}")
    places = [(node, local) for node, count in enumerate(counts) for local in range(count)]
    if rank >= len(places):
        raise ArgumentError(f"Slurm's SLURM_PROCID is {rank}, of {len(places)} tasks from 0")
    here = _number(environment, "SLURM_NODEID"), _number(environment, "SLURM_LOCALID")
    if places[rank] != here:
        raise ArgumentError(
            "Slurm's tasks do not count node by node; start them with srun --distribution=block"
        )
    first = _first_port(environment, job, max(counts))
    return Members(tuple(f"{nodes[node]}:{first + local}" for node, local in places), rank)


def _first_port(environment: Mapping[str, str], job: int, tasks: int) -> int:
    if not environment.get(FIRST_PORT):
        return _FIRST_PORT + job % (_PORTS // tasks) * tasks
    text, last = environment[FIRST_PORT], _HIGHEST - tasks + 1
    if not re.fullmatch(r"[0-9]{1,5}", text) or not _LOWEST <= int(text) <= last:
        raise ArgumentError(
            f"{FIRST_PORT} is {text[:40]!r}; for {tasks} tasks on a node it must be in "
            f"{_LOWEST}..{last}"
        )
    return int(text)


def expand_counts(text: str) -> list[int]:
    """Numbers such as `2(x3),1`: 2, 2, 2, 1.

    Raises:
        ArgumentError: Something else.
    """
    counts: list[int] = []
    for part in text.split(","):
        found = _COUNT.fullmatch(part)
        if found is None or len(counts) + int(found[2] or 1) > MOST:
            raise ArgumentError(f"Slurm's tasks per node are {text[:100]!r}, which cannot be read")
        counts += [int(found[1])] * int(found[2] or 1)
    if sum(counts) > MOST:
        raise ArgumentError(f"Slurm starts {sum(counts)} tasks; there may be {MOST}")
    return counts


def expand_nodes(text: str) -> list[str]:
    """Names such as `node[01-03,7],gpu1`: node01, node02, node03, node7, gpu1.

    Raises:
        ArgumentError: Something else, or more than 1,024.
    """
    parts = _NODE.findall(text)
    if not parts or ",".join(parts) != text:
        raise ArgumentError(f"Slurm's list of nodes is {text[:100]!r}, which cannot be read")
    names: list[str] = []
    for part in parts:
        for name in _expanded(part):
            names.append(name)
            if len(names) > MOST:
                raise ArgumentError(f"Slurm names more than {MOST} nodes")
    return names


def _expanded(part: str) -> Iterator[str]:
    head, opened, rest = part.partition("[")
    if not opened:
        yield head
        return
    inside, _, tail = rest.partition("]")
    for each in inside.split(","):
        found = _RANGE.fullmatch(each)
        if found is None:
            raise ArgumentError(f"Slurm's list of nodes has {each[:40]!r}, which is no range")
        for number in range(int(found[1]), int(found[2] or found[1]) + 1):
            # Zeros in front are part of the name.
            middle = f"{head}{number:0{len(found[1])}}"
            yield from (middle + end for end in _expanded(tail))


def _value(environment: Mapping[str, str], *names: str) -> str:
    for name in names:
        if environment.get(name):
            return environment[name]
    raise ArgumentError(
        f"--workers slurm needs the variable {names[0]}; start the training with srun"
    )


def _number(environment: Mapping[str, str], name: str) -> int:
    text = _value(environment, name)
    if not re.fullmatch(r"[0-9]{1,10}", text):
        raise ArgumentError(f"Slurm's {name} is {text[:40]!r}, which is no number")
    return int(text)
