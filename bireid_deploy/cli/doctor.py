"""`bireid-deploy doctor`."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from bireid_deploy.cli.console import emit_json, emit_lines, emit_table
from bireid_deploy.devices.this_machine import circumstances

if TYPE_CHECKING:
    from bireid_deploy.devices.finding import Finding

# A bundle and `bireid-embed`.
_FILES_BYTES = 10_000_000


@click.command()
@click.argument("target", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
def command(target: str | None, as_json: bool) -> None:
    """Show what this machine or a device can run, and how to mend what is missing.

    TARGET is that of `flash`: ssh://user@host/dir, adb://serial/dir or file:///dir. Without it:
    versions, CPU features and back ends here. Exit code 3 if a device cannot take a bundle.
    """
    if target is not None:
        _examine_device(target, as_json)
        return
    from bireid_deploy.devices.host import examine_host, verdict

    findings = examine_host()
    _emit("This machine", findings, verdict(findings), as_json)


def _examine_device(text: str, as_json: bool) -> None:
    from bireid_deploy.devices.connect import connect
    from bireid_deploy.devices.requirements import ENVIRONMENT_BYTES, check, require
    from bireid_deploy.devices.survey import survey
    from bireid_deploy.devices.target import Target

    target = Target.parse(text)
    needs_python = not target.needs_program
    with connect(target) as link:
        facts = survey(link, target.directory)
        device = link.name
    findings = check(
        facts,
        needs_python=needs_python,
        needs_service=False,
        needed_bytes=_FILES_BYTES + (ENVIRONMENT_BYTES if needs_python else 0),
    )
    missing = ", ".join(each.name for each in findings if not each.ok)
    said = f"{device} can take a bundle: bireid-deploy flash BUNDLE {text}"
    if missing:
        said = f"{device} cannot take a bundle yet; to mend: {missing}"
    _emit(device, findings, said, as_json)
    require(device, findings)


def _emit(title: str, findings: "Sequence[Finding]", verdict: str, as_json: bool) -> None:
    if as_json:
        found = [vars(finding) for finding in findings]
        emit_json({**circumstances(), "verdict": verdict, "findings": found})
        return
    rows = [(each.name, each.value, "" if each.ok else each.remedy) for each in findings]
    emit_table(title, ("what", "found", "to mend it"), rows, text_columns=3)
    emit_lines([verdict])
