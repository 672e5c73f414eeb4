"""The folder of bireid-deploy on a device, and every shell script that changes it.

    DIR/.bireid-deploy            says whose folder it is; held while somebody flashes
    DIR/versions/NAME-HASH/       SHA256SUMS, bundle/, wheels/, venv/, bireid-embed
    DIR/versions/NAME-HASH/ready  there once that version has passed its tests
    DIR/current, DIR/previous     links to versions; each changes by one rename

The scripts are POSIX shell and run in dash, in BusyBox, and in Android's mksh with toybox.
"""

import posixpath
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial

from bireid_deploy.devices.link import Completed, Link
from bireid_deploy.devices.payload import HASH_DIGITS, PROGRAM, Payload, PayloadFile
from bireid_deploy.errors import DeviceCheckError

# Seconds after which a device that still answers counts as stuck; an SD card is slow.
_SHORT, _DISK, _INSTALLING = 60, 600, 1800
_FOREIGN = 73

# A folder with other things in it is not ours to fill, and prune must never meet them.
_CLAIM = """
mkdir -p "$1" || exit 1
[ -e "$1/.bireid-deploy" ] || [ -z "$(ls -A "$1")" ] || exit 73
mkdir -p "$1/versions" && : >>"$1/.bireid-deploy"
"""

# The lock is given to a group of commands because mksh hides from commands what `exec` opens.
_LOCK = """
{
  flock -n 9 || { echo busy; exit 75; }
  echo locked
  cat >/dev/null
} 9>>"$1/.bireid-deploy"
"""

_PREPARE = """
mkdir -p "$1" && cd "$1" || exit 1
printf '%s' "$2" >SHA256SUMS.part && mv -f SHA256SUMS.part SHA256SUMS || exit 1
shift 2
mkdir -p "$@"
"""

_HASHES = """
cd "$1" || exit 1
shift
for file; do
  [ ! -f "$file" ] || sha256sum "$file" || exit 1
done
"""

_REMOVE = """
cd "$1" || exit 1
shift
rm -f "$@"
"""

_ALLOW_PROGRAM = '[ ! -f "$1/$2" ] || chmod 755 "$1/$2"'

_IS_INSTALLED = 'cd "$1" && [ -e ready ] && venv/bin/python -I -c "import bireid_runtime"'

_INSTALL = """
cd "$1" && pip=$2 || exit 1
shift 2
rm -f ready && python3 -m venv --clear venv || exit 1
exec venv/bin/python -I -c "$pip" install --quiet --only-binary=:all: "$@"
"""

# Of the device's own settings of pip those count that say where packages come from; one that
# installs elsewhere by default (`user`, `target`, `prefix`, `root`) does not mean this environment.
_PIP = """
import ast, os, subprocess, sys
kept = ("index-url", "extra-index-url", "find-links", "no-index", "trusted-host", "proxy", "cert",
        "client-cert", "timeout", "default-timeout", "retries", "cache-dir", "keyring-provider")
pip = [sys.executable, "-I", "-m", "pip", "--disable-pip-version-check"]
listed = subprocess.run([*pip, "config", "list"], stdout=subprocess.PIPE, universal_newlines=True)
if listed.returncode:
    sys.exit(listed.returncode)
own = {name: value for name, value in os.environ.items() if not name.startswith("PIP_")}
# The later ones win, as in pip itself.
for section in ("global.", "install.", ":env:."):
    for line in listed.stdout.splitlines():
        name, found, value = line.partition("=")
        if found and name.startswith(section) and name[len(section):] in kept:
            own["PIP_" + name[len(section):].upper().replace("-", "_")] = ast.literal_eval(value)
own["PIP_CONFIG_FILE"] = os.devnull
os.execve(sys.executable, [*pip, *sys.argv[1:]], own)
"""

# One rename, by `mv -T`. That of toybox refuses a link to a folder, but its `ln -f` renames.
_POINT = """
point() {
  ln -sfn "$1" ".$2.new" || return
  mv -fT ".$2.new" "$2" && return
  [ -L "$2" ] && ln -sfn "$1" "$2" && rm -f ".$2.new"
}
"""

# All of a version is on the disk before `current` names it.
_SWITCH = f"""{_POINT}
cd "$1" || exit 1
new=versions/$2
old=$(readlink current)
: >"$new/ready" && sync || exit 1
[ "$old" != "$new" ] || exit 0
if [ -n "$old" ]; then
  point "$old" previous || exit 1
fi
point "$new" current && sync
"""

_SWAP = f"""{_POINT}
cd "$1" && old=$(readlink current) && new=$(readlink previous) || exit 1
point "$new" current && point "$old" previous && sync
"""

_READY_VERSION = """
version=$(readlink "$1/$2") && [ -e "$1/$version/ready" ] || exit 0
echo "${version#versions/}"
"""

# Other names are no versions of ours.
_HASH = "[0-9a-f]" * HASH_DIGITS
_PRUNE = f"""
cd "$1" && current=$(readlink current) && [ -e "$current/ready" ] || exit 1
previous=$(readlink previous)
for version in versions/*-{_HASH}; do
  [ "$version" = "$current" ] || [ "$version" = "$previous" ] || rm -rf "$version" || exit 1
done
"""


class Installation:
    """The folder on one device, for as long as the lock in it is held."""

    def __init__(self, link: Link, directory: str) -> None:
        """Call `locked_installation` instead, which takes the lock."""
        self.directory = directory
        self._link = link

    def path(self, version: str) -> str:
        """Absolute path of a version there."""
        return f"{self.directory}/versions/{version}"

    def version(self, name: str) -> str | None:
        """The version that the link `current` or `previous` names, if it is complete."""
        return self._run("cannot be read", _READY_VERSION, self.directory, name).strip() or None

    def prepare(self, payload: Payload) -> None:
        """Make the folders of a version and write its SHA256SUMS."""
        path = self.path(payload.version)
        folders = sorted({posixpath.dirname(file.path) or "." for file in payload.files})
        self._run("cannot be written", _PREPARE, path, payload.checksums, *folders)

    def missing(self, payload: Payload) -> list[PayloadFile]:
        """Files of a payload that are not there, or not as they should be."""
        names = [file.path for file in payload.files]
        path = self.path(payload.version)
        listed = self._run("cannot be read", _HASHES, path, *names, timeout=_DISK)
        present = set(listed.splitlines())
        return [file for file in payload.files if f"{file.sha256}  {file.path}" not in present]

    def copy(
        self, version: str, files: Sequence[PayloadFile], on_bytes: Callable[[int, int], None]
    ) -> None:
        """Copy files into the folder of a version; one that was cut off goes on.

        Args:
            version: A version that is prepared.
            files: What to copy.
            on_bytes: Called with the bytes that are there and the bytes of all `files`.

        Raises:
            DeviceCheckError: The device cannot take a file, for example because its disk is full;
                what had arrived of that file is removed.
        """
        total = sum(file.size for file in files)
        before = 0
        for file in files:
            on_sent = partial(_on_sent, on_bytes, before, total)
            try:
                self._link.send(file.source, f"{self.path(version)}/{file.path}", on_sent)
            except DeviceCheckError:
                self._remove(version, f"{file.path}.part")
                raise
            before += file.size

    def verify(self, payload: Payload) -> None:
        """Check the hash of every file there, and make the program executable.

        Raises:
            DeviceCheckError: A file arrived damaged; it is removed.
        """
        damaged = [file.path for file in self.missing(payload)]
        if damaged:
            self._remove(payload.version, *damaged)
            raise DeviceCheckError(
                f"{self._link.name}: {', '.join(damaged)} arrived damaged and was removed; flash "
                "again, and if that repeats itself, check the memory card"
            )
        self._run("cannot be written", _ALLOW_PROGRAM, self.path(payload.version), PROGRAM)

    def is_installed(self, version: str) -> bool:
        """Whether the virtual environment of a version is complete and still runs."""
        done = self._link.run(_IS_INSTALLED, self.path(version), timeout=_DISK)
        return done.code == 0

    def install(self, version: str, wheel: str, offline: bool) -> None:
        """Make the virtual environment of a version and install the runtime into it.

        Args:
            version: A version whose files are all there.
            wheel: Path of the runtime's wheel in the version.
            offline: Take everything from the version's wheels.

        Raises:
            DeviceCheckError: Python or pip failed there; the message ends with theirs.
        """
        path = self.path(version)
        arguments = [f"{path}/{wheel}"]
        if offline:
            arguments = ["--no-index", f"--find-links={path}/wheels", *arguments]
        done = self._link.run(_INSTALL, path, _PIP, *arguments, timeout=_INSTALLING)
        if done.code != 0:
            remedy = "" if offline else "; without a network there, flash with --offline"
            raise DeviceCheckError(
                f"{self._link.name}: the runtime cannot be installed: {done.last_line()}{remedy}"
            )

    def distrust(self, version: str) -> None:
        """Have the next flash of a version install it anew."""
        self._remove(version, "ready")

    def switch(self, version: str) -> None:
        """Make a version `current`, by one rename, and the one before it `previous`."""
        self._run("cannot be switched", _SWITCH, self.directory, version, timeout=_DISK)

    def swap(self) -> None:
        """Exchange `current` and `previous`, both of which must exist."""
        self._run("cannot be switched", _SWAP, self.directory, timeout=_DISK)

    def prune(self) -> None:
        """Remove every version but `current` and `previous`."""
        self._run("cannot be tidied", _PRUNE, self.directory, timeout=_DISK)

    def _remove(self, version: str, *paths: str) -> None:
        self._run("cannot be tidied", _REMOVE, self.path(version), *paths)

    def _run(self, failure: str, script: str, *arguments: str, timeout: float = _SHORT) -> str:
        done = self._link.run(script, *arguments, timeout=timeout)
        _demand(self._link, done, f"{arguments[0]} {failure}")
        return done.stdout


@contextmanager
def locked_installation(link: Link, directory: str) -> Iterator[Installation]:
    """Make the folder if there is none, and keep every other flash out of it.

    Args:
        link: The device.
        directory: Absolute path there.

    Yields:
        The folder; the lock falls with the context or with the connection.

    Raises:
        DeviceCheckError: The folder cannot be made, holds other things, or another flash is at work
            in it.
        DeviceUnreachableError: The connection broke.
    """
    done = link.run(_CLAIM, directory, timeout=_SHORT)
    if done.code == _FOREIGN:
        raise DeviceCheckError(
            f"{link.name}: {directory} holds other files; name a folder of its own, such as "
            f"{directory}/reid"
        )
    _demand(link, done, f"{directory} cannot be made")
    with link.hold(_LOCK, directory) as state:
        if state == "busy":
            raise DeviceCheckError(
                f"{link.name}: another flash is at work in {directory}; wait until it "
                "ends, or restart the device if it was cut off"
            )
        yield Installation(link, directory)


def _demand(link: Link, done: Completed, failure: str) -> None:
    if done.code != 0:
        raise DeviceCheckError(f"{link.name}: {failure}: {done.last_line()}")


def _on_sent(on_bytes: Callable[[int, int], None], before: int, total: int, sent: int) -> None:
    on_bytes(before + sent, total)
