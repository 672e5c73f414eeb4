"""Puts a bundle on a device, tests and times it there, and only then makes it the current one."""

import dataclasses
import tempfile
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from bireid_runtime.bundle import Bundle
from bireid_runtime.errors import SelfTestError

from bireid_deploy.devices import service, trial
from bireid_deploy.devices.facts import DeviceFacts
from bireid_deploy.devices.installation import Installation, locked_installation
from bireid_deploy.devices.lean_bundle import lean_files
from bireid_deploy.devices.link import Link
from bireid_deploy.devices.payload import (
    PROGRAM,
    Payload,
    PayloadFile,
    PythonPlatform,
    program_file,
    wheel_files,
)
from bireid_deploy.devices.requirements import ENVIRONMENT_BYTES, check, require
from bireid_deploy.devices.survey import survey
from bireid_deploy.errors import DeviceCheckError


@dataclass(frozen=True)
class FlashOptions:
    """How to flash.

    Attributes:
        offline: The device has no network: send it what Python needs as well.
        program: Send the program `bireid-embed` alone, which needs no Python there.
        service: Also set up a service that answers on a socket, and starts with the device.
        dist: Folder here with the wheels and programs that `make` leaves.
        threads: Threads of the bench.
        runs: Embeddings that the bench times.
    """

    offline: bool = False
    program: bool = False
    service: bool = False
    dist: Path = Path("dist")
    threads: int = 1
    runs: int = 100


class Reporter(Protocol):
    """Whoever tells the person how far it is."""

    def step(self, text: str) -> None:
        """A step begins."""

    def copying(self) -> AbstractContextManager[Callable[[int, int], None]]:
        """Copying begins; yields a function that takes the bytes there and the bytes in all."""


class SilentReporter:
    """Says nothing."""

    def step(self, text: str) -> None:
        """Nothing."""

    def copying(self) -> AbstractContextManager[Callable[[int, int], None]]:
        """Yields a function that says nothing."""
        return nullcontext(lambda done, total: None)


@dataclass(frozen=True)
class FlashReport:
    """What a flash or a roll-back left on the device.

    Attributes:
        device: Its name.
        directory: Absolute path there.
        current: The version that is current now.
        previous: The version that a roll-back would return to, if any.
        copied_bytes: Bytes of the files that had to be copied.
        service: Whether a service was set up or started again.
        self_tests: One for each way that the version can be run.
        benches: Likewise; empty after a roll-back.
    """

    device: str
    directory: str
    current: str
    previous: str | None
    copied_bytes: int
    service: bool
    self_tests: list[trial.SelfTest]
    benches: list[trial.Bench]

    def to_json(self) -> dict[str, Any]:
        """The report for `--json`."""
        return dataclasses.asdict(self)


def flash(
    link: Link, directory: str, bundle: Bundle, options: FlashOptions, reporter: Reporter
) -> FlashReport:
    """Copy a bundle and what runs it to a device, test and time it there, and switch to it.

    A flash that was cut off goes on where it stopped, and one of the same files copies nothing.
    Whatever fails before the switch leaves the version there that was current before; a service
    that then does not answer with the new version gets the old one back.

    Args:
        link: The device.
        directory: Folder of bireid-deploy there, absolute or below the home folder with `~/`.
        bundle: A verified bundle.
        options: How to flash.
        reporter: Hears of every step.

    Raises:
        DeviceCheckError: The device lacks something, a file arrived damaged, another flash is at
            work, or the version does not run.
        SelfTestError: The device computes other embeddings.
        DeviceUnreachableError: The connection cannot be made or broke.
        PayloadError: A wheel or the program is not at hand here.
    """
    # Of what is sent, manifest and checksums are written for the device.
    with tempfile.TemporaryDirectory(prefix="bireid-flash-") as folder:
        return _flash(link, directory, bundle, options, reporter, Path(folder))


def _flash(
    link: Link,
    directory: str,
    bundle: Bundle,
    options: FlashOptions,
    reporter: Reporter,
    folder: Path,
) -> FlashReport:
    reporter.step(f"looking at {link.name}")
    facts = survey(link, directory)
    _require(link, facts, options, 0)
    had_service = service.is_installed(link, facts)
    needs_program = options.program or options.service or had_service
    files = lean_files(bundle, folder)
    payload = _gather(facts, bundle.name, files, options, needs_program, reporter)
    with locked_installation(link, facts.directory) as installation:
        installation.prepare(payload)
        installed = payload.runtime_wheel is None or installation.is_installed(payload.version)
        missing = installation.missing(payload)
        _require(link, facts, options, _needed_bytes(missing, installed))
        _copy(installation, payload, missing, reporter)
        if payload.runtime_wheel is not None and not installed:
            reporter.step("installing the runtime in a virtual environment")
            installation.install(payload.version, payload.runtime_wheel, options.offline)
        self_tests = _self_tests(link, installation, payload.version, reporter)
        benches = _benches(link, installation, payload.version, options, reporter)
        before = installation.version("current")
        reporter.step(f"switching to {payload.version}")
        installation.switch(payload.version)
        if options.service or had_service:
            reporter.step("starting the service")
            start = service.install if options.service else service.restart
            can_go_back = had_service and before not in (None, payload.version)
            _serve(link, facts, installation, start, can_go_back)
        installation.prune()
        return FlashReport(
            device=link.name,
            directory=facts.directory,
            current=payload.version,
            previous=installation.version("previous"),
            copied_bytes=sum(file.size for file in missing),
            service=options.service or had_service,
            self_tests=self_tests,
            benches=benches,
        )


def roll_back(link: Link, directory: str, reporter: Reporter) -> FlashReport:
    """Make the previous version the current one again, and the current one the previous.

    Args:
        link: The device.
        directory: Folder of bireid-deploy there, absolute or below the home folder with `~/`.
        reporter: Hears of every step.

    Raises:
        DeviceCheckError: There is no previous version, or another flash is at work.
        SelfTestError: The previous version fails its self-test; the current one stays.
        DeviceUnreachableError: The connection cannot be made or broke.
    """
    reporter.step(f"looking at {link.name}")
    facts = survey(link, directory)
    _previous(link, Installation(link, facts.directory))  # before a folder is made for the lock
    has_service = service.is_installed(link, facts)
    with locked_installation(link, facts.directory) as installation:
        version = _previous(link, installation)
        self_tests = _self_tests(link, installation, version, reporter)
        if has_service and PROGRAM not in [test.runner for test in self_tests]:
            raise DeviceCheckError(
                f"{link.name}: {version} has no {PROGRAM} for the service to run; flash that "
                "bundle again with --service"
            )
        reporter.step(f"switching to {version}")
        installation.swap()
        if has_service:
            reporter.step("starting the service again")
            _serve(link, facts, installation, service.restart, can_go_back=True)
        return FlashReport(
            device=link.name,
            directory=facts.directory,
            current=version,
            previous=installation.version("previous"),
            copied_bytes=0,
            service=has_service,
            self_tests=self_tests,
            benches=[],
        )


def _previous(link: Link, installation: Installation) -> str:
    version = installation.version("previous")
    if version is None or version == installation.version("current"):
        raise DeviceCheckError(
            f"{link.name}: {installation.directory} has no previous version to go back to"
        )
    return version


def _require(link: Link, facts: DeviceFacts, options: FlashOptions, needed_bytes: int) -> None:
    findings = check(
        facts,
        needs_python=not options.program,
        needs_service=options.service,
        needed_bytes=needed_bytes,
    )
    require(link.name, findings)


def _gather(
    facts: DeviceFacts,
    name: str,
    of_bundle: list[PayloadFile],
    options: FlashOptions,
    needs_program: bool,
    reporter: Reporter,
) -> Payload:
    files = list(of_bundle)
    if needs_program:
        files.append(program_file(options.dist, facts.program_machine))
    if not options.program:
        # _require has seen to it that both are there.
        assert facts.python is not None
        assert facts.glibc is not None
        device = PythonPlatform(facts.userland_machine, facts.python, facts.glibc)
        files += wheel_files(options.dist, device, options.offline, reporter.step)
    return Payload(name, tuple(sorted(files, key=lambda file: file.path)))


def _needed_bytes(missing: list[PayloadFile], installed: bool) -> int:
    return sum(file.size for file in missing) + (0 if installed else ENVIRONMENT_BYTES)


def _copy(
    installation: Installation, payload: Payload, missing: list[PayloadFile], reporter: Reporter
) -> None:
    if missing:
        size = sum(file.size for file in missing)
        reporter.step(f"copying {len(missing)} files, {size / 1e6:.1f} MB")
        with reporter.copying() as on_bytes:
            installation.copy(payload.version, missing, on_bytes)
    reporter.step("checking the hashes there")
    installation.verify(payload)


def _self_tests(
    link: Link, installation: Installation, version: str, reporter: Reporter
) -> list[trial.SelfTest]:
    path = installation.path(version)
    results = []
    for runner in trial.runners_of(link, path):
        reporter.step(f"self-test of {runner}")
        try:
            results.append(trial.self_test(link, path, runner))
        except (SelfTestError, DeviceCheckError):
            installation.distrust(version)
            raise
    return results


def _benches(
    link: Link,
    installation: Installation,
    version: str,
    options: FlashOptions,
    reporter: Reporter,
) -> list[trial.Bench]:
    path = installation.path(version)
    results = []
    for runner in trial.runners_of(link, path):
        reporter.step(f"timing {runner}")
        results.append(trial.bench(link, path, runner, options.threads, options.runs))
    return results


def _serve(
    link: Link,
    facts: DeviceFacts,
    installation: Installation,
    start: Callable[[Link, DeviceFacts], None],
    can_go_back: bool,
) -> None:
    """Have the service run the current version; where it does not, return to the one before."""
    try:
        start(link, facts)
    except DeviceCheckError as error:
        if not can_go_back:
            raise
        installation.swap()
        service.restart(link, facts)
        raise DeviceCheckError(
            f"{error}; the version before is current and served again"
        ) from error
