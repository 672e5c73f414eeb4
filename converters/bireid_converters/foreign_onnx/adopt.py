"""From an ONNX file of another project to a file of a bundle.

The graph stays as it is. In front of it the axes of the image are turned, behind it the features
get unit length, and both ends get the names that the manifest has.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from bireid_runtime.errors import UnsupportedModelError

from bireid_converters.foreign_onnx.read import ForeignOnnx
from bireid_converters.named_model import Arrays

IMAGE, EMBEDDING = "image", "embedding"
# In front of every name of the foreign graph, so that none is one of ours.
_PREFIX = "net/"
_MIN_COSINE = 1 - 1e-5
_MAX_DIM = 65536
_ERRORS_ONLY = 3


@dataclass(frozen=True)
class AdoptedOnnx:
    """A file of a bundle.

    Attributes:
        data: Its bytes: `image` float32 (N, H, W, 3) to `embedding` float32 (N, D), unit length.
        dim: D.
    """

    data: bytes
    dim: int

    def run(self, inputs: Arrays) -> dict[str, np.ndarray]:
        """All outputs float32 (N, ...) by name, of prepared inputs (N, ...) by name."""
        return {EMBEDDING: _run(self.data, {IMAGE: inputs[IMAGE]}, EMBEDDING)}


def adopt_onnx(
    foreign: ForeignOnnx, source: str, metadata: Callable[[int], Mapping[str, str]]
) -> AdoptedOnnx:
    """Make a file of a bundle, and hold it against the one that it was made of.

    Args:
        foreign: The file.
        source: What errors call it.
        metadata: Keys and values for the file's `metadata_props`, given D.

    Raises:
        UnsupportedModelError: ONNX Runtime refuses it, its output is no row of features per image,
            or it takes no batch of several images.
    """
    height, width = foreign.size
    images = np.random.default_rng(0).normal(size=(2, height, width, 3)).astype(np.float32)
    turned = images.transpose(0, 3, 1, 2) if foreign.channels_first else images
    try:
        rows = [
            _run(foreign.original, {foreign.input: turned[index : index + 1]}, foreign.output)
            for index in (0, 1)
        ]
    except UnsupportedModelError as error:
        raise UnsupportedModelError(f"{source}: {error}") from error
    features = np.concatenate(rows)
    dim = features.size // 2
    # A map of one pixel is a row too.
    if len(features) != 2 or not features.shape[1] == dim <= _MAX_DIM:
        raise UnsupportedModelError(
            f"{source}: its output {foreign.output!r} is {rows[0].shape} for one image; an "
            "embedding is one row (1, D): name another by --output, or export the features"
        )
    if not np.isfinite(features).all() or not np.abs(features).reshape(2, -1).max(axis=1).all():
        raise UnsupportedModelError(f"{source}: gives features without a direction for noise")
    adopted = AdoptedOnnx(_rewritten(foreign, dim, metadata(dim)), dim)
    _require_same(adopted, images, features.reshape(2, dim), source)
    return adopted


def _rewritten(foreign: ForeignOnnx, dim: int, metadata: Mapping[str, str]) -> bytes:
    model = onnx.compose.add_prefix(foreign.model, prefix=_PREFIX)
    graph = model.graph
    taken, given = _PREFIX + foreign.input, _PREFIX + foreign.output
    node = onnx.helper.make_node
    # (N, H, W, 3) to (N, 3, H, W), or as it is.
    front = (
        node("Transpose", [IMAGE], [taken], perm=[0, 3, 1, 2])
        if foreign.channels_first
        else node("Identity", [IMAGE], [taken])
    )
    flat = f"{EMBEDDING}/row"
    behind = (
        node("Flatten", [given], [flat], axis=1),
        node("LpNormalization", [flat], [EMBEDDING], axis=1, p=2),
    )
    nodes = [front, *graph.node, *behind]
    # What exporters note of where a node comes from can be as long as a small network.
    for each in nodes:
        each.ClearField("doc_string")
        if "metadata_props" in each.DESCRIPTOR.fields_by_name:
            each.ClearField("metadata_props")
    kept = [each for each in graph.input if each.name != taken]
    del graph.node[:], graph.input[:], graph.output[:]
    # Sizes between the ends may be those of one image.
    del graph.value_info[:], model.metadata_props[:]
    graph.node.extend(nodes)
    height, width = foreign.size
    graph.input.extend([_batch(IMAGE, (height, width, 3)), *kept])
    graph.output.extend([_batch(EMBEDDING, (dim,))])
    onnx.helper.set_model_props(model, dict(metadata))
    data: bytes = model.SerializeToString(deterministic=True)
    return data


def _batch(name: str, shape: tuple[int, ...]) -> Any:
    return onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, ["batch", *shape])


def _require_same(
    adopted: AdoptedOnnx, images: np.ndarray, features: np.ndarray, source: str
) -> None:
    expected = features / np.linalg.norm(features, axis=1, keepdims=True)
    try:
        found = adopted.run({IMAGE: images})[EMBEDDING]
    except UnsupportedModelError as error:
        raise UnsupportedModelError(
            f"{source}: it takes one image at a time; export it with a batch axis that is free "
            f"({str(error)[:120]})"
        ) from error
    if found.shape != expected.shape or not (found * expected).sum(axis=1).min() > _MIN_COSINE:
        raise UnsupportedModelError(
            f"{source}: it computes something else of two images than of each; export it with a "
            "batch axis that is free"
        )


def _run(data: bytes, inputs: Arrays, output: str) -> np.ndarray:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = _ERRORS_ONLY
    try:
        session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
        (result,) = session.run([output], dict(inputs))
    # Its exceptions share no base class below Exception.
    except Exception as error:
        reason = str(error).strip().splitlines()[0]
        raise UnsupportedModelError(f"ONNX Runtime refuses it: {reason}") from error
    return np.asarray(result)
