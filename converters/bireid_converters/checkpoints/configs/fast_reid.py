"""fast-reid's `config.yaml`."""

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
from bireid_converters.errors import CheckpointError

_BODY = "backbone."
_POWER = "heads.pool_layer.p"
_FIXED_POWER = 3.0
_POOL = "MODEL.HEADS.POOL_LAYER"
# Versions have called them by these names.
_AVERAGES = ("GlobalAvgPool", "FastGlobalAvgPool", "avgpool", "fastavgpool")
_LEARNED = ("GeneralizedMeanPoolingP", "gempoolP")
_FIXED = ("GeneralizedMeanPooling", "gempool")
# What other networks have here.
_BUILT = {
    "MODEL.META_ARCHITECTURE": ("Baseline",),
    "MODEL.BACKBONE.NAME": ("build_resnet_backbone",),
    "MODEL.HEADS.NAME": ("EmbeddingHead", "BNneckHead"),
    "MODEL.BACKBONE.NORM": ("BN", "syncBN", "SyncBN"),
    "MODEL.HEADS.NORM": ("BN", "syncBN", "SyncBN"),
}


def _read(settings: Settings, tensors: Tensors) -> Stated:
    if (base := settings.text("_BASE_")) is not None:
        raise CheckpointError(
            f"{settings.source}: builds on {base!r:.60}, which is not read; give the config.yaml "
            "that training wrote, which holds everything"
        )
    _require_built(settings)
    _require_agreements(settings, tensors)
    size = settings.size("INPUT.SIZE_TEST", SIDES)
    stride = settings.whole("MODEL.BACKBONE.LAST_STRIDE", STRIDES)
    pool, pool_said = _pool(settings, tensors)
    preprocess = colours(settings, "MODEL.PIXEL_MEAN", "MODEL.PIXEL_STD", 255.0)
    options = {} if stride is None else {"last_stride": stride}
    return Stated(
        size,
        preprocess,
        {**options, **pool},
        said=in_words(
            size,
            preprocess,
            None if stride is None else f"last stride {stride}",
            pool_said,
        ),
    )


def _pool(settings: Settings, tensors: Tensors) -> tuple[dict[str, float | str | None], str | None]:
    kind = settings.text(_POOL)
    learned = _POWER in tensors
    if kind is None:
        return {}, None
    if kind in _AVERAGES:
        require_agreement(settings, _POOL, not learned, f"a power of its own ({_POWER!r})")
        return {"pool": None}, "average pooling"
    if kind in _LEARNED:
        require_agreement(settings, _POOL, learned, f"no {_POWER!r}")
    elif kind not in _FIXED:
        raise UnsupportedModelError(f"{settings.source}: {_POOL} {kind!r:.60} is not built here")
    # The oldest version calls the learned one by the name of the other.
    if learned:
        return {"pool": _POWER}, "pooled by its own power"
    return {"pool": _FIXED_POWER}, f"pooled by the power {_FIXED_POWER:g}"


def _require_built(settings: Settings) -> None:
    for key, known in _BUILT.items():
        value = settings.text(key)
        if value is not None and value not in known:
            raise UnsupportedModelError(f"{settings.source}: {key} {value!r:.60} is not built here")
    if settings.flag("MODEL.BACKBONE.WITH_SE"):
        raise UnsupportedModelError(f"{settings.source}: squeeze-and-excitation is not built here")


def _require_agreements(settings: Settings, tensors: Tensors) -> None:
    depth_key = "MODEL.BACKBONE.DEPTH"
    depth = settings.text(depth_key)
    if depth is not None:
        digits = depth.removesuffix("x")
        if not (digits.isascii() and digits.isdigit()) or len(digits) > 3:
            raise settings.wrong(depth_key, "must be a depth such as 50x")
        require_depth(settings, depth_key, int(digits), tensors, _BODY)
    if (mixed := settings.flag(ibn := "MODEL.BACKBONE.WITH_IBN")) is not None:
        require_mixed_norm(settings, ibn, mixed, tensors, _BODY)
    if (attends := settings.flag(key := "MODEL.BACKBONE.WITH_NL")) is not None:
        has = any(name.startswith(f"{_BODY}NL_") for name in tensors)
        found = f"{'' if has else 'no '}non-local blocks"
        require_agreement(settings, key, attends == has, found)
    if settings.flag(key := "MODEL.HEADS.WITH_BNNECK") is False:
        require_agreement(settings, key, False, "a neck")
    if settings.text(key := "MODEL.HEADS.EMBEDDING_DIM") not in (None, "0"):
        require_agreement(settings, key, False, "no matrix in front of its neck")


FAST_REID = Framework(
    name="fast-reid",
    families=("fast-reid", "fast-reid-agw", "fast-reid-sbs"),
    marks=("_BASE_", "MODEL.BACKBONE.", "MODEL.HEADS.", "MODEL.META_ARCHITECTURE"),
    training=(
        *(
            "DATASETS.*",
            "DATALOADER.*",
            "SOLVER.*",
            "TEST.*",
            "KD.*",
            "OUTPUT_DIR",
            "CUDNN_BENCHMARK",
        ),
        *("INPUT.SIZE_TRAIN", "INPUT.DO_*", "INPUT.*PROB", "INPUT.PADDING*", "INPUT.REA.*"),
        *("INPUT.RPT.*", "INPUT.CJ.*", "INPUT.FLIP.*", "INPUT.AUTOAUG.*", "INPUT.AUGMIX.*"),
        *("INPUT.AFFINE.*", "INPUT.CROP.*", "INPUT.RPE.*"),
        *("MODEL.DEVICE", "MODEL.LOSSES.*", "MODEL.WEIGHTS", "MODEL.FREEZE_LAYERS"),
        *("MODEL.OPEN_LAYERS", "MODEL.QUEUE_SIZE", "MODEL.BACKBONE.PRETRAIN*"),
        *("MODEL.BACKBONE.FEAT_DIM", "MODEL.*.NORM_SPLIT", "MODEL.HEADS.NUM_CLASSES"),
        *("MODEL.HEADS.CLS_LAYER", "MODEL.HEADS.MARGIN", "MODEL.HEADS.SCALE"),
        # Of vision transformers; in a ResNet's configuration by their defaults.
        *("MODEL.BACKBONE.SIE_COE", "MODEL.BACKBONE.STRIDE_SIZE", "MODEL.BACKBONE.*_RATIO"),
        "MODEL.BACKBONE.ATT_DROP_RATE",
        # What the losses take; features are those behind the neck whatever it says.
        "MODEL.HEADS.NECK_FEAT",
        *("MODEL.HEADS.IN_FEAT", "MODEL.HEADS.REDUCTION_DIM"),
    ),
    read=_read,
)
