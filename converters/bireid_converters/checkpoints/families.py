"""The table of kinds of checkpoints: how each is recognised, and what its weights do not say."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any

from bireid_runtime.errors import UnsupportedModelError
from bireid_runtime.preprocess import Preprocess
from bireid_runtime.suggestions import hint

Options = Callable[[Collection[str]], dict[str, Any]]

_RESNET = "bireid_models.imported.resnet:resnet"
_CLASSIFIER = ("classifier.*",)
_FAST_REID_NECK = "heads.bottleneck.0.running_mean"


@dataclass(frozen=True)
class Family:
    """One kind of checkpoint.

    Attributes:
        name: What a person types after `--arch`.
        help: One line on it.
        marks: Keys that all its checkpoints have.
        strangers: Beginnings of keys that mean a variant which is not built.
        architecture: Builder, `module:function`.
        options: What the builder is told, given the keys.
        dropped: Patterns of keys that only training needs.
        preprocess: What it was trained with.
        assumed: What the weights do not say, as a sentence for the user.
        task: What its networks are for.
    """

    name: str
    help: str
    marks: tuple[str, ...]
    architecture: str
    preprocess: Preprocess
    assumed: str
    dropped: tuple[str, ...] = ()
    strangers: tuple[str, ...] = ()
    options: Options = field(default=lambda keys: {})
    task: str = "reid"

    def fits(self, keys: Collection[str]) -> bool:
        """Whether a checkpoint with these keys is of this kind."""
        return all(mark in keys for mark in self.marks)

    def foreign(self, keys: Collection[str]) -> str | None:
        """A key that says that it is a variant which is not built, or None."""
        return next((key for key in keys if key.startswith(self.strangers)), None)


def _torchreid_resnet(keys: Collection[str]) -> dict[str, Any]:
    if "fc.0.weight" in keys:
        return {"last_stride": 1, "neck": ("fc.0", "fc.1"), "neck_relu": True}
    return {}


_TRAINED_ON_256 = Preprocess(256, 128)

FAMILIES = (
    Family(
        name="torchreid-osnet",
        help="OSNet x0.25 to x1.0 of torchreid and boxmot",
        marks=("conv2.0.conv2a.conv1.weight", "conv2.0.gate.fc1.weight", "fc.0.weight"),
        strangers=("conv2.0.IN.", "conv2.1.IN."),
        architecture="bireid_models.imported.osnet:osnet",
        preprocess=_TRAINED_ON_256,
        assumed="images of 256x128, ImageNet's mean and deviation",
        dropped=_CLASSIFIER,
    ),
    Family(
        name="torchreid-resnet",
        help="ResNet-18 to -152 of torchreid, with or without fc512",
        marks=("conv1.weight", "layer1.0.conv1.weight", "classifier.weight"),
        strangers=("layer1.0.bn1.IN.", "layer1.0.conv2.conv2_offset"),
        architecture=_RESNET,
        options=_torchreid_resnet,
        preprocess=_TRAINED_ON_256,
        assumed="images of 256x128, ImageNet's mean and deviation, last stride 2 (1 with fc512)",
        dropped=_CLASSIFIER,
    ),
    Family(
        name="torchvision-resnet",
        help="ResNet-18 to -152 of torchvision, trained on ImageNet: a start, no Re-ID network",
        marks=("conv1.weight", "layer1.0.conv1.weight", "fc.weight"),
        architecture=_RESNET,
        preprocess=_TRAINED_ON_256,
        assumed="images of 256x128, ImageNet's mean and deviation, features before the classifier",
        dropped=("fc.*",),
    ),
    Family(
        name="strong-baseline",
        help="ResNet-18 to -152 of reid-strong-baseline (BoT)",
        marks=("base.conv1.weight", "base.layer1.0.conv1.weight", "bottleneck.running_mean"),
        strangers=("base.layer1.0.bn1.IN.",),
        architecture=_RESNET,
        options=lambda keys: {
            "body": "base.",
            "stem": "plain",
            "last_stride": 1,
            "neck": ("bottleneck",),
        },
        preprocess=_TRAINED_ON_256,
        assumed="images of 256x128, ImageNet's mean and deviation, last stride 1, features behind "
        "the neck",
        dropped=_CLASSIFIER,
    ),
    Family(
        name="fast-reid",
        help="ResNet-18 to -152 of fast-reid's BoT",
        marks=("backbone.conv1.weight", "backbone.layer1.0.conv1.weight", _FAST_REID_NECK),
        strangers=("backbone.layer1.0.bn1.IN.", "backbone.NL_", "heads.pool_layer.p"),
        architecture=_RESNET,
        options=lambda keys: {
            "body": "backbone.",
            "stem": "relu-ceil",
            "last_stride": 1,
            "neck": ("heads.bottleneck.0",),
        },
        preprocess=Preprocess(256, 128, resize="bicubic"),
        assumed="images of 256x128, bicubic, ImageNet's mean and deviation, last stride 1, average "
        "pooling, features behind the neck",
        dropped=("heads.weight", "heads.classifier.*", "pixel_mean", "pixel_std"),
    ),
    Family(
        name="layumi",
        help="ResNet-50 of layumi's Person_reID_baseline_pytorch",
        marks=(
            "model.conv1.weight",
            "model.layer1.0.conv1.weight",
            "classifier.add_block.0.weight",
        ),
        architecture=_RESNET,
        options=lambda keys: {
            "body": "model.",
            "neck": ("classifier.add_block.0", "classifier.add_block.1"),
        },
        preprocess=Preprocess(256, 128, resize="bicubic"),
        assumed="images of 256x128, bicubic, ImageNet's mean and deviation, last stride 2; its own "
        "test adds the mirror image, which a bundle does not",
        dropped=("model.fc.*", "classifier.classifier.*"),
    ),
)


def find_family(keys: Collection[str], name: str | None = None) -> Family:
    """The kind of a checkpoint.

    Args:
        keys: Its keys.
        name: What the user says it is; None to find out.

    Raises:
        UnsupportedModelError: None fits; the message names the closest. Or a variant of one that
            is not built.
    """
    family = _named(name) if name is not None else _recognised(keys)
    if missing := [mark for mark in family.marks if mark not in keys]:
        raise UnsupportedModelError(f"it is no {family.name}: {missing[0]!r} is not in it")
    if (foreign := family.foreign(keys)) is not None:
        raise UnsupportedModelError(
            f"it is a variant of {family.name} that is not built here ({foreign!r}); export it to "
            "ONNX where it was trained"
        )
    return family


def _named(name: str) -> Family:
    by_name = {family.name: family for family in FAMILIES}
    if name not in by_name:
        raise UnsupportedModelError(f"no architecture {name!r}; {hint(name, by_name)}")
    return by_name[name]


def _recognised(keys: Collection[str]) -> Family:
    fitting = [family for family in FAMILIES if family.fits(keys)]
    if fitting:
        return fitting[0]
    common = {family.name: sum(mark in keys for mark in family.marks) for family in FAMILIES}
    closest = max(common, key=lambda name: common[name])
    near = f", the closest is {closest}" if common[closest] else ""
    raise UnsupportedModelError(
        f"of no architecture that is known here{near}; its first keys: "
        f"{', '.join(list(keys)[:5])}. Export it to ONNX where it was trained"
    )
