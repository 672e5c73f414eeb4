"""Bundles and galleries as arguments, with what to type when they are of something else."""

from pathlib import Path
from typing import Any

import click
from bireid_runtime.bundle_files import MANIFEST_NAME
from bireid_runtime.errors import BundleError
from bireid_runtime.suggestions import nearest

from bireid_deploy.gallery_server.location import is_server, read_location

_RUN_RECORD = "run.json"


class BundlePath(click.Path):
    """A path where a bundle is expected; a training run is refused by what makes a bundle of it."""

    def __init__(self, exists: bool = False) -> None:
        super().__init__(exists=exists, path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The path.

        Raises:
            BundleError: It is a training run, or nothing is there and something of a like name is.
        """
        require_bundle_path(Path(value))
        return super().convert(value, param, ctx)


class ModelPath(click.Path):
    """A path where a run, a bundle or a file of outputs is expected, or the name of a baseline."""

    def __init__(self) -> None:
        super().__init__(path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The path.

        Raises:
            BundleError: Nothing is there, and something of a like name is.
        """
        from bireid_deploy.tasks import TASKS

        if not any(str(value) in task.baselines for task in TASKS.values()):
            _require_no_slip(Path(value))
        return super().convert(value, param, ctx)


class GalleryLocation(click.ParamType):
    """Where a gallery is: a `Path`, or a URL of a server as it is, a str."""

    name = "gallery"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Path | str:
        """The location.

        Raises:
            ArgumentError: A URL that cannot be one.
        """
        if not is_server(value):
            return Path(value)
        read_location(value)
        return str(value)


def require_bundle_path(path: Path) -> None:
    """Refuse a training run, and a name that is nearly that of something beside it.

    Raises:
        BundleError: It is such a path; the message says what to type instead.
    """
    if (path / _RUN_RECORD).is_file() and not (path / MANIFEST_NAME).exists():
        raise BundleError(
            f"{path}: not a bundle but a training run; make one of it: "
            f"bireid-deploy convert {path} -o BUNDLE"
        )
    _require_no_slip(path)


def _require_no_slip(path: Path) -> None:
    if not path.exists() and (meant := _sibling(path)) is not None:
        raise BundleError(f"{path} does not exist; did you mean {meant}?")


def _sibling(path: Path) -> Path | None:
    """What lies beside a path that does not exist and has nearly its name; None if nothing does."""
    folder = path.parent
    if not folder.is_dir():
        return None
    meant = nearest(path.name, sorted(each.name for each in folder.iterdir()))
    return None if meant is None else folder / meant
