"""Routes about what galleries hold: to list, name, move and forget."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query

from bireid_deploy.serving.answers import (
    Change,
    Entry,
    Listed,
    Naming,
    Person,
    Removed,
)
from bireid_deploy.serving.galleries import ServedGalleries, entry_of, person_number

_ERRORS: dict[int | str, dict[str, Any]] = {
    status: {"description": text}
    for status, text in (
        (400, "A bad argument"),
        (404, "Nothing of that name"),
        (409, "The gallery cannot do that now"),
    )
}

_Gallery = Annotated[str | None, Query(min_length=1, max_length=64)]
_Label = Annotated[str, Path(min_length=1, max_length=200)]
_Number = Annotated[int, Path(ge=1, le=2**63 - 1)]


def people_routes(galleries: ServedGalleries) -> APIRouter:
    """`/v1/galleries`, `/v1/people` and `/v1/entries`."""
    routes = APIRouter(prefix="/v1", responses=_ERRORS)

    @routes.get("/galleries")
    def list_galleries() -> list[Listed]:
        """The galleries and what they hold."""
        return [Listed(name=name, stats=galleries.get(name).stats()) for name in galleries.names]

    @routes.get("/people")
    def people(gallery: _Gallery = None) -> list[Person]:
        """All people of a gallery, with counts."""
        return galleries.get(gallery).people()

    @routes.get("/people/{person}/entries")
    def timeline(
        person: _Label,
        gallery: _Gallery = None,
        limit: Annotated[int, Query(ge=1, le=10000)] = 1000,
    ) -> list[Entry]:
        """Where and when a person was seen, the latest first."""
        store = galleries.get(gallery)
        return store.entries(person=person_number(store, person), limit=limit)

    @routes.patch("/people/{person}")
    def name(person: _Label, change: Naming, gallery: _Gallery = None) -> Naming:
        """Call a person something else."""
        store = galleries.get(gallery)
        store.name(person_number(store, person), change.label)
        return change

    @routes.delete("/people/{person}")
    def forget(person: _Label, gallery: _Gallery = None) -> Removed:
        """Remove a person and all entries for good."""
        store = galleries.get(gallery)
        return Removed(removed=store.remove(person=person_number(store, person)))

    @routes.get("/entries/{entry}")
    def show(entry: _Number, gallery: _Gallery = None) -> Entry:
        """One entry."""
        return entry_of(galleries.get(gallery), entry)

    @routes.patch("/entries/{entry}")
    def move(entry: _Number, change: Change, gallery: _Gallery = None) -> Entry:
        """Not this person: make an entry that of another one, or of a new one without a label."""
        store = galleries.get(gallery)
        entry_of(store, entry)
        store.split([entry], change.label)
        return entry_of(store, entry)

    @routes.delete("/entries/{entry}")
    def undo(entry: _Number, gallery: _Gallery = None) -> Removed:
        """Remove one entry for good; so an enrolment is undone."""
        store = galleries.get(gallery)
        entry_of(store, entry)
        return Removed(removed=store.remove([entry]))

    return routes
