"""What the parity gate asks of a converted file, whatever its format."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from bireid_converters.named_model import Arrays
from bireid_converters.parity.reference import BinaryReference


@dataclass(frozen=True)
class ConvertedLayer:
    """A binary layer as it stands in a file.

    Attributes:
        signs: int8 (height, width, in, out) of +1 and -1.
        multiplier: float32 (out,) on the integer sum; None if the layer writes bits.
        bias: float32 (out,) added after that; None if the layer writes bits.
        thresholds: int32 (out,), if the layer writes bits: the bit is set, for -1, when more than
            this many of its products are -1.
    """

    signs: np.ndarray = field(repr=False)
    multiplier: np.ndarray | None = field(default=None, repr=False)
    bias: np.ndarray | None = field(default=None, repr=False)
    thresholds: np.ndarray | None = field(default=None, repr=False)


class ConvertedFile(Protocol):
    """A file opened by the engine that runs it."""

    def find(self, references: Sequence[BinaryReference]) -> Mapping[str, str]:
        """Find the binary layers in the file, by name and kernel.

        Returns:
            Those that the file does not compute in 1 bit: name to reason.
        """

    @property
    def binary_operators(self) -> int:
        """How many operators of the file compute in 1 bit."""

    def layer(self, name: str) -> ConvertedLayer:
        """A binary layer that was found."""

    def sums(self, inputs: Mapping[str, np.ndarray]) -> Mapping[str, np.ndarray]:
        """Integer sums of binary layers that were found, each alone.

        Args:
            inputs: Layer name to float32 (1, H, W, in) of +1 and -1.

        Returns:
            Layer name to float32 (1, H', W', out).
        """

    def run(self, inputs: Arrays) -> Mapping[str, np.ndarray]:
        """Map float32 (N, ...) by input to float32 (N, ...) by output, bound by their names."""

    def layer_outputs(
        self, layers: Mapping[str, tuple[int, ...]], inputs: Arrays
    ) -> Mapping[str, np.ndarray]:
        """Outputs of inner layers.

        Args:
            layers: Keras layer name to output shape without the batch.
            inputs: float32 (N, ...) by name.

        Returns:
            Those layers that the file has a float tensor for: name to (N, ...), maps in NHWC.
        """
