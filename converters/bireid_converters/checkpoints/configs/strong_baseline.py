"""reid-strong-baseline's configuration."""

import re

from bireid_runtime.errors import UnsupportedModelError

from bireid_converters.checkpoints.configs.framework import (
    SIDES,
    STRIDES,
    Framework,
    Stated,
    Tensors,
    colours,
    in_words,
    require_agreement,
)
from bireid_converters.checkpoints.configs.resnet_body import require_depth, require_mixed_norm
from bireid_converters.checkpoints.configs.settings import Settings

_BODY = "base."
_NAME = "MODEL.NAME"
_FEATURE = "TEST.NECK_FEAT"


def _read(settings: Settings, tensors: Tensors) -> Stated:
    _require_agreements(settings, tensors)
    size = settings.size("INPUT.SIZE_TEST", SIDES)
    stride = settings.whole("MODEL.LAST_STRIDE", STRIDES)
    preprocess = colours(settings, "INPUT.PIXEL_MEAN", "INPUT.PIXEL_STD", 1.0)
    feature = settings.text(_FEATURE)
    if feature not in (None, "before", "after"):
        raise settings.wrong(_FEATURE, "must be before or after")
    options: dict[str, object] = {} if stride is None else {"last_stride": stride}
    if feature == "before":
        options["neck"] = ()
    return Stated(
        size,
        preprocess,
        options,
        dropped=("bottleneck.*",) if feature == "before" else (),
        said=in_words(
            size,
            preprocess,
            None if stride is None else f"last stride {stride}",
            None
            if feature is None
            else f"features {'before' if feature == 'before' else 'behind'} the neck",
        ),
        # The classifier was trained behind the neck.
        feeds_classifier=feature != "before",
    )


def _require_agreements(settings: Settings, tensors: Tensors) -> None:
    name = settings.text(_NAME)
    if name is not None:
        found = re.fullmatch(r"resnet(\d{2,3})(_ibn_a)?", name)
        if found is None:
            raise UnsupportedModelError(
                f"{settings.source}: {_NAME} {name!r:.60} is not built here"
            )
        require_depth(settings, _NAME, int(found[1]), tensors, _BODY)
        require_mixed_norm(settings, _NAME, found[2] is not None, tensors, _BODY)
    neck = settings.text(key := "MODEL.NECK")
    if neck is not None:
        require_agreement(settings, key, neck == "bnneck", "a neck ('bottleneck')")


STRONG_BASELINE = Framework(
    name="reid-strong-baseline",
    families=("strong-baseline",),
    marks=("MODEL.", "INPUT.", "TEST."),
    training=(
        *("DATASETS.*", "DATALOADER.*", "SOLVER.*", "OUTPUT_DIR"),
        *("MODEL.DEVICE*", "MODEL.PRETRAIN*", "MODEL.IF_*", "MODEL.METRIC_LOSS_TYPE"),
        *("INPUT.SIZE_TRAIN", "INPUT.PROB", "INPUT.RE_PROB", "INPUT.PADDING"),
        *("TEST.IMS_PER_BATCH", "TEST.RE_RANKING", "TEST.WEIGHT"),
        # A bundle's features have unit length.
        "TEST.FEAT_NORM",
    ),
    read=_read,
)
