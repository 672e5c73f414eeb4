"""The table of file formats that a network can be converted to."""

import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, cast

from bireid_runtime.backends import BACKENDS
from bireid_runtime.suggestions import hint

from bireid_converters.errors import ConversionError
from bireid_converters.ethos_u.configurations import CONFIGURATIONS

if TYPE_CHECKING:
    from bireid_converters.audit import Audit
    from bireid_converters.exported import Exported
    from bireid_converters.float_constants import FloatConstant
    from bireid_converters.parity.converted_file import ConvertedFile
    from bireid_converters.parity.report import GateReport


@dataclass(frozen=True)
class Format:
    """One file format.

    Attributes:
        name: What a user types.
        file_name: Name of the file in a bundle.
        precision: Whether it holds the `binary` network or its `real`-valued counterpart.
        exporter: `module:function` that turns a `NamedModel`, or the bytes of the file that it is
            compiled from, into bytes or an `Exported`; imported on use.
        help: One line for a person who chooses.
        takes: Names of the keyword arguments of the exporter: `metadata`, `representative`,
            `configuration`.
        opener: `module:class` of the `ConvertedFile` that the parity gate takes such a file apart
            with; None for a file that does not compute what Keras computes, such as one that is
            quantised after training.
        compiled_from: Name of the format, further up in the table, whose file the exporter takes
            in the place of the network.
        configurations: What a person may choose from for the exporter; the first one is taken if
            nobody chooses.
        check: `module:function` that holds a file without an `opener` to the network.
        audit: `module:function` that says what the bytes of such a file hold, layer by layer; None
            for a file without layers.
        constants: `module:function` that finds the float constants in the bytes of such a file, so
            that it can be patched for a camera; None where they depend on more than the network.
        extra: The extra of bireid-deploy that writing and checking such a file needs, beside the
            one for training.
        runs_here: Whether an engine of a workstation runs such a file; False of one for a chip or
            another compiler.
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
    compiled_from: str | None = None
    configurations: tuple[str, ...] = ()
    check: str | None = None
    audit: str | None = None
    constants: str | None = None
    extra: str | None = None
    runs_here: bool = True
    default: bool = False
    on_trial: bool = False
    peer: bool = False

    @property
    def backends(self) -> tuple[str, ...]:
        """Names of the back ends of the runtime that read the format."""
        return tuple(backend.name for backend in BACKENDS if self.name in backend.formats)

    def load_exporter(self) -> "Callable[..., bytes | Exported]":
        """Import the exporter, which imports TensorFlow."""
        return cast("Callable[..., bytes | Exported]", _load(self.exporter))

    def load_check(self) -> "Callable[..., GateReport]":
        """Import the check; there must be one."""
        assert self.check is not None
        return cast("Callable[..., GateReport]", _load(self.check))

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
        check="bireid_converters.parity.quantised:check_quantised",
        audit="bireid_converters.audit:audit_tflite",
        on_trial=True,
        peer=True,
    ),
    Format(
        name="ethos-u",
        file_name="model.ethos-u.tflite",
        precision="real",
        exporter="bireid_converters.ethos_u.compile:compile_ethos_u",
        help="int8, compiled by Vela for Arm's Ethos-U",
        takes=("configuration",),
        compiled_from="int8",
        configurations=tuple(CONFIGURATIONS),
        extra="vela",
        runs_here=False,
    ),
    Format(
        name="qonnx",
        file_name="model.qonnx.onnx",
        precision="binary",
        exporter="bireid_converters.onnx_export.bipolar:export_bipolar",
        help="QONNX for FINN and hls4ml: 1-bit operands by BipolarQuant",
        takes=("metadata",),
        opener="bireid_converters.parity.qonnx_file:QonnxFile",
        audit="bireid_converters.audit:audit_onnx",
        extra="qonnx",
        runs_here=False,
    ),
)

# What a network that was never 1-bit becomes unless a person chooses.
REAL_FORMATS = tuple(
    entry.name for entry in FORMATS if entry.precision == "real" and entry.backends
)

# Files for a chip or for another compiler.
ELSEWHERE = frozenset(entry.name for entry in FORMATS if not entry.runs_here)


def find_format(name: str) -> Format:
    """The format of this name.

    Raises:
        ConversionError: No format has this name.
    """
    formats = {entry.name: entry for entry in FORMATS}
    if name in formats:
        return formats[name]
    raise ConversionError(f"there is no format {name!r}; {hint(name, formats)}")


def configurations_of(chosen: Sequence[Format], wanted: str | None) -> dict[str, str]:
    """The configuration of every format that has several, by its name.

    Args:
        chosen: Formats that are written.
        wanted: What a person chose; None takes the first one.

    Raises:
        ConversionError: No format that is written has it.
    """
    several = [entry for entry in chosen if entry.configurations]
    found = {entry.name: wanted or entry.configurations[0] for entry in several}
    if wanted is None:
        return found
    if not several:
        having = [entry.name for entry in FORMATS if entry.configurations]
        raise ConversionError(
            f"configuration {wanted!r} belongs to no format that is written; add the format "
            f"{' or '.join(having)}, or leave it out"
        )
    for entry in several:
        if wanted not in entry.configurations:
            raise ConversionError(
                f"{entry.name} has no configuration {wanted!r}; "
                f"{hint(wanted, entry.configurations)}"
            )
    return found


def _load(reference: str) -> Any:
    module, _, name = reference.partition(":")
    return getattr(importlib.import_module(module), name)
