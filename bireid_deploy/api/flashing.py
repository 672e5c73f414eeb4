"""`flash` as a function."""

from pathlib import Path
from typing import TYPE_CHECKING

from bireid_runtime import Bundle

if TYPE_CHECKING:
    from bireid_deploy.devices.flash import FlashOptions, FlashReport, Reporter


def flash(
    bundle: Path | str,
    target: str,
    options: "FlashOptions | None" = None,
    reporter: "Reporter | None" = None,
) -> "FlashReport":
    """Put a bundle on a device, test and time it there, then make it the current one.

    Args:
        bundle: Bundle.
        target: `ssh://user@host/dir`, `ssh://host/~/dir`, `adb://serial/dir` or `file:///dir`.
        options: What to send and how to time it; None for the defaults. Over adb the program is
            sent whatever the options say.
        reporter: Who is told what is being done; None for nobody.

    Returns:
        What was found there.

    Raises:
        TargetError: The target is malformed.
        BundleError: Not a bundle.
        DeviceUnreachableError, MissingProgramError: It cannot be reached.
        DeviceCheckError, SelfTestError, IntegrityError: It cannot take or run the bundle; the
            version that was current before still is.
        PayloadError: A wheel or the program is not at hand here.
    """
    from dataclasses import replace

    from bireid_deploy.devices import flash as devices
    from bireid_deploy.devices.connect import connect
    from bireid_deploy.devices.target import Target

    parsed, opened = Target.parse(target), Bundle.open(bundle)
    options = options or devices.FlashOptions()
    if parsed.needs_program:
        options = replace(options, program=True)
    with connect(parsed) as link:
        return devices.flash(
            link, parsed.directory, opened, options, reporter or devices.SilentReporter()
        )


def roll_back(target: str, reporter: "Reporter | None" = None) -> "FlashReport":
    """Make the version before the current one on a device current again, after its self-test.

    Args:
        target: As of `flash`.
        reporter: As of `flash`.

    Returns:
        What was found there; nothing is timed.

    Raises:
        TargetError, DeviceUnreachableError, MissingProgramError: As of `flash`.
        DeviceCheckError: There is no version before, or another flash is at work.
        SelfTestError: It fails its self-test; the current one stays.
    """
    from bireid_deploy.devices import flash as devices
    from bireid_deploy.devices.connect import connect
    from bireid_deploy.devices.target import Target

    parsed = Target.parse(target)
    with connect(parsed) as link:
        return devices.roll_back(link, parsed.directory, reporter or devices.SilentReporter())
