"""Galleries of centred embeddings: a space of its own, and what each camera is centred by.

Taking a camera's mean and deviation out is an adaptation, so what comes out has another
fingerprint. A gallery is made for the one or for the other, and `require` keeps them apart wherever
embeddings come from: networks, files or other galleries.
"""

from collections.abc import Sequence

from bireid_runtime.camera_statistics import CameraStatistics
from bireid_runtime.errors import ArgumentError
from bireid_runtime.gallery.errors import FingerprintError, GalleryError
from bireid_runtime.gallery.protocol import GalleryStore

_MARK = "+centred"
# Of a fingerprint, enough to know it by.
_SHOWN = 19


def centred_fingerprint(fingerprint: str) -> str:
    """The fingerprint of a network's embeddings once what each camera does is taken out."""
    return fingerprint.removesuffix(_MARK) + _MARK


def is_centred(fingerprint: str) -> bool:
    """Whether embeddings of a fingerprint are centred, camera by camera."""
    return fingerprint.endswith(_MARK)


def embedding_space(fingerprint: str, centred: bool) -> str:
    """The fingerprint of a network's embeddings, as they are or centred, camera by camera."""
    return centred_fingerprint(fingerprint) if centred else fingerprint


def refusal(path: object, own: str, other: str) -> FingerprintError:
    """Why a gallery of the fingerprint `own` takes nothing of `other`."""
    if own.removesuffix(_MARK) != other.removesuffix(_MARK):
        return FingerprintError(
            f"{path}: holds embeddings of {own[:_SHOWN]}..., not of {other[:_SHOWN]}...; embed the "
            "crops again, or say by `gallery relate` why the two may be compared"
        )
    if is_centred(own):
        return FingerprintError(
            f"{path}: holds embeddings that are centred by camera, and these are not; centre them "
            "(--centre), or use a gallery that was made without"
        )
    return FingerprintError(
        f"{path}: holds embeddings that are not centred by camera, and these are; leave out "
        "centre, or use a gallery of `gallery create --centre`"
    )


def camera_centring(gallery: GalleryStore, camera: str, adapted: Sequence[str]) -> CameraStatistics:
    """What embeddings of a camera are centred by before they go into a gallery or are sought in it.

    Args:
        gallery: The gallery that has learned.
        camera: Where the crops were seen.
        adapted: Cameras that the network itself is adapted to.

    Raises:
        ArgumentError: The gallery has learned less than two embeddings of the camera, or the
            network centres its cameras itself.
    """
    if adapted:
        raise ArgumentError(
            f"camera {adapted[0]!r}: the bundle is adapted to it and centres it itself; leave out "
            "centre, or give the bundle that it was adapted from"
        )
    statistics = gallery.statistics(camera)
    if statistics is None or statistics.count < 2:
        raise ArgumentError(
            f"{gallery.path}: has no statistics of camera {camera!r}; give it crops of that camera "
            "by Gallery.learn or bireid-deploy gallery learn, or leave out centre"
        )
    return statistics


def learned(
    known: CameraStatistics | None, dim: int, camera: str, is_used: bool, path: object
) -> CameraStatistics:
    """The statistics that go on learning; new ones of a camera that nothing is known of.

    Args:
        known: Those so far.
        dim: Numbers of an embedding.
        camera: Name of the camera.
        is_used: Whether the gallery is a centred one and has entries of the camera.
        path: The gallery, for messages.

    Raises:
        GalleryError: They are in use.
    """
    if is_used:
        # Entries keep no embedding as it was before, so they cannot follow.
        raise GalleryError(
            f"{path}: holds entries of camera {camera!r}, centred by what was learned before; "
            "remove them first, or give the camera another name from now on"
        )
    return CameraStatistics(dim) if known is None else known


def adopted(
    own: dict[str, bytes], others: dict[str, bytes], path: object, other: object
) -> dict[str, bytes]:
    """Statistics of cameras that a gallery takes over together with centred entries.

    Args:
        own: What it has learned, by camera, as `CameraStatistics.to_bytes`.
        others: What the other has learned.
        path: The gallery, for messages.
        other: The other one, likewise.

    Raises:
        GalleryError: Both have learned of one camera, and not the same.
    """
    for camera, statistics in others.items():
        if own.get(camera, statistics) != statistics:
            raise GalleryError(
                f"{path}: centres camera {camera!r} by other statistics than {other}; cameras that "
                "learned apart need names of their own"
            )
    return {camera: data for camera, data in others.items() if camera not in own}
