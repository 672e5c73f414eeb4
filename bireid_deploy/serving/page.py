"""The page: files by hand that the browser gets from here, and nothing from elsewhere."""

from importlib.resources import files

from fastapi import APIRouter, HTTPException, Response

_TYPES = {
    "index.html": "text/html; charset=utf-8",
    "page.css": "text/css; charset=utf-8",
    "icon.svg": "image/svg+xml",
    **{
        f"{name}.js": "text/javascript; charset=utf-8"
        for name in (
            *("elements", "page", "people", "rates", "search", "service", "timeline", "undo"),
        )
    },
}
# A browser cannot send a key with the address that somebody types, and these hold no data.
OPEN = ("/", *(f"/page/{name}" for name in _TYPES))


def page_routes() -> APIRouter:
    """`/`, and what it loads below `/page`."""
    routes = APIRouter(include_in_schema=False)
    folder = files(__package__) / "static"
    contents = {name: (folder / name).read_bytes() for name in _TYPES}

    @routes.get("/")
    def page() -> Response:
        """The document."""
        return Response(contents["index.html"], media_type=_TYPES["index.html"])

    @routes.get("/page/{name}")
    def part(name: str) -> Response:
        """A file that the document loads."""
        if name not in contents:
            raise HTTPException(404)
        return Response(contents[name], media_type=_TYPES[name])

    return routes
