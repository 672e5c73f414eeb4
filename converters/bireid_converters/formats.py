"""The table of file formats that a network can be converted to."""

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, cast

from bireid_runtime.backends import BACKENDS
from bireid_runtime.suggestions import hint

from bireid_converters.errors import ConversionError

if TYPE_CHECKING:
    from bireid_converters.audit import Audit
    from bireid_converters.float_constants import FloatConstant
    from bireid_converters.parity.converted_file import ConvertedFile


@dataclass(frozen=True)
class Format:
    """One file format.

    Attributes:
        name: What a user types.
        file_name: Name of the file in a bundle.
        precision: Whether it holds the `binary` network or its `real`-valued counterpart.
        exporter: `module:function` that turns a `NamedModel` into bytes, imported on use.
        help: One line for a person who chooses.
        takes: Names of the keyword arguments of the exporter: `metadata`, `representative`.
        opener: `module:class` of the `ConvertedFile` that the parity gate takes such a file apart
            with; None for a file that does not compute what Keras computes, such as one that is
            quantised after training.
        audit: `module:function` that says what the bytes of such a file hold, layer by layer; None
            for a file without layers.
        constants: `module:function` that finds the float constants in the bytes of such a file, so
            that it can be patched for a camera; None where they depend on more than the network.
        default: Whether it is written unless a person chooses.
        on_trial: Whether an imported network's file is opened, run and timed before it goes in.
        peer: Whether it stands for the real-valued counterpart where a 1-bit network is compared.
    """

    name: str
    file_name: str
    precision: Literal["binary", "real"]
    exporter: str
    help: str
    takes: tuple[str, ...] = ()
    opener: str | None = None
    audit: str | None = None
    constants: str | None = None
    default: bool = False
    on_trial: bool = False
    peer: bool = False

    @property
    def backends(self) -> tuple[str, ...]:
        """Names of the back ends of the runtime that read the format."""
        return tuple(backend.name for backend in BACKENDS if self.name in backend.formats)

    def load_exporter(self) -> Callable[..., bytes]:
        """Import the exporter, which imports TensorFlow."""
        return cast(Callable[..., bytes], _load(self.exporter))

    def load_audit(self) -> "Callable[[bytes], Audit]":
        """Import the audit.

        Raises:
            ConversionError: There is nothing to audit in such a file.
        """
        if self.audit is None:
            raise ConversionError(f"files of the format {self.name} have no layers to audit")
        return cast("Callable[[bytes], Audit]", _load(self.audit))

    def find_constants(self, data: bytes) -> "tuple[FloatConstant, ...]":
        """Find the float constants of a file, in the order of their offsets.

        Args:
            data: Bytes of the file.

        Raises:
            ConversionError: Such a file cannot be patched.
            UnsupportedModelError: The file is damaged.
        """
        if self.constants is None:
            raise ConversionError(f"files of the format {self.name} cannot be adapted to cameras")
        return cast("tuple[FloatConstant, ...]", _load(self.constants)(data))

    def open(self, data: bytes) -> "ConvertedFile":
        """Open a file for the parity gate, in the engine that runs it.

        Args:
            data: Bytes of the file.

        Raises:
            ConversionError: The gate cannot check such a file.
            UnsupportedModelError: The file is damaged, or its engine cannot load it.
        """
        if self.opener is None:
            raise ConversionError(f"the parity gate cannot check files of the format {self.name}")
        return cast("ConvertedFile", _load(self.opener)(data))


FORMATS = (
    Format(
        name="lce",
        file_name="model.lce.tflite",
        precision="binary",
        exporter="bireid_converters.lce:export_lce",
        help="Larq Compute Engine flatbuffer: 1-bit weights and arithmetic",
        opener="bireid_converters.parity.lce_file:LceFile",
        audit="bireid_converters.audit:audit_lce",
        constants="bireid_converters.float_constants:tflite_constants",
        default=True,
    ),
    Format(
        name="onnx",
        file_name="model.onnx",
        precision="binary",
        exporter="bireid_converters.onnx_export:export_onnx",
        help="standard ONNX operators: weights stored as bits, float arithmetic",
        takes=("metadata",),
        opener="bireid_converters.parity.onnx_file:OnnxFile",
        audit="bireid_converters.audit:audit_onnx",
        constants="bireid_converters.float_constants:onnx_constants",
        default=True,
    ),
    Format(
        name="float",
        file_name="model.float.tflite",
        precision="real",
        exporter="bireid_converters.float_tflite:export_float",
        help="the real-valued counterpart in TensorFlow Lite, to compare with",
        opener="bireid_converters.parity.lce_file:LceFile",
        audit="bireid_converters.audit:audit_tflite",
        constants="bireid_converters.float_constants:tflite_constants",
    ),
    Format(
        name="float-onnx",
        file_name="model.float.onnx",
        precision="real",
        exporter="bireid_converters.onnx_export:export_onnx",
        help="the real-valued counterpart in ONNX, to compare with",
        takes=("metadata",),
        opener="bireid_converters.parity.onnx_file:OnnxFile",
        audit="bireid_converters.audit:audit_onnx",
        constants="bireid_converters.float_constants:onnx_constants",
        peer=True,
    ),
    Format(
        name="int8",
        file_name="model.int8.tflite",
        precision="real",
        exporter="bireid_converters.int8:export_int8",
        help="the real-valued counterpart in 8-bit integers (TensorFlow Lite), to compare with",
        takes=("representative",),
        audit="bireid_converters.audit:audit_tflite",
        on_trial=True,
        peer=True,
    ),
)

# What a network that was never 1-bit becomes unless a person chooses.
REAL_FORMATS = tuple(
    entry.name for entry in FORMATS if entry.precision == "real" and entry.backends
)


def find_format(name: str) -> Format:
    """The format of this name.

    Raises:
        ConversionError: No format has this name.
    """
    formats = {entry.name: entry for entry in FORMATS}
    if name in formats:
        return formats[name]
    raise ConversionError(f"there is no format {name!r}; {hint(name, formats)}")


def _load(reference: str) -> Any:
    module, _, name = reference.partition(":")
    return getattr(importlib.import_module(module), name)
