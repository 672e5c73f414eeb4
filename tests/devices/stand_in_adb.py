"""A program that takes the place of `adb`: its one device is this machine."""

import shlex
from pathlib import Path

from ssh_server import write_program

_ADB = """#!/bin/sh
[ "$1" = -s ] && [ "$2" = {serial} ] || {{ echo "adb: device '$2' not found" >&2; exit 1; }}
shift 2
if [ -e {fault} ]; then . {fault}; fi
case $1 in
shell)
    [ "$2" = -T ] || exit 64
    exec sh -c "$3";;
push)
    cp "$2" "$3" 2>/dev/null || {{ echo "adb: error: failed to copy '$2' to '$3'" >&2; exit 1; }};;
*)
    exit 64;;
esac
"""


class StandInAdb:
    """An `adb` with one device attached.

    Attributes:
        folder: Put this first in PATH.
        serial: Of the device.
    """

    def __init__(self, folder: Path) -> None:
        """Write the program to a new folder."""
        self.folder = folder
        self.serial = "R58M123ABC"
        self._fault = folder / "fault"
        folder.mkdir()
        fault = shlex.quote(str(self._fault))
        write_program(folder / "adb", _ADB.format(serial=self.serial, fault=fault))

    def break_with(self, script: str) -> None:
        """From now on run this piece of shell script first; `$1` is `shell` or `push`."""
        self._fault.write_text(script)
