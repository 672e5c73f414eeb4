"""What the maps of golden vectors decode to, by which a device checks its decoding."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bireid_runtime.decoders import Decoder, Shown
from bireid_runtime.errors import BundleError
from bireid_runtime.golden import Golden, read_golden_tensors
from bireid_runtime.inputs import InputSpec
from bireid_runtime.letterbox import content_size
from bireid_runtime.outputs import OUTPUT_KINDS, OutputSpec
from bireid_runtime.safetensors import write_safetensors


@dataclass(frozen=True, eq=False)
class DecodedGolden:
    """What the stored maps decode to.

    Attributes:
        rows: By name of the output, of those whose kind has a `Decoder`: float32 (M, columns),
            finite, one array per item, or one of all items together.
    """

    rows: Mapping[str, tuple[np.ndarray, ...]]

    @classmethod
    def of(
        cls, golden: Golden, inputs: Sequence[InputSpec], outputs: Sequence[OutputSpec]
    ) -> "DecodedGolden":
        """Decode the maps that golden vectors hold.

        Args:
            golden: The vectors, checked.
            inputs: What the network takes.
            outputs: What it gives.
        """
        rows = {}
        for spec in outputs:
            decoder = OUTPUT_KINDS[spec.kind].decoder
            if decoder is not None:
                maps = golden.outputs[spec.name]
                rows[spec.name] = tuple(
                    decoder.decode(spec.details, maps, item, _shown(golden, inputs, item))
                    for item in range(golden.items if decoder.per_item else 1)
                )
        return cls(rows)

    def to_bytes(self) -> bytes:
        """Return the file: safetensors with `decoded/NAME/INDEX`."""
        return write_safetensors(
            {
                _tensor(name, index): rows
                for name, items in self.rows.items()
                for index, rows in enumerate(items)
            }
        )

    @classmethod
    def from_bytes(
        cls, data: bytes, items: int, outputs: Sequence[OutputSpec], source: str
    ) -> "DecodedGolden":
        """Read what `to_bytes` wrote.

        Args:
            data: The bytes of the file, untrusted.
            items: How many golden items there are.
            outputs: Those of the network.
            source: Where the bytes come from, for messages.

        Raises:
            BundleError: Damaged, too large, or not for this network.
        """
        decoders = {spec.name: (spec, OUTPUT_KINDS[spec.kind].decoder) for spec in outputs}
        names = {
            name: [_tensor(name, index) for index in range(items if by.per_item else 1)]
            for name, (_, by) in decoders.items()
            if by is not None
        }
        arrays = read_golden_tensors(data, set().union(*names.values()), source)
        for name, (spec, decoder) in decoders.items():
            if decoder is not None:
                for each in names[name]:
                    _check_rows(f"{source}: tensor {each!r}", arrays[each], decoder, spec.details)
        return cls({name: tuple(arrays[each] for each in own) for name, own in names.items()})

    def first_other(self, found: "DecodedGolden") -> str | None:
        """Say where a decoding of the same maps differs in a single number; None if nowhere."""
        for name, items in self.rows.items():
            for index, rows in enumerate(items):
                if not np.array_equal(rows, found.rows[name][index]):
                    return f"output '{name}', item {index}"
        return None


def _shown(golden: Golden, inputs: Sequence[InputSpec], item: int) -> Shown | None:
    if len(inputs) != 1 or inputs[0].preprocess is None:
        return None
    spec = inputs[0].preprocess
    height, width = golden.inputs[inputs[0].name][item].shape[:2]
    content = content_size(spec.fit, (height, width), (spec.height, spec.width))
    return Shown(content, (height, width))


def _tensor(name: str, index: int) -> str:
    return f"decoded/{name}/{index}"


def _check_rows(what: str, rows: np.ndarray, decoder: Decoder, details: Mapping[str, Any]) -> None:
    most = decoder.most_rows(details)
    if rows.dtype != np.float32 or rows.shape[1:] != (decoder.columns,) or len(rows) > most:
        raise BundleError(
            f"{what}: expected float32 (0 to {most}, {decoder.columns}), got {rows.dtype} "
            f"{rows.shape}"
        )
    if not np.isfinite(rows).all():
        raise BundleError(f"{what}: not all numbers are finite")
