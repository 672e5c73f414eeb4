"""`serve` as a function."""

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from pathlib import Path

from bireid_runtime import Bundle

from bireid_deploy import extras
from bireid_deploy.api.training import Quiet


def serve(
    galleries: Sequence[str],
    bundle: Path | str,
    *,
    host: str = "127.0.0.1",
    port: int = 8000,
    api_key_file: Path | None = None,
    max_bytes: int = 8 * 2**20,
    max_pixels: int = 25_000_000,
    fpir: float = 0.01,
    keep_crops: bool = False,
    backend: str = "auto",
    threads: int = 1,
    on_ready: Callable[[str], None] = lambda address: None,
    quiet: Quiet = nullcontext,
) -> None:
    """Answer over HTTP who is on an image, until SIGTERM or Ctrl-C.

    Args:
        galleries: `PATH` or `NAME=PATH` of each.
        bundle: The bundle whose embeddings they hold.
        host: Address to listen on.
        port: Port, 0 for a free one.
        api_key_file: File whose first line is the key that every request must carry.
        max_bytes: Largest body of a request.
        max_pixels: Largest image.
        fpir: Share of strangers that may be taken for anybody of a gallery.
        keep_crops: Keep a small JPEG of what is enrolled in the gallery.
        backend: Back end that runs the bundle.
        threads: Threads of that back end.
        on_ready: Told the address.
        quiet: Wraps what native libraries write while they start.

    Raises:
        MissingPackageError: The extra `serve` is not installed.
        ArgumentError: An address that others reach without a key, or a bad name or number.
        FingerprintError: A gallery holds embeddings of another network.
        BireidError: The bundle or a gallery cannot be opened.
        OSError: The key cannot be read, or the address is taken.
    """
    extras.require("serve")
    from bireid_deploy.serving.app import make_app
    from bireid_deploy.serving.embedder import Embedder
    from bireid_deploy.serving.galleries import ServedGalleries
    from bireid_deploy.serving.server import run_server
    from bireid_deploy.serving.settings import Settings, read_key

    settings = Settings(
        host=host,
        port=port,
        api_key=None if api_key_file is None else read_key(api_key_file),
        max_bytes=max_bytes,
        max_pixels=max_pixels,
        fpir=fpir,
        keep_crops=keep_crops,
    )
    with quiet():
        opened = Bundle.open(bundle)
        embedder = Embedder(opened, threads, max_pixels, backend)
    served = ServedGalleries(galleries, embedder.fingerprint)
    try:
        run_server(make_app(embedder, served, settings), settings, on_ready)
    finally:
        served.close()
