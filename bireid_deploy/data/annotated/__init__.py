"""Images in which boxes are marked: PASCAL VOC and COCO."""

from bireid_deploy.data.annotated.dataset import AnnotatedDataset, AnnotatedImage
from bireid_deploy.data.annotated.layouts import open_annotated

__all__ = ["AnnotatedDataset", "AnnotatedImage", "open_annotated"]
