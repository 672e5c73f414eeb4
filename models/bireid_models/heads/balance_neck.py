"""Balance necks of CDNet (Li et al. 2021): what the triplet loss and the classifier see differs.

A dense layer between the pooled features and the classifier moves the space of the one loss to that
of the other. It stays at home: the deployed network ends with the pooled features.
"""

from collections.abc import Mapping
from typing import Any

from bireid_models.config import NetworkConfig
from bireid_models.dropout import RepeatableDropout
from bireid_models.framework import keras
from bireid_models.heads.base import HeadOutputs
from bireid_models.layers import UnitNormalize
from bireid_models.units import batch_norm

_STRIPES = 2
_LOCAL_CHANNELS = 128
_SPACE = 512


def blneck(features: Mapping[str, Any], config: NetworkConfig) -> HeadOutputs:
    """The global branch alone: the last map, pooled.

    Args:
        features: Maps (N, H, W, C) of a backbone; the last one is read.
        config: `dropout` is read, and `width` for the dense layer, of 512 units at width 1.

    Returns:
        The output `embedding` (N, C), rows of unit length, and the features `pooled` (N, C), with
        dropout, `neck` and `classifier_input` (N, units), which are the same.

    Raises:
        ValueError: `embedding_dim` is set, for which these necks have no layer.
    """
    pooled = _global(features, config)
    return HeadOutputs(
        features=_branch(pooled, config, ""),
        outputs={"embedding": UnitNormalize(name="embedding")(pooled)},
    )


def fblneck(features: Mapping[str, Any], config: NetworkConfig) -> HeadOutputs:
    """The global branch, and a local one of two stripes of the map before the last.

    Args:
        features: Maps of a backbone; the last two are read, and the first of them has an even
            number of rows: `stage2_half` and `stage3` of `cdnet`.
        config: As of `blneck`; the local branch has 128 channels a stripe at width 1.

    Returns:
        The output `embedding` (N, C + 2 channels), both branches side by side at unit length, and
        the features of `blneck`, those of the local branch with the prefix `local_`.

    Raises:
        ValueError: The map has an odd number of rows, or `embedding_dim` is set.
    """
    fine = list(features.values())[-2]
    rows, columns = fine.shape[1:3]
    if rows % _STRIPES:
        raise ValueError(
            f"fblneck cuts a map into {_STRIPES} stripes, which has {rows} rows; choose another "
            "input_height"
        )
    whole = _global(features, config)
    squeezed = keras.layers.Conv2D(
        config.channels(_LOCAL_CHANNELS),
        1,
        use_bias=False,
        kernel_initializer="he_normal",
        name="local_squeeze",
    )(fine)
    stripes = keras.layers.AveragePooling2D((rows // _STRIPES, columns), name="local_stripes")
    local = keras.layers.Flatten(name="local_pool")(stripes(squeezed))
    both = keras.layers.Concatenate(name="descriptor")([whole, local])
    return HeadOutputs(
        features={**_branch(whole, config, ""), **_branch(local, config, "local_")},
        outputs={"embedding": UnitNormalize(name="embedding")(both)},
    )


def _global(features: Mapping[str, Any], config: NetworkConfig) -> Any:
    if config.embedding_dim is not None:
        raise ValueError(
            f"a balance neck has no projection; leave out embedding_dim={config.embedding_dim}"
        )
    return keras.layers.GlobalAveragePooling2D(name="pool")(list(features.values())[-1])


def _branch(pooled: Any, config: NetworkConfig, prefix: str) -> dict[str, Any]:
    """Dropout before the triplet loss; dense, normalisation and ReLU before the classifier."""
    if config.dropout:
        pooled = RepeatableDropout(config.dropout, name=f"{prefix}dropout")(pooled)
    dense = keras.layers.Dense(
        config.channels(_SPACE),
        kernel_initializer=keras.initializers.RandomNormal(stddev=1e-3),
        name=f"{prefix}balance",
    )(pooled)
    neck = keras.layers.ReLU(name=f"{prefix}balance_relu")(batch_norm(f"{prefix}balance_bn")(dense))
    return {f"{prefix}pooled": pooled, f"{prefix}neck": neck, f"{prefix}classifier_input": neck}
