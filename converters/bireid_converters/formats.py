"""The table of file formats that a network can be converted to."""

import difflib
import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from bireid_runtime.backends import BACKENDS

from bireid_converters.errors import ConversionError


@dataclass(frozen=True)
class Format:
    """One file format.

    Attributes:
        name: What a user types.
        file_name: Name of the file in a bundle.
        precision: Whether it holds the `binary` network or its `real`-valued counterpart.
        exporter: `module:function` that turns a network into bytes, imported on use.
        takes: Names of the keyword arguments of the exporter: `metadata`, `representative`.
        parity: What the parity gate calls such a file; None for a file that is quantised after
            training, which does not compute what Keras computes.
        help: One line for a person who chooses.
    """

    name: str
    file_name: str
    precision: Literal["binary", "real"]
    exporter: str
    takes: tuple[str, ...]
    parity: str | None
    help: str

    @property
    def backends(self) -> tuple[str, ...]:
        """Names of the back ends of the runtime that read the format."""
        return tuple(backend.name for backend in BACKENDS if backend.format == self.name)

    def load_exporter(self) -> Callable[..., bytes]:
        """Import the exporter, which imports TensorFlow."""
        module, function = self.exporter.split(":")
        exporter: Callable[..., bytes] = getattr(importlib.import_module(module), function)
        return exporter


FORMATS = (
    Format(
        name="lce",
        file_name="model.lce.tflite",
        precision="binary",
        exporter="bireid_converters.lce:export_lce",
        takes=(),
        parity="lce",
        help="Larq Compute Engine flatbuffer: 1-bit weights and arithmetic",
    ),
    Format(
        name="onnx",
        file_name="model.onnx",
        precision="binary",
        exporter="bireid_converters.onnx_export:export_onnx",
        takes=("metadata",),
        parity="onnx",
        help="standard ONNX operators: weights stored as bits, float arithmetic",
    ),
    Format(
        name="float-onnx",
        file_name="model.float.onnx",
        precision="real",
        exporter="bireid_converters.onnx_export:export_onnx",
        takes=("metadata",),
        parity="onnx",
        help="the real-valued counterpart in ONNX, to compare with",
    ),
    Format(
        name="int8",
        file_name="model.int8.tflite",
        precision="real",
        exporter="bireid_converters.int8:export_int8",
        takes=("representative",),
        parity=None,
        help="the real-valued counterpart in 8-bit integers (TensorFlow Lite), to compare with",
    ),
)


def find_format(name: str) -> Format:
    """The format of this name.

    Raises:
        ConversionError: No format has this name.
    """
    formats = {entry.name: entry for entry in FORMATS}
    if name in formats:
        return formats[name]
    close = difflib.get_close_matches(name, formats, n=1)
    hint = f"did you mean {close[0]}?" if close else f"choose one of: {', '.join(formats)}"
    raise ConversionError(f"there is no format {name!r}; {hint}")
