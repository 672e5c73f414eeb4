"""Folders that hold a Debian system: made once, beside their place, by debootstrap."""

import fcntl
import hashlib
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

SUITE = "bookworm"
ALTERNATIVES = {"awk": "mawk", "which": "which.debianutils"}
# Written last: what is in a folder, and how many files that is.
STAMP = "versions"


class RootError(Exception):
    """The folder cannot be made here; the message says why."""


def cache_folder(name: str, versions: str) -> Path:
    """Where such a folder is kept between checkouts: one for each list of versions."""
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    key = hashlib.sha256(versions.encode()).hexdigest()[:12]
    return Path(cache) / "bireid-deploy" / "tests" / f"{name}-{key}"


def versions_of(folder: Path) -> str | None:
    """What `replaced` wrote down of the folder; None if there is no whole one.

    A folder that has lost files, as caches do when somebody tidies up, is none.

    Raises:
        RootError: The folder is somebody else's.
    """
    if not folder.exists():
        return None
    stamp = folder / STAMP
    if not stamp.is_file():
        raise RootError(f"{folder} exists and was not made by these tests")
    versions, _, files = stamp.read_text().rpartition("\n")
    return versions if files == str(_files(folder)) else None


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep other processes from making the same folder meanwhile."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_name(f"{folder.name}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextmanager
def replaced(folder: Path, versions: str) -> Iterator[Path]:
    """Yield an empty folder, which at the end takes the place of `folder`; call it `locked`.

    One that is cut off leaves the old folder as it was, and the next one starts again.
    """
    unfinished, outdated = (
        folder.with_name(f"{folder.name}.{state}") for state in ("unfinished", "outdated")
    )
    for rest in (unfinished, outdated):
        if rest.exists():
            shutil.rmtree(rest)
    unfinished.mkdir(parents=True)
    yield unfinished
    (unfinished / STAMP).write_text(f"{versions}\n{_files(unfinished)}")
    if folder.exists():
        os.replace(folder, outdated)
    os.replace(unfinished, folder)
    shutil.rmtree(outdated, ignore_errors=True)


def _files(folder: Path) -> int:
    """How many files it holds, the stamp left out."""
    total = sum(len(files) for _, _, files in os.walk(folder))
    return total - (folder / STAMP).is_file()


def debootstrap(packages: Sequence[str], *options: str) -> list[str]:
    """The command that makes a small system, to be followed by its folder."""
    include = [f"--include={','.join(packages)}"] if packages else []
    return ["debootstrap", "--variant=minbase", *include, *options, SUITE]


def install(debian: Path, packages: Sequence[str], *options: str) -> None:
    """Make a whole system, of this machine's architecture or of one that the kernel starts."""
    # What debootstrap mounts must not outlive it, nor be deleted through: a namespace of its own.
    run("unshare", "--mount", *debootstrap(packages, *options), str(debian))
    shutil.rmtree(debian / "var" / "cache" / "apt" / "archives")


def unpack(debian: Path, packages: Sequence[str], architecture: str) -> None:
    """Make a system of another architecture whose packages are never configured.

    That would take minutes of emulation. Accounts, and commands with alternatives, are written
    here.
    """
    # --foreign stops before the packages are configured, which would need to run them.
    run(*debootstrap(packages, f"--arch={architecture}", "--foreign"), str(debian))
    archives = debian / "var" / "cache" / "apt" / "archives"
    script = (
        'dpkg-deb --fsys-tarfile "$1" | tar --extract --keep-directory-symlink --directory "$2"'
    )
    for package in sorted(archives.glob("*.deb")):
        run("sh", "-c", script, "sh", str(package), str(debian))
    shutil.rmtree(archives)
    masters = debian / "usr" / "share" / "base-passwd"
    for name in ("passwd", "group"):
        shutil.copy(masters / f"{name}.master", debian / "etc" / name)
    for name, program in ALTERNATIVES.items():
        (debian / "usr" / "bin" / name).symlink_to(program)


def write_proc(debian: Path, files: Mapping[str, str]) -> None:
    """Write what /proc tells there, of a machine that is emulated."""
    proc = debian / "proc"
    if proc.is_symlink():
        # To this machine's own, where debootstrap may not mount one.
        proc.unlink()
    for name, text in files.items():
        path = proc / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def require(*tools: str) -> None:
    """See that programs are installed."""
    missing = [tool for tool in tools if shutil.which(tool) is None]
    if missing:
        raise RootError(f"not installed: {', '.join(missing)}")


def run(*command: str) -> None:
    """Run a command that must succeed."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        output = (done.stderr.strip() or done.stdout.strip()).splitlines() or ["no output"]
        raise RootError(f"{' '.join(command[:4])} ... failed: {output[-1]}")
