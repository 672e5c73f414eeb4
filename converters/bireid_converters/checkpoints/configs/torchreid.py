"""torchreid's configuration (deep-person-reid, `scripts/main.py --config-file`)."""

import re

from bireid_runtime.errors import UnsupportedModelError

from bireid_converters.checkpoints.configs.framework import (
    SIDES,
    Framework,
    Stated,
    Tensors,
    colours,
    in_words,
    require_agreement,
)
from bireid_converters.checkpoints.configs.resnet_body import require_depth, require_mixed_norm
from bireid_converters.checkpoints.configs.settings import Settings

_NAME = "model.name"
_STEM = "conv1.conv.weight"
_WIDTHS = {"x1_0": 64, "x0_75": 48, "x0_5": 32, "x0_25": 16}


def _read(settings: Settings, tensors: Tensors) -> Stated:
    _require_network(settings, tensors)
    height = settings.whole("data.height", SIDES)
    width = settings.whole("data.width", SIDES)
    if (height is None) != (width is None):
        raise settings.wrong("data.height", "and data.width must stand together")
    size = None if height is None or width is None else (height, width)
    preprocess = colours(settings, "data.norm_mean", "data.norm_std", 1.0)
    return Stated(size, preprocess, said=in_words(size, preprocess))


def _require_network(settings: Settings, tensors: Tensors) -> None:
    name = settings.text(_NAME)
    if name is None:
        return
    osnet = re.fullmatch(r"osnet_(?:(ibn|ain)_)?(x\d_\d+)", name)
    resnet = re.fullmatch(r"resnet(\d{2,3})(_fc512)?(_ibn_a)?", name)
    if osnet is not None and osnet[2] in _WIDTHS:
        _require_osnet(settings, tensors, osnet[1], _WIDTHS[osnet[2]])
    elif resnet is not None:
        require_agreement(settings, _NAME, _STEM not in tensors, "an OSNet's keys")
        require_depth(settings, _NAME, int(resnet[1]), tensors, "")
        require_mixed_norm(settings, _NAME, resnet[3] is not None, tensors, "")
        has = "fc.0.weight" in tensors
        found = f"{'a' if has else 'no'} matrix behind its average ('fc.0')"
        require_agreement(settings, _NAME, has == (resnet[2] is not None), found)
    else:
        raise UnsupportedModelError(f"{settings.source}: {_NAME} {name!r:.60} is not built here")


def _require_osnet(settings: Settings, tensors: Tensors, variant: str | None, width: int) -> None:
    stem = tensors.get(_STEM)
    require_agreement(settings, _NAME, stem is not None, f"no {_STEM!r}")
    assert stem is not None
    require_agreement(
        settings, _NAME, stem.shape[:1] == (width,), f"{stem.shape[0]} channels in its stem"
    )
    searched = "conv2.0.conv2.0.layers.0.conv1.weight" in tensors
    by_image = "conv1.bn.running_mean" not in tensors
    found = "ain" if searched else "ibn" if by_image else None
    words = {"ain": "the blocks of OSNet-AIN", "ibn": "normalisation by the image (IBN)"}
    require_agreement(
        settings, _NAME, found == variant, words.get(found or "", "no normalisation by the image")
    )


TORCHREID = Framework(
    name="torchreid",
    families=("torchreid-osnet", "torchreid-osnet-ain", "torchreid-resnet"),
    marks=("model.", "data."),
    training=(
        *("model.pretrained", "model.load_weights", "model.resume", "use_gpu"),
        *(
            "data.type",
            "data.root",
            "data.sources",
            "data.targets",
            "data.workers",
            "data.split_id",
        ),
        *("data.combineall", "data.transforms", "data.k_tfm", "data.save_dir"),
        "data.load_train_targets",
        *("market1501.*", "cuhk03.*", "sampler.*", "video.*", "train.*", "loss.*", "test.*"),
        *("sgd.*", "rmsprop.*", "adam.*"),
    ),
    read=_read,
)
