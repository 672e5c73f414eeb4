"""Routes about people: to list, name, unite and forget them."""

from bireid_runtime.gallery import GalleryStore
from fastapi import APIRouter

from bireid_deploy.serving.answers import Entry, Naming, OtherPerson, Person, Removed, Split
from bireid_deploy.serving.galleries import ServedGalleries, entry_of, person_number
from bireid_deploy.serving.parameters import ERRORS, By, GalleryName, Label, Limit


def people_routes(galleries: ServedGalleries) -> APIRouter:
    """`/v1/people`, and `/v1/split`, which makes people."""
    routes = APIRouter(prefix="/v1", responses=ERRORS)

    @routes.get("/people")
    def people(gallery: GalleryName = None) -> list[Person]:
        """All people of a gallery, with counts."""
        return galleries.get(gallery).people()

    @routes.get("/people/{person}/entries")
    def timeline(
        person: Label, gallery: GalleryName = None, by: By = None, limit: Limit = 1000
    ) -> list[Entry]:
        """Where and when a person was seen, the latest first."""
        store = galleries.get(gallery)
        return store.entries(person=person_number(store, person, by), limit=limit)

    @routes.patch("/people/{person}")
    def name(person: Label, change: Naming, gallery: GalleryName = None, by: By = None) -> Naming:
        """Call a person something else."""
        store = galleries.get(gallery)
        store.name(person_number(store, person, by), change.label)
        return change

    @routes.post("/people/{person}/merge")
    def merge(
        person: Label, same: OtherPerson, gallery: GalleryName = None, by: By = None
    ) -> Person:
        """Two are one: the other's entries become this person's; of two labels this one's stays."""
        store = galleries.get(gallery)
        number = person_number(store, person, by)
        store.merge_people(number, person_number(store, same.other, by))
        return _person(store, number)

    @routes.post("/split")
    def split(change: Split, gallery: GalleryName = None) -> Person:
        """Make entries those of one person: a new one, or the one of a label."""
        store = galleries.get(gallery)
        for entry in change.entries:
            entry_of(store, entry)
        return _person(store, store.split(change.entries, change.label))

    @routes.delete("/people/{person}")
    def forget(person: Label, gallery: GalleryName = None, by: By = None) -> Removed:
        """Remove a person and all entries for good."""
        store = galleries.get(gallery)
        return Removed(removed=store.remove(person=person_number(store, person, by)))

    return routes


def _person(store: GalleryStore, number: int) -> Person:
    return next(each for each in store.people() if each.person == number)
