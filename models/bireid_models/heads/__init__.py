"""The heads: from the maps of a backbone to what a network gives."""

from bireid_models.heads.base import Head, HeadOutputs

__all__ = ["HEADS", "Head", "HeadOutputs"]

HEADS: dict[str, Head] = {
    "bnneck": Head("bireid_models.heads.bnneck:bnneck"),
    "blneck": Head("bireid_models.heads.balance_neck:blneck"),
    "fblneck": Head("bireid_models.heads.balance_neck:fblneck"),
    "detector": Head("bireid_models.heads.detector:detector"),
    "fused_detector": Head("bireid_models.heads.detector:fused_detector"),
    "fpn_detector": Head("bireid_models.heads.detector:fpn_detector"),
    "tracker": Head("bireid_models.heads.tracker:tracker"),
    "point_neck": Head("bireid_models.heads.point_neck:point_neck"),
}
