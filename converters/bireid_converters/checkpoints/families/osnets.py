"""Checkpoints of OSNet."""

from bireid_converters.checkpoints.families.family import (
    CLASSIFIER,
    CLASSIFIER_MATRIX,
    TRAINED_ON_256,
    Family,
)

_OSNET = "bireid_models.imported.osnet:osnet"
_ASSUMED = "images of 256x128, bilinear, ImageNet's mean and deviation"

OSNETS = (
    Family(
        name="torchreid-osnet",
        help="OSNet and OSNet-IBN, x0.25 to x1.0, of torchreid and boxmot",
        marks=("conv2.0.conv2a.conv1.weight", "conv2.0.gate.fc1.weight", "fc.0.weight"),
        architecture=_OSNET,
        preprocess=TRAINED_ON_256,
        assumed=_ASSUMED,
        dropped=CLASSIFIER,
        classifier=CLASSIFIER_MATRIX,
    ),
    Family(
        name="torchreid-osnet-ain",
        help="OSNet-AIN of torchreid and boxmot",
        marks=("conv2.0.conv2.0.layers.0.conv1.weight", "conv2.0.gate.fc1.weight", "fc.0.weight"),
        architecture=_OSNET,
        preprocess=TRAINED_ON_256,
        assumed=_ASSUMED,
        dropped=CLASSIFIER,
        classifier=CLASSIFIER_MATRIX,
    ),
)
