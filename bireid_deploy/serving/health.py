"""Routes for whoever watches the service."""

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, PlainTextResponse

from bireid_deploy.serving.galleries import ServedGalleries
from bireid_deploy.serving.metrics import Metrics


def health_routes(galleries: ServedGalleries, metrics: Metrics) -> APIRouter:
    """`/healthz`, `/readyz` and `/metrics`."""
    routes = APIRouter()

    @routes.get("/healthz")
    def healthz() -> dict[str, str]:
        """The process answers."""
        return {"status": "ok"}

    @routes.get("/readyz", response_model=dict[str, str], responses={503: {}})
    def readyz(request: Request) -> JSONResponse:
        """All galleries can be read and what expires is being removed."""
        for name in galleries.names:
            galleries.get(name).stats()
        if not request.app.state.ready():
            return JSONResponse({"status": "what has expired is no longer removed"}, 503)
        return JSONResponse({"status": "ready"})

    @routes.get("/metrics", response_class=PlainTextResponse)
    def counts() -> PlainTextResponse:
        """Counts in Prometheus' text format."""
        entries = {name: galleries.get(name).stats().entries for name in galleries.names}
        return PlainTextResponse(metrics.text(entries))

    return routes
