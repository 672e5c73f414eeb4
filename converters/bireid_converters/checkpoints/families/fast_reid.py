"""Checkpoints of fast-reid: bag of tricks, AGW and SBS, each with or without IBN-a."""

from collections.abc import Callable, Collection
from typing import Any

from bireid_models.imported import Weights, WeightsError
from bireid_runtime.preprocess import Preprocess

from bireid_converters.checkpoints.families.family import Family
from bireid_converters.checkpoints.families.resnets import RESNET

# What versions have called the neck, the newest first.
_NECKS = ("heads.bottleneck.0", "heads.bnneck.0", "heads.bnneck")
_MARKS = (
    "backbone.conv1.weight",
    "backbone.layer1.0.conv1.weight",
    tuple(f"{neck}.running_mean" for neck in _NECKS),
)
_DROPPED = ("heads.weight", "heads.classifier.*")
# SBS has logits by angles ("CircleSoftmax"), of which the checkpoint holds no scale.
_CLASSIFIER = ("heads.weight", "heads.classifier.weight")
_POWER = "heads.pool_layer.p"
_ASSUMED = "bicubic, ImageNet's mean and deviation, last stride 1, {pool}, features behind the neck"


def _with(**options: Any) -> Callable[[Collection[str]], dict[str, Any]]:
    return lambda keys: {
        "body": "backbone.",
        "stem": "relu-ceil",
        "last_stride": 1,
        "neck": tuple(neck for neck in _NECKS if f"{neck}.running_mean" in keys),
        **options,
    }


def _stored_colours(weights: Weights) -> dict[str, tuple[float, ...]]:
    """What versions until 1.0 have put into the checkpoint, on the scale 0 to 255."""
    found = {}
    for name, key in (("mean", "pixel_mean"), ("std", "pixel_std")):
        if key in weights:
            numbers = weights.array(key, (1, 3, 1, 1)).ravel() / 255
            if abs(numbers).max() > 1 or (name == "std" and numbers.min() <= 0):
                raise WeightsError(f"{key!r} holds no colours on the scale 0 to 255")
            # 123.675 / 255 is not 0.485 to the last digit.
            found[name] = tuple(round(float(number), 6) for number in numbers)
    return found


# The first that fits is taken: those with more marks come first.
FAST_REID = (
    Family(
        name="fast-reid-sbs",
        help="ResNet-50 and -101 of fast-reid's SBS, with or without IBN-a",
        marks=(*_MARKS, _POWER),
        architecture=RESNET,
        options=_with(pool=_POWER),
        preprocess=Preprocess(384, 128, resize="bicubic"),
        assumed="images of 384x128, " + _ASSUMED.format(pool="pooled by their own power"),
        dropped=_DROPPED,
        colours=_stored_colours,
    ),
    Family(
        name="fast-reid-agw",
        help="ResNet-50 and -101 of fast-reid's AGW, with or without IBN-a",
        marks=(*_MARKS, "backbone.NL_2.0.theta.weight"),
        strangers=(_POWER,),
        architecture=RESNET,
        options=_with(pool=3.0),
        preprocess=Preprocess(256, 128, resize="bicubic"),
        assumed="images of 256x128, " + _ASSUMED.format(pool="pooled by the power 3"),
        dropped=_DROPPED,
        classifier=_CLASSIFIER,
        colours=_stored_colours,
    ),
    Family(
        name="fast-reid",
        help="ResNet-18 to -152 of fast-reid's BoT, with or without IBN-a",
        marks=_MARKS,
        strangers=("backbone.NL_", _POWER),
        architecture=RESNET,
        options=_with(),
        preprocess=Preprocess(256, 128, resize="bicubic"),
        assumed="images of 256x128, " + _ASSUMED.format(pool="average pooling"),
        dropped=_DROPPED,
        classifier=_CLASSIFIER,
        colours=_stored_colours,
    ),
)
