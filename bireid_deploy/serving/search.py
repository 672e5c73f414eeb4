"""Routes that take an image: its bytes are the body of the request."""

from typing import Annotated, Any

from bireid_runtime.errors import ArgumentError
from fastapi import APIRouter, Depends, Query, Request

from bireid_deploy.serving.answers import (
    Added,
    Embedding,
    Found,
    Verified,
    found,
    threshold_of,
)
from bireid_deploy.serving.crops import small_jpeg
from bireid_deploy.serving.embedder import Embedder
from bireid_deploy.serving.galleries import NotFoundError, ServedGalleries, person_number
from bireid_deploy.serving.parameters import ERRORS
from bireid_deploy.serving.settings import Settings

_BINARY = {"schema": {"type": "string", "format": "binary"}}
_IMAGE: dict[str, Any] = {
    "requestBody": {"required": True, "content": {"image/jpeg": _BINARY, "image/png": _BINARY}}
}

# SQLite's and the scan's bounds; nobody needs more at once.
_Top = Annotated[int, Query(ge=1, le=1000)]
_Name = Annotated[str | None, Query(min_length=1, max_length=200)]
_Moment = Annotated[float | None, Query(ge=-1e11, le=1e11)]


async def _body(request: Request) -> bytes:
    return await request.body()


_Body = Annotated[bytes, Depends(_body)]


def search_routes(embedder: Embedder, galleries: ServedGalleries, settings: Settings) -> APIRouter:
    """`/v1/embed`, `/v1/search`, `/v1/verify` and what adds an entry."""
    routes = APIRouter(prefix="/v1", responses=ERRORS)

    @routes.post("/embed", openapi_extra=_IMAGE)
    def embed(body: _Body) -> Embedding:
        """The embedding of an image; nothing is kept."""
        row = embedder.embed(body)
        return Embedding(fingerprint=embedder.fingerprint, embedding=row.tolist())

    @routes.post("/search", openapi_extra=_IMAGE)
    def search(
        body: _Body,
        gallery: _Name = None,
        top: _Top = 10,
        camera: _Name = None,
        since: _Moment = None,
        until: _Moment = None,
        all_entries: bool = False,
        fpir: Annotated[float | None, Query(gt=0, lt=1)] = None,
    ) -> Found:
        """Who is on an image: `unknown` unless the calibration lets the score say otherwise."""
        store = galleries.get(gallery)
        row = embedder.embed(body)
        hits = store.search(
            row,
            top,
            cameras=None if camera is None else [camera],
            since=since,
            until=until,
            one_per_person=not all_entries,
        )[0]
        if store.calibration() is None:
            return found(hits, None, threshold_of(store, settings.fpir)[1])
        try:
            return found(hits, store.match(row, fpir=fpir or settings.fpir)[0], None)
        except ArgumentError as error:
            # The calibration saw too few people for this rate: no verdict, and why.
            return found(hits, None, str(error))

    @routes.post("/verify", openapi_extra=_IMAGE)
    def verify(
        body: _Body,
        person: Annotated[str, Query(min_length=1, max_length=200)],
        gallery: _Name = None,
        fmr: Annotated[float, Query(gt=0, lt=1)] = 0.001,
    ) -> Verified:
        """Whether an image is of a person, by that person's nearest entry."""
        store = galleries.get(gallery)
        number = person_number(store, person)
        everyone = len(store.people())
        hits = store.search(embedder.embed(body), everyone, enrolled=True, exact=True)[0]
        nearest = next((hit for hit in hits if hit.person == number), None)
        if nearest is None:
            raise NotFoundError(f"{person!r} was removed meanwhile")
        threshold, why = threshold_of(store, fmr)
        same = None if threshold is None else nearest.score >= threshold
        return Verified(same=same, why=why, threshold=threshold, hit=nearest)

    @routes.post("/entries", openapi_extra=_IMAGE, status_code=201)
    def enrol(
        body: _Body,
        gallery: _Name = None,
        person: _Name = None,
        camera: _Name = None,
        at: _Moment = None,
        expires: _Moment = None,
    ) -> Added:
        """Keep the embedding of an image, of a person or as a sighting.

        The image goes, unless the service was told to keep small crops.
        """
        store = galleries.get(gallery)
        image = embedder.decode(body)
        (entry,) = store.add(
            embedder.embed_pixels(image),
            person=person,
            camera=camera,
            at=at,
            expires=expires,
            thumbnails=[small_jpeg(image)] if settings.keep_crops else None,
        )
        return Added(entry=entry, person=store.entries(entry=entry)[0].person)

    return routes
