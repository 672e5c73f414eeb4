"""The `opts.yaml` of layumi's Person_reID_baseline_pytorch."""

from bireid_runtime.errors import UnsupportedModelError

from bireid_converters.checkpoints.configs.framework import (
    STRIDES,
    Framework,
    Stated,
    Tensors,
    in_words,
    require_agreement,
)
from bireid_converters.checkpoints.configs.resnet_body import require_mixed_norm
from bireid_converters.checkpoints.configs.settings import Settings

_BODY = "model."
_NECK = "classifier.add_block.0"
_OTHERS = (
    "PCB",
    "use_dense",
    "use_NAS",
    "use_swin",
    "use_swinv2",
    "use_convnext",
    "use_efficient",
    "use_hr",
)


def _read(settings: Settings, tensors: Tensors) -> Stated:
    for key in _OTHERS:
        if settings.flag(key):
            raise UnsupportedModelError(
                f"{settings.source}: a network with {key} is not built here"
            )
    if (mixed := settings.flag("ibn")) is not None:
        require_mixed_norm(settings, "ibn", mixed, tensors, _BODY)
    outputs = settings.whole("linear_num", range(2**16))
    if outputs is not None:
        # Without a matrix the normalisation stands there.
        matrix = f"{_NECK}.running_mean" not in tensors
        found = tensors[f"{_NECK}.weight"].shape[0] if matrix else 0
        words = f"features of {found} numbers" if matrix else "no matrix behind its average"
        require_agreement(settings, "linear_num", outputs == found, words)
    stride = settings.whole("stride", STRIDES)
    if stride is None:
        return Stated()
    return Stated(options={"last_stride": stride}, said=in_words(None, {}, f"last stride {stride}"))


LAYUMI = Framework(
    name="layumi",
    families=("layumi",),
    marks=("stride", "linear_num", "nclasses"),
    training=(
        *(
            "name",
            "data_dir",
            "gpu_ids",
            "train_all",
            "color_jitter",
            "batchsize",
            "erasing_p",
            "lr",
        ),
        *("nclasses", "warm_epoch", "total_epoch", "droprate", "fp16", "bf16", "cosine", "FSGD"),
        *("weight_decay", "circle", "triplet", "contrast", "instance", "instance_gamma", "lifted"),
        *("sphere", "arcface", "cosface", "ID", "DG", "ema", "wa", "resume", "ms", "test_dir"),
    ),
    read=_read,
)
