"""What is said of a bundle that was just made."""

from bireid_runtime import Bundle
from bireid_runtime.backends import BACKENDS

from bireid_deploy.cli.console import message


def say_files(bundle: Bundle) -> None:
    """The size of every file; and whether no engine of the runtime opens one."""
    for entry, size in file_sizes(bundle).items():
        message(f"{bundle.file(entry).name}: {size / 1e6:.2f} MB")
    if all(backend.format_in(bundle) is None for backend in BACKENDS):
        wanted = dict.fromkeys(name for backend in BACKENDS for name in backend.formats)
        message(
            "no engine of the runtime opens a file of this bundle, so `embed`, `bench` and others "
            f"will not; they want the format {' or '.join(wanted)}"
        )


def file_sizes(bundle: Bundle) -> dict[str, int]:
    """Bytes of its files by format."""
    return {name: bundle.file(name).stat().st_size for name in bundle.formats}
