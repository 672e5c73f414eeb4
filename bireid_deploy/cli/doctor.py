"""`bireid-deploy doctor`."""

import click

from bireid_deploy.cli.console import emit_json, emit_table


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
def command(as_json: bool) -> None:
    """Show versions, CPU features and back ends here, and how to mend what is missing."""
    from bireid_deploy.devices.host import examine_host

    findings = examine_host()
    if as_json:
        emit_json([vars(finding) for finding in findings])
        return
    rows = [(each.name, each.value, "" if each.ok else each.remedy) for each in findings]
    emit_table("This machine", ("what", "found", "to mend it"), rows, text_columns=3)
