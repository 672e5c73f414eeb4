"""Optional packages: which belong to which extra, and the one line that installs what is missing.

The metadata of the installation is the only list: `pyproject.toml` wrote it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import metadata

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from bireid_deploy.errors import MissingPackageError

DISTRIBUTION = "bireid-deploy"
# Extras of the people who use it; `test` is for those who work on it.
EXTRAS: tuple[str, ...] = ("train", "figures", "coco", "points", "video", "server", "scale")
EXTRAS += ("serve", "peers", "vela", "qonnx")


def require(extra: str) -> None:
    """See that the packages of an extra are installed; none is imported.

    Args:
        extra: One of `EXTRAS`.

    Raises:
        MissingPackageError: Some are not; the message names them and the line that installs them.
    """
    missing = [name for name in packages(extra) if not is_installed(name)]
    if missing:
        raise _missing(missing, extra)


@contextmanager
def explained() -> Iterator[None]:
    """Turn the failed import of a package that an extra brings into its named error.

    Raises:
        MissingPackageError: Such a package is missing; other failures pass as they are.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        missing = explain(error)
        if missing is None:
            raise
        raise missing from error


def explain(error: ModuleNotFoundError) -> MissingPackageError | None:
    """What a failed import means if the module belongs to an extra; None if it is a bug."""
    module = (error.name or "").partition(".")[0]
    name = canonicalize_name(module)
    extra = next((each for each in EXTRAS if name in packages(each)), None)
    return None if extra is None else _missing([name], extra)


def packages(extra: str | None = None) -> tuple[str, ...]:
    """Names of the packages that an extra adds, or without one those that are always there.

    Raises:
        MissingPackageError: bireid-deploy itself is not installed, only its files are there.
    """
    try:
        lines = metadata.requires(DISTRIBUTION) or []
    except metadata.PackageNotFoundError as error:
        raise MissingPackageError(
            f"{DISTRIBUTION} has no metadata here; install it: pip install {DISTRIBUTION}"
        ) from error
    requirements = [Requirement(line) for line in lines]
    always = [each.name for each in requirements if each.marker is None]
    if extra is None:
        return tuple(always)
    return tuple(
        each.name
        for each in requirements
        if each.marker is not None
        and each.marker.evaluate({"extra": extra})
        and each.name not in (*always, DISTRIBUTION)
    )


def is_installed(name: str) -> bool:
    """Whether a package is installed, by its metadata."""
    try:
        metadata.version(name)
    except metadata.PackageNotFoundError:
        return False
    return True


def install_command(extra: str) -> str:
    """The line that installs an extra."""
    return f'pip install "{DISTRIBUTION}[{extra}]"'


def _missing(names: list[str], extra: str) -> MissingPackageError:
    verb = "is" if len(names) == 1 else "are"
    return MissingPackageError(f"{', '.join(names)} {verb} not installed: {install_command(extra)}")
