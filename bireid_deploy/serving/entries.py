"""Routes about what a gallery holds: entries, crops that were kept, calibration, expiry."""

from fastapi import APIRouter, Response

from bireid_deploy.serving.answers import Change, Entry, Listed, Rates, Removed, rates_of
from bireid_deploy.serving.galleries import ServedGalleries, entry_of
from bireid_deploy.serving.parameters import ERRORS, EntryNumber, Errors, GalleryName, Limit
from bireid_deploy.serving.settings import Settings

_CROP: Errors = {
    200: {"content": {"image/jpeg": {"schema": {"type": "string", "format": "binary"}}}},
    204: {"description": "None was kept"},
}


def entry_routes(galleries: ServedGalleries, settings: Settings) -> APIRouter:
    """`/v1/galleries`, `/v1/calibration`, `/v1/expire` and `/v1/entries`."""
    routes = APIRouter(prefix="/v1", responses=ERRORS)

    @routes.get("/galleries")
    def list_galleries() -> list[Listed]:
        """The galleries and what they hold."""
        return [
            Listed(name=name, keeps_crops=settings.keep_crops, stats=galleries.get(name).stats())
            for name in galleries.names
        ]

    @routes.get("/calibration")
    def calibration(gallery: GalleryName = None) -> Rates | None:
        """What scores mean in a gallery; null if nobody measured it."""
        found = galleries.get(gallery).calibration()
        return None if found is None else rates_of(found)

    @routes.post("/expire")
    def expire(gallery: GalleryName = None) -> Removed:
        """Remove what has expired now; the service does so every minute too."""
        return Removed(removed=galleries.get(gallery).expire())

    @routes.get("/entries")
    def latest(gallery: GalleryName = None, limit: Limit = 100) -> list[Entry]:
        """Entries of anybody and nobody, the latest first."""
        return galleries.get(gallery).entries(limit=limit)

    @routes.get("/entries/{entry}")
    def show(entry: EntryNumber, gallery: GalleryName = None) -> Entry:
        """One entry."""
        return entry_of(galleries.get(gallery), entry)

    @routes.get("/entries/{entry}/crop", response_class=Response, responses=_CROP)
    def crop(entry: EntryNumber, gallery: GalleryName = None) -> Response:
        """The crop that was kept with an entry, a small JPEG."""
        store = galleries.get(gallery)
        entry_of(store, entry)
        kept = store.thumbnail(entry)
        if kept is None:
            return Response(status_code=204)
        return Response(kept, media_type="image/jpeg")

    @routes.patch("/entries/{entry}")
    def move(entry: EntryNumber, change: Change, gallery: GalleryName = None) -> Entry:
        """Not this person: make an entry that of another one, or of a new one without a label."""
        store = galleries.get(gallery)
        entry_of(store, entry)
        store.split([entry], change.label)
        return entry_of(store, entry)

    @routes.delete("/entries/{entry}")
    def undo(entry: EntryNumber, gallery: GalleryName = None) -> Removed:
        """Remove one entry for good; so an enrolment is undone."""
        store = galleries.get(gallery)
        entry_of(store, entry)
        return Removed(removed=store.remove([entry]))

    return routes
