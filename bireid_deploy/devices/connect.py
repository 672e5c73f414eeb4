"""From a target to a connection."""

from collections.abc import Iterator
from contextlib import contextmanager

from bireid_deploy.devices.adb_link import AdbLink
from bireid_deploy.devices.link import Link
from bireid_deploy.devices.local_link import LocalLink
from bireid_deploy.devices.ssh_link import SshLink
from bireid_deploy.devices.target import Target


@contextmanager
def connect(target: Target) -> Iterator[Link]:
    """Connect to a device for as long as the context lasts.

    Raises:
        DeviceUnreachableError: It does not answer or refuses the login.
        MissingProgramError: ssh or adb is not installed.
    """
    link = _open(target)
    try:
        yield link
    finally:
        link.close()


def _open(target: Target) -> Link:
    if target.scheme == "ssh":
        return SshLink(target)
    if target.scheme == "adb":
        return AdbLink(target)
    return LocalLink()
