"""Checkpoints of CDNet and CNet."""

from bireid_converters.checkpoints.families.family import TRAINED_ON_256, Family

CDNETS = (
    Family(
        name="cdnet",
        help="CDNet and CNet of solicucu/ReID, whatever their search has found",
        marks=(
            "base.stem.conv1.op.0.weight",
            "base.cells.0.ops.0.squeeze.op.0.weight",
            "base.cells.0.ops.0.adaption.fc1.weight",
        ),
        architecture="bireid_models.imported.cdnet:cdnet",
        preprocess=TRAINED_ON_256,
        assumed="images of 256x128, bilinear, ImageNet's mean and deviation",
        dropped=("neck.*fcs.*", "neck.*classifier.*"),
    ),
)
