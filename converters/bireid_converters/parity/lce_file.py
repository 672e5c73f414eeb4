"""A Larq Compute Engine flatbuffer under the parity gate."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from bireid_models import framework  # noqa: F401  (Keras 2 before LCE imports TensorFlow)
from bireid_runtime.errors import UnsupportedModelError
from larq_compute_engine.tflite.python.interpreter import Interpreter

from bireid_converters.audit.tflite import keras_layers, reason_for_float
from bireid_converters.flatbuffer import (
    Operator,
    Tensor,
    ordered_names,
    read_tflite,
    unpack_signs,
)
from bireid_converters.flatbuffer_edit import cut_binary_convolution, with_outputs
from bireid_converters.named_model import Arrays
from bireid_converters.parity.converted_file import ConvertedLayer
from bireid_converters.parity.reference import BinaryReference


class LceFile:
    """See `ConvertedFile`."""

    def __init__(self, data: bytes) -> None:
        self._model = read_tflite(data)
        self._operators: dict[str, Operator] = {}

    @property
    def binary_operators(self) -> int:
        """How many operators of the file compute in 1 bit."""
        return len(self._binary_convolutions())

    def find(self, references: Sequence[BinaryReference]) -> Mapping[str, str]:
        """Find the binary layers: by their kernel, and those whose kernel is damaged by name.

        The name is that of the Keras layer in the tensor of signs that the operator reads, or in
        its output where the converter let two layers share their signs.
        """
        free = self._binary_convolutions()
        for matches in (self._has_kernel, self._has_name):
            for reference in references:
                if reference.name in self._operators:
                    continue
                operator = _first(free, reference, matches)
                if operator is not None:
                    self._operators[reference.name] = operator
                    free.remove(operator)
        return {
            reference.name: self._reason_for_float(reference)
            for reference in references
            if reference.name not in self._operators
        }

    def layer(self, name: str) -> ConvertedLayer:
        """A binary layer that was found."""
        operator = self._operators[name]
        signs = self._signs(operator)
        if self._writes_bits(operator):
            thresholds = self._model.operand(operator, 4).value()
            return ConvertedLayer(signs, thresholds=thresholds)
        multiplier, bias = (self._model.operand(operator, index).value() for index in (2, 3))
        return ConvertedLayer(signs, multiplier, bias)

    def sums(self, inputs: Mapping[str, np.ndarray]) -> Mapping[str, np.ndarray]:
        """Integer sums of binary layers that were found, each alone."""
        return {
            name: _run(cut_binary_convolution(self._model, self._operators[name]), [signs])[0]
            for name, signs in inputs.items()
        }

    def run(self, inputs: Arrays) -> Mapping[str, np.ndarray]:
        """Map float32 (N, ...) by input to float32 (N, ...) by output, by the file's signature."""
        names = ordered_names(self._model.signature.outputs, self._model.outputs)
        return dict(zip(names, _run(self._model.data, self._ordered(inputs)), strict=True))

    def layer_outputs(
        self, layers: Mapping[str, tuple[int, ...]], inputs: Arrays
    ) -> Mapping[str, np.ndarray]:
        """Outputs of inner layers; a batch normalisation takes two operators, the last one wins."""
        tensors: dict[str, Tensor] = {}
        for operator in self._model.operators:
            tensor = self._model.tensors[operator.outputs[0]]
            for name in keras_layers(tensor.name)[:1]:
                if tensor.dtype == "float32" and tensor.shape[1:] == layers.get(name):
                    tensors[name] = tensor
        if not tensors:
            return {}
        data = with_outputs(self._model, [tensor.index for tensor in tensors.values()])
        return dict(zip(tensors, _run(data, self._ordered(inputs)), strict=True))

    def _ordered(self, inputs: Arrays) -> list[np.ndarray]:
        names = ordered_names(self._model.signature.inputs, self._model.inputs)
        if sorted(names) != sorted(inputs):
            raise UnsupportedModelError(
                f"the .tflite file takes {', '.join(names)}, not {', '.join(inputs)}; was it "
                "converted from another network?"
            )
        return [inputs[name] for name in names]

    def _binary_convolutions(self) -> list[Operator]:
        return [each for each in self._model.operators if each.name == "LceBconv2d"]

    def _writes_bits(self, operator: Operator) -> bool:
        return self._model.tensors[operator.outputs[0]].dtype == "int32"

    def _signs(self, operator: Operator) -> np.ndarray:
        """int8 (height, width, in, out)."""
        words = self._model.operand(operator, 1).value()
        return unpack_signs(words, operator.options["channels_in"]).transpose(1, 2, 3, 0)

    def _has_name(self, operator: Operator, reference: BinaryReference) -> bool:
        tensors = (operator.inputs[0], operator.outputs[0])
        names = [
            name for index in tensors for name in keras_layers(self._model.tensors[index].name)
        ]
        return (
            reference.name in names
            and self._signs(operator).shape == reference.declaration.kernel_shape
        )

    def _has_kernel(self, operator: Operator, reference: BinaryReference) -> bool:
        return _equal_up_to_channel_signs(self._signs(operator), reference.signs)

    def _reason_for_float(self, reference: BinaryReference) -> str:
        for operator in self._model.operators:
            if operator.name != "CONV_2D":
                continue
            kernel = self._model.operand(operator, 1)
            if kernel.dtype != "float32" or kernel.constant is None or kernel.constant.ndim != 4:
                continue
            signs = np.where(kernel.constant >= 0, 1, -1).transpose(1, 2, 3, 0)
            if _equal_up_to_channel_signs(signs, reference.signs):
                return f"a float CONV_2D carries it: {reason_for_float(self._model, operator)}"
        return "no operator of the file holds its kernel"


def _first(
    operators: list[Operator],
    reference: BinaryReference,
    matches: Callable[[Operator, BinaryReference], bool],
) -> Operator | None:
    return next((operator for operator in operators if matches(operator, reference)), None)


def _equal_up_to_channel_signs(found: np.ndarray, expected: np.ndarray) -> bool:
    """A negative scale may have been moved into the kernel of its output channel."""
    if found.shape != expected.shape:
        return False
    same = np.all(found == expected, axis=(0, 1, 2))
    opposite = np.all(found == -expected, axis=(0, 1, 2))
    return bool(np.all(same | opposite))


def _run(data: bytes, inputs: list[np.ndarray]) -> list[np.ndarray]:
    """All outputs of a flatbuffer, each (N, ...), for its inputs float32 (N, ...)."""
    # RuntimeError and ValueError are all that its C++ side raises.
    try:
        interpreter = Interpreter(data, num_threads=1, use_indirect_bgemm=True)
        expected = [tuple(shape[1:]) for shape in interpreter.input_shapes]
    except (RuntimeError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise UnsupportedModelError(
            f"Larq Compute Engine cannot load the .tflite file ({reason}); convert the network "
            "again"
        ) from error
    given = [each.shape[1:] for each in inputs]
    if expected != given:
        raise UnsupportedModelError(
            f"the .tflite file takes inputs of shape {expected}, not {given}; check the input size "
            "of the network that it was converted from"
        )
    outputs = interpreter.predict(inputs if len(inputs) > 1 else inputs[0])
    return outputs if isinstance(outputs, list) else [outputs]
