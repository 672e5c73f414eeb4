"""What a command prints on a terminal of so many columns."""

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios


def printed(columns, *arguments, stream="stdout", code=0):
    """The lines that `bireid-deploy ARGUMENTS` writes to its terminal, without colours.

    `stream` is what the terminal gets, `code` the exit code that is expected.
    """
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    environment = {key: os.environ[key] for key in os.environ.keys() - {"COLUMNS", "LINES"}}
    command = [sys.executable, "-m", "bireid_deploy", *map(str, arguments)]
    to = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, stream: theirs}
    with subprocess.Popen(command, **to, env=environment) as process:
        os.close(theirs)
        with os.fdopen(ours, "rb", buffering=0) as terminal:
            said = b"".join(_pieces(terminal))
    assert process.returncode == code
    return re.sub(r"\x1b\[[\d;]*m", "", said.decode()).splitlines()


def _pieces(terminal):
    # The end of the other side is an error of input on Linux.
    try:
        while piece := terminal.read(65536):
            yield piece
    except OSError:
        return
