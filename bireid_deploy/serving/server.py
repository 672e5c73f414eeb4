"""Running the application until it is told to end."""

from collections.abc import Callable

import uvicorn
from fastapi import FastAPI

from bireid_deploy.serving.settings import Settings

_DRAIN_SECONDS = 30


def run_server(app: FastAPI, settings: Settings, on_ready: Callable[[str], None]) -> None:
    """Answer requests until SIGTERM or Ctrl-C; those in work are finished first.

    Args:
        app: The application.
        settings: Where to listen.
        on_ready: Told the address when it listens.

    Raises:
        OSError: The address is taken.
    """
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        log_level="warning",
        server_header=False,
        timeout_keep_alive=10,
        timeout_graceful_shutdown=_DRAIN_SECONDS,
    )
    listener = config.bind_socket()
    # Who connects when told so, before the server accepts, waits and is not refused.
    listener.listen(config.backlog)
    host, port = listener.getsockname()[:2]
    server = uvicorn.Server(config)
    on_ready(f"http://{f'[{host}]' if ':' in host else host}:{port}")
    try:
        server.run(sockets=[listener])
    except KeyboardInterrupt:
        # Uvicorn raises the signal again once all is drained: the end that was asked for.
        if not server.should_exit:
            raise
    finally:
        listener.close()
