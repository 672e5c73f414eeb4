"""`bireid-deploy flash`."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bireid_deploy.cli.console import emit_json, emit_table, message, progress
from bireid_deploy.cli.paths import require_bundle_path

if TYPE_CHECKING:
    from bireid_deploy.devices.flash import FlashReport


class _Reporter:
    def step(self, text: str) -> None:
        message(text)

    def copying(self) -> AbstractContextManager[Callable[[int, int], None]]:
        return progress("copying")


@click.command()
@click.argument("arguments", nargs=-1, required=True, metavar="[BUNDLE] TARGET")
@click.option("--offline", is_flag=True, help="The device has no network: send NumPy as well.")
@click.option(
    "--program", is_flag=True, help="Send bireid-embed alone: no Python there (adb: always)."
)
@click.option("--service", is_flag=True, help="Also run bireid-embed as a systemd service there.")
@click.option("--rollback", is_flag=True, help="Go back to the previous version; takes no BUNDLE.")
@click.option(
    "--dist",
    default="dist",
    show_default=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder with the wheels and programs that `make` leaves.",
)
@click.option(
    "--threads", default=1, show_default=True, type=click.IntRange(1), help="Of the bench."
)
@click.option(
    "--runs", default=100, show_default=True, type=click.IntRange(1), help="Embeddings to time."
)
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
def command(
    arguments: tuple[str, ...],
    offline: bool,
    program: bool,
    service: bool,
    rollback: bool,
    dist: Path,
    threads: int,
    runs: int,
    as_json: bool,
) -> None:
    """Put BUNDLE on a device, test and time it there, then make it the current one.

    TARGET is ssh://user@host/dir, ssh://host/~/dir, adb://serial/dir or file:///dir. Python is
    installed from the wheels in --dist; without --offline the device fetches NumPy itself. What
    fails before the end leaves the version that was current before. Only what changed is copied,
    and a copy that was cut off goes on.
    """
    if len(arguments) != (1 if rollback else 2):
        raise click.UsageError(
            "flash --rollback takes a TARGET alone" if rollback else "flash takes BUNDLE and TARGET"
        )
    from bireid_deploy import api
    from bireid_deploy.devices.flash import FlashOptions

    if rollback:
        report = api.roll_back(arguments[0], _Reporter())
    else:
        require_bundle_path(Path(arguments[0]))
        options = FlashOptions(offline, program, service, dist, threads, runs)
        report = api.flash(arguments[0], arguments[1], options, _Reporter())
    if as_json:
        emit_json(report.to_json())
    else:
        _print(report)


def _print(report: "FlashReport") -> None:
    for test in report.self_tests:
        cosine = "" if test.min_cosine is None else f", min cosine {test.min_cosine:.6f}"
        click.echo(
            f"{test.runner}: self-test passed, {test.engine}, max difference "
            f"{test.max_difference:.2g}{cosine}"
        )
    if report.benches:
        rows = [
            (
                bench.runner,
                bench.engine,
                f"{bench.load_ms:.1f}",
                f"{bench.first_ms:.2f}",
                f"{bench.median_ms:.2f}",
                f"{bench.p10_ms:.2f}-{bench.p90_ms:.2f}",
                "-" if bench.peak_rss_bytes is None else f"{bench.peak_rss_bytes / 1e6:.0f}",
            )
            for bench in report.benches
        ]
        threads = report.benches[0].threads
        times = ("load ms", "first ms", "median ms", "p10-p90")
        columns = ("run by", "engine", *times, "peak MB")
        title = f"{report.current}, {threads} thread(s), batch 1, {report.device}"
        emit_table(title, columns, rows, text_columns=2)
    message(f"{report.device}: {report.directory}/current is {report.current}")
