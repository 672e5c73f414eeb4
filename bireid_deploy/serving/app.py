"""The application: state, errors and the routes put together."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from bireid_runtime.errors import ArgumentError, BireidError, ImageError
from bireid_runtime.gallery import GalleryError
from fastapi import FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse

from bireid_deploy import __version__
from bireid_deploy.serving.embedder import Embedder
from bireid_deploy.serving.entries import entry_routes
from bireid_deploy.serving.galleries import NotFoundError, ServedGalleries
from bireid_deploy.serving.guard import Guard
from bireid_deploy.serving.health import health_routes
from bireid_deploy.serving.metrics import Metrics
from bireid_deploy.serving.page import page_routes
from bireid_deploy.serving.people import people_routes
from bireid_deploy.serving.search import search_routes
from bireid_deploy.serving.settings import Settings

_STATUS: tuple[tuple[type[BireidError], int], ...] = (
    (NotFoundError, 404),
    (ImageError, 400),
    (ArgumentError, 400),
    (GalleryError, 409),
)


def make_app(embedder: Embedder, galleries: ServedGalleries, settings: Settings) -> FastAPI:
    """The service as an ASGI application; it closes the galleries when it ends.

    `/docs` of FastAPI is left out: it loads scripts from elsewhere.
    """
    metrics = Metrics()

    @asynccontextmanager
    async def life(app: FastAPI) -> AsyncIterator[None]:
        sweeping = asyncio.create_task(_sweep(galleries, settings.sweep_seconds))
        app.state.ready = lambda: not sweeping.done()
        try:
            yield
        finally:
            sweeping.cancel()
            with suppress(asyncio.CancelledError):
                await sweeping
            galleries.close()

    app = FastAPI(
        title="bireid-deploy", version=__version__, docs_url=None, redoc_url=None, lifespan=life
    )
    app.include_router(health_routes(galleries, metrics))
    app.include_router(search_routes(embedder, galleries, settings))
    app.include_router(people_routes(galleries))
    app.include_router(entry_routes(galleries, settings))
    app.include_router(page_routes())
    app.add_middleware(Guard, settings=settings, metrics=metrics)
    app.add_exception_handler(BireidError, _explain)
    return app


async def _sweep(galleries: ServedGalleries, seconds: float) -> None:
    """Remove what has expired, again and again; a failure ends it, and `/readyz` says so."""
    while True:
        await asyncio.sleep(seconds)
        await run_in_threadpool(galleries.sweep)


async def _explain(request: Request, error: Exception) -> JSONResponse:
    status = next((code for kind, code in _STATUS if isinstance(error, kind)), 500)
    return JSONResponse({"detail": str(error)}, status)
