"""Checkpoints of ResNets: one body, and what each project makes of its ends."""

from collections.abc import Collection
from typing import Any

from bireid_runtime.preprocess import Preprocess

from bireid_converters.checkpoints.families.family import (
    CLASSIFIER,
    CLASSIFIER_MATRIX,
    TRAINED_ON_256,
    Family,
)

RESNET = "bireid_models.imported.resnet:resnet"
_IBN_MARK = "layer1.0.bn1.IN.weight"
_LAYUMI_NECK = ("classifier.add_block.0", "classifier.add_block.1")


def _torchreid(keys: Collection[str]) -> dict[str, Any]:
    if "fc.0.weight" in keys:
        return {"last_stride": 1, "neck": ("fc.0", "fc.1"), "neck_relu": True}
    return {}


def _layumi(keys: Collection[str]) -> dict[str, Any]:
    # Without a matrix (`linear_num 0`) the normalisation comes first.
    matrix = f"{_LAYUMI_NECK[0]}.running_mean" not in keys
    return {"body": "model.", "neck": _LAYUMI_NECK if matrix else _LAYUMI_NECK[:1]}


def _strong_baseline(keys: Collection[str]) -> dict[str, Any]:
    return {
        "body": "base.",
        # Its own ResNet has no ReLU behind the stem, its copy of IBN-Net has one.
        "stem": "relu" if f"base.{_IBN_MARK}" in keys else "plain",
        "last_stride": 1,
        "neck": ("bottleneck",),
    }


RESNETS = (
    Family(
        name="torchreid-resnet",
        help="ResNet-18 to -152 of torchreid, with or without fc512, and ResNet-50-IBN-a",
        marks=("conv1.weight", "layer1.0.conv1.weight", "classifier.weight"),
        strangers=("layer1.0.conv2.conv2_offset",),
        architecture=RESNET,
        options=_torchreid,
        preprocess=TRAINED_ON_256,
        assumed="images of 256x128, bilinear, ImageNet's mean and deviation, last stride 2 (1 with "
        "fc512)",
        dropped=CLASSIFIER,
        classifier=CLASSIFIER_MATRIX,
    ),
    Family(
        name="torchvision-resnet",
        help="ResNet-18 to -152 of torchvision, trained on ImageNet: a start, no Re-ID network",
        marks=("conv1.weight", "layer1.0.conv1.weight", "fc.weight"),
        architecture=RESNET,
        preprocess=TRAINED_ON_256,
        assumed="images of 256x128, bilinear, ImageNet's mean and deviation, features before the "
        "classifier",
        dropped=("fc.*",),
        classifier=("fc.weight",),
    ),
    Family(
        name="strong-baseline",
        help="ResNet-18 to -152, and with IBN-a, of reid-strong-baseline (BoT)",
        marks=("base.conv1.weight", "base.layer1.0.conv1.weight", "bottleneck.running_mean"),
        architecture=RESNET,
        options=_strong_baseline,
        preprocess=TRAINED_ON_256,
        assumed="images of 256x128, bilinear, ImageNet's mean and deviation, last stride 1, "
        "features behind the neck",
        dropped=(*CLASSIFIER, "base.fc.*"),
        classifier=CLASSIFIER_MATRIX,
    ),
    Family(
        name="layumi",
        help="ResNet-50, and with IBN-a, of layumi's Person_reID_baseline_pytorch",
        marks=(
            "model.conv1.weight",
            "model.layer1.0.conv1.weight",
            "classifier.add_block.0.weight",
        ),
        architecture=RESNET,
        options=_layumi,
        preprocess=Preprocess(256, 128, resize="bicubic"),
        assumed="images of 256x128, bicubic, ImageNet's mean and deviation, last stride 2; its own "
        "test adds the mirror image, which a bundle does not",
        dropped=("model.fc.*", "classifier.classifier.*"),
        classifier=("classifier.classifier.0.weight",),
    ),
)
