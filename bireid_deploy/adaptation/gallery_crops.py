"""The crops of a gallery: the small pictures that were kept with its entries."""

from functools import partial
from pathlib import Path

from bireid_runtime.gallery import GalleryStore
from bireid_runtime.images import decode_image

from bireid_deploy.adaptation.crops import CropList, require_cameras
from bireid_deploy.errors import DatasetError

# `serve` keeps some 10 kB of each; what other programs kept may be larger.
MAX_BYTES = 2**20
MAX_PIXELS = 2**22


def list_gallery_crops(gallery: GalleryStore) -> CropList:
    """The thumbnails of a gallery by the cameras of their entries; people are not looked at.

    Args:
        gallery: Of any network: whose embeddings it holds does not matter.

    Raises:
        DatasetError: It has no thumbnail of an entry with a camera, or a camera has an
            impossible name.
        GalleryError: It is damaged.
    """
    cameras: dict[str, list[Path]] = {}
    pictures: dict[Path, bytes] = {}
    ignored: list[tuple[Path, str]] = []
    shown = gallery.path
    with gallery.contents() as contents:
        for part in contents.entries:
            rows = zip(part.numbers, part.cameras, part.thumbnails, strict=True)
            for number, camera, picture in rows:
                entry = Path(f"entry {number}")
                if picture is None:
                    ignored.append((entry, "without a thumbnail"))
                elif camera is None:
                    ignored.append((entry, "of no camera"))
                elif len(picture) > MAX_BYTES:
                    ignored.append((entry, f"with a thumbnail of more than {MAX_BYTES} bytes"))
                else:
                    cameras.setdefault(camera, []).append(entry)
                    pictures[entry] = picture
    if not cameras:
        raise DatasetError(
            f"no crops in {shown}: of {len(ignored)} entries none has a camera and a thumbnail, "
            "which `serve --keep-crops` and `Gallery.add` keep; give a folder of crops"
        )
    require_cameras(cameras, str(shown))
    return CropList(
        {name: tuple(cameras[name]) for name in sorted(cameras)},
        tuple(ignored),
        {
            entry: partial(decode_image, picture, f"{shown}: {entry}", MAX_PIXELS)
            for entry, picture in pictures.items()
        },
    )
