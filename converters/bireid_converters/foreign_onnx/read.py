"""What an ONNX file of another project takes and gives."""

from dataclasses import dataclass
from typing import Any

import onnx
from bireid_runtime.errors import UnsupportedModelError
from bireid_runtime.onnx_operators import require_known_operators
from bireid_runtime.suggestions import hint
from google.protobuf.message import DecodeError

from bireid_converters.foreign_onnx.expansion import REPLACED, drop_unused, replace_expansions

_COLOURS = 3
_FLOAT = 1


@dataclass(frozen=True)
class ForeignOnnx:
    """A file that was looked into.

    Attributes:
        model: The `onnx.ModelProto`, of operators that a device runs.
        original: Bytes of the file before any were replaced, as safe to run.
        input: Name of its image.
        channels_first: Whether that is (N, 3, H, W), as PyTorch has it, or (N, H, W, 3).
        size: Height and width of its images.
        output: Name of its features.
        rank: Axes of the features as the file declares them; None if it does not.
    """

    model: Any
    original: bytes
    input: str
    channels_first: bool
    size: tuple[int, int]
    output: str
    rank: int | None


def read_onnx(
    data: bytes, source: str, *, size: tuple[int, int] | None = None, output: str | None = None
) -> ForeignOnnx:
    """Look into a file; nothing of it is run.

    Args:
        data: Its bytes, untrusted.
        source: What errors call it.
        size: Height and width of its images; None for those that the file declares.
        output: Name of its features; None if there is one output alone.

    Raises:
        UnsupportedModelError: It is no ONNX file, may run for ever, takes anything else than one
            float32 image, or has no such output; one line that says what to do.
    """
    require_known_operators(data, source, REPLACED)
    model = parse_onnx(data, source)
    weights = {each.name for each in model.graph.initializer}
    images = [each for each in model.graph.input if each.name not in weights]
    if len(images) != 1:
        names = ", ".join(each.name for each in images) or "none"
        raise UnsupportedModelError(f"{source}: takes the inputs {names}; it must be one image")
    extents = _extents(images[0])
    if _type(images[0]) != _FLOAT or extents is None or len(extents) != 4:
        raise UnsupportedModelError(
            f"{source}: its input {images[0].name!r} is no float32 (N, 3, H, W) or (N, H, W, 3); "
            "export it in float32 with one image as its input"
        )
    channels_first = extents[1] == _COLOURS
    if not channels_first and extents[3] != _COLOURS:
        raise UnsupportedModelError(f"{source}: its input {extents} is no image of 3 channels")
    declared = extents[2:] if channels_first else extents[1:3]
    chosen = _output(model, source, output)
    size = _size(declared, size, source)
    if any(("", node.op_type) in REPLACED for node in model.graph.node):
        # What nothing needs is not looked into, so it is not run either.
        drop_unused(model.graph)
        data = model.SerializeToString()
        one = (_COLOURS, *size) if channels_first else (*size, _COLOURS)
        replace_expansions(model, images[0].name, one)
        require_known_operators(model.SerializeToString(), source)
    shape = _extents(chosen)
    return ForeignOnnx(
        model,
        data,
        images[0].name,
        channels_first,
        size,
        chosen.name,
        None if shape is None else len(shape),
    )


def parse_onnx(data: bytes, source: str) -> Any:
    """The `onnx.ModelProto` of a file.

    Raises:
        UnsupportedModelError: It is none.
    """
    try:
        return onnx.load_model_from_string(data)
    except (DecodeError, ValueError) as error:
        raise UnsupportedModelError(f"{source}: damaged .onnx file ({error})") from error


def _extents(value: Any) -> list[int | None] | None:
    """Its axes, None where the file leaves one open; None if it says nothing."""
    kind = value.type.tensor_type
    if not kind.HasField("shape"):
        return None
    return [axis.dim_value if axis.HasField("dim_value") else None for axis in kind.shape.dim]


def _type(value: Any) -> int:
    return int(value.type.tensor_type.elem_type)


def _size(
    declared: list[int | None], asked: tuple[int, int] | None, source: str
) -> tuple[int, int]:
    height, width = declared
    if asked is None:
        if height is None or width is None:
            raise UnsupportedModelError(
                f"{source}: does not say how large its images are; give --size, such as 256x128"
            )
        return height, width
    if any(own not in (None, wanted) for own, wanted in zip(declared, asked, strict=True)):
        raise UnsupportedModelError(
            f"{source}: takes images of {height}x{width}, not of {asked[0]}x{asked[1]}"
        )
    return asked


def _output(model: Any, source: str, name: str | None) -> Any:
    by_name = {each.name: each for each in model.graph.output}
    if name is None and len(by_name) == 1:
        name = next(iter(by_name))
    if name is None:
        raise UnsupportedModelError(
            f"{source}: gives {', '.join(by_name)}; say which one is the embedding by --output"
        )
    if name not in by_name:
        raise UnsupportedModelError(f"{source}: has no output {name!r}; {hint(name, by_name)}")
    chosen = by_name[name]
    if _type(chosen) != _FLOAT:
        raise UnsupportedModelError(f"{source}: its output {name!r} is not float32")
    return chosen
