"""Filters that a mask has silenced, and what the numbers of a network become without them."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from bireid_models.framework import tf
from bireid_models.layers import BinaryConv2D
from bireid_models.map_layers import ChannelMask
from bireid_models.network import Network

MULTIPLE = 8
"""Channels of a map come in this many, as everywhere in the backbones."""


@dataclass(frozen=True)
class FilterCut:
    """The filters of one unit that stay, and whose numbers change.

    Attributes:
        unit: Name of the unit.
        kept: Rows of the filters that stay, ascending.
        silent: Which filters, of all, the mask silences and the reader takes for +1.
        shift: Name of the shift of the unit's batch normalisation.
        own: Names of the variables of the unit whose last axis is its filters.
        reader: Name of the kernel of the convolution that reads them.
        mean: Name of the moving mean of the batch normalisation behind that convolution.
        owed: float64 (filters of the reader,), what the removed filters gave it at every place.
    """

    unit: str
    kept: np.ndarray
    silent: np.ndarray
    shift: str
    own: tuple[str, ...]
    reader: str
    mean: str
    owed: np.ndarray

    def apply(self, values: dict[str, np.ndarray]) -> None:
        """Change the numbers of a network, by variable name."""
        # One that stays is +1 from far: a zero may come out of rounding on either side.
        values[self.shift] = np.where(self.silent, np.float32(1), values[self.shift])
        for name in self.own:
            values[name] = values[name][..., self.kept]
        values[self.reader] = values[self.reader][:, :, self.kept]
        values[self.mean] = (values[self.mean] - self.owed).astype(np.float32)


def cut_filters(network: Network, mask: ChannelMask) -> FilterCut | None:
    """What becomes of the filters before a mask with one number for each.

    A silent filter stays if it would not be +1 to the convolution behind, or to fill up `MULTIPLE`.

    Args:
        network: The network, all of whose scales are learned.
        mask: Its layer; exactly one binary convolution reads it.

    Returns:
        None if no filter is silent.

    Raises:
        ValueError: Something else than one binary convolution reads the mask.
    """
    between, reader = _reader(mask)
    filters = mask.channels
    silent = np.asarray(mask.mask) == 0
    heard = tf.zeros((1, 1, 1, filters))
    for layer in between:
        heard = layer(heard)
    positive = np.asarray(heard).reshape(filters) >= 0
    removable = silent & positive & (float(reader.pad_values) == 1.0)
    count = int((~removable).sum())
    count = min(filters, max(MULTIPLE, -(-count // MULTIPLE) * MULTIPLE))
    if not removable.any():
        return None
    # Those that cannot go come first, in the order of their rows.
    kept = np.sort(np.argsort(removable, kind="stable")[:count])
    gone = np.setdiff1d(np.arange(filters), kept)
    signs = np.asarray(reader.binary_kernel(), np.float64)[:, :, gone].sum(axis=(0, 1, 2))
    unit = mask.name.removesuffix("_mask")
    before = [network.model.get_layer(f"{unit}_{part}") for part in ("conv", "bn")]
    own = [each.name for layer in (*before, *between) for each in layer.variables]
    behind = network.model.get_layer(f"{reader.name.removesuffix('_conv')}_bn")
    return FilterCut(
        unit,
        kept,
        removable,
        before[1].beta.name,
        tuple(own),
        reader.kernel.name,
        behind.moving_mean.name,
        signs * np.asarray(reader.output_scale(), np.float64),
    )


def _reader(mask: ChannelMask) -> tuple[list[Any], BinaryConv2D]:
    """The layers behind a mask up to the convolution that reads it, and that convolution."""
    between: list[Any] = []
    layer: Any = mask
    while True:
        behind = {node.layer for node in layer.outbound_nodes}
        if len(behind) != 1:
            names = ", ".join(sorted(each.name for each in behind))
            raise ValueError(f"{mask.name}: not one layer reads {layer.name} but {names}")
        (layer,) = behind
        if isinstance(layer, BinaryConv2D):
            return between, layer
        between.append(layer)
