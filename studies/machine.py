"""The machine that a benchmark ran on."""

import platform

from bireid_deploy.devices.this_machine import cpu_name


def machine_name() -> str:
    """Return the architecture and, where the kernel tells it, the name of the processor."""
    return ", ".join(dict.fromkeys((platform.machine(), cpu_name())))
