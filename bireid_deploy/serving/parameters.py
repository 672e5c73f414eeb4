"""Parameters and errors that several routes have."""

from typing import Annotated, Any, Literal

from fastapi import Path, Query

from bireid_deploy.serving.answers import Problem

Errors = dict[int | str, dict[str, Any]]

ERRORS: Errors = {
    status: {"description": text, "model": Problem}
    for status, text in (
        (400, "A bad argument, or no image"),
        (401, "The key is missing"),
        (403, "Another host or origin"),
        (404, "Nothing of that name"),
        (408, "The body took too long"),
        (409, "The gallery cannot do that now"),
        (413, "The body is too large"),
        (503, "Too many requests at once"),
    )
}

GalleryName = Annotated[str | None, Query(min_length=1, max_length=64)]
Label = Annotated[str, Path(min_length=1, max_length=200)]
By = Annotated[
    Literal["label", "number"] | None,
    Query(description="What the person is given by; else a label goes before a number."),
]
EntryNumber = Annotated[int, Path(ge=1, le=2**63 - 1)]
Limit = Annotated[int, Query(ge=1, le=10000)]
