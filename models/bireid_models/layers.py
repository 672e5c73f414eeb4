"""The 1-bit convolution and what else a binary Re-ID network needs beyond Keras."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pkgutil import resolve_name
from typing import Any

from bireid_models.binarizations import BINARIZATIONS, SURROGATES, Binarization
from bireid_models.binarizations.base import Matrix
from bireid_models.framework import keras, larq, tf
from bireid_models.surrogates import Progressive


@dataclass(frozen=True)
class BinaryDeclaration:
    """What a binary layer promises, for the converter to check against the file it wrote.

    Attributes:
        name: Keras layer name.
        kernel_shape: (height, width, input channels, output channels).
        strides: (vertical, horizontal).
        padding: `same` or `valid`.
        pad_value: Value outside the map for `same`: 1 or 0.
        input_shape: (height, width, channels) of the input map.
        output_shape: (height, width, channels) of the output map.
    """

    name: str
    kernel_shape: tuple[int, int, int, int]
    strides: tuple[int, int]
    padding: str
    pad_value: float
    input_shape: tuple[int, int, int]
    output_shape: tuple[int, int, int]


class _PreparedSign:
    """The sign of a kernel that is prepared first; not for activations."""

    def __init__(self, prepare: Callable[[Any], Any], sign: Callable[[Any], Any]) -> None:
        self._prepare = prepare
        self._sign = sign

    def __call__(self, kernel: Any) -> Any:
        return self._sign(self._prepare(kernel))

    def set_progress(self, fraction: float) -> None:
        _set_progress(self._sign, fraction)


class _SignConv2D(larq.layers.QuantConv2D):
    """What the convolutions of 1-bit activations share."""

    def set_progress(self, fraction: float) -> None:
        """Tell surrogate gradients that change in training how much of it is done, 0 to 1."""
        for quantizer in (self.input_quantizer, self.kernel_quantizer):
            _set_progress(quantizer, fraction)


class SignKernelConv2D(_SignConv2D):
    """What convolutions with 1-bit kernels share: latent kernel, its signs, their scale.

    Attributes:
        binarization: How the kernel becomes 1-bit.
        alpha: Variable `(filters,)` of the scale; None if the binarization learns none.
        matrix: Variable C, which broadcasts against the kernel; None if there is none.
    """

    def __init__(
        self,
        filters: int,
        kernel_size: int,
        *,
        binarization: Binarization,
        kernel_surrogate: str,
        activation_surrogate: str | None,
        **kwargs: Any,
    ) -> None:
        # First, for Keras numbers quantizers, and those numbers reach the converted file.
        kernel_quantizer = _kernel_quantizer(binarization, kernel_surrogate)
        sign = None if activation_surrogate is None else resolve_name(activation_surrogate)()
        super().__init__(
            filters,
            kernel_size,
            kernel_quantizer=kernel_quantizer,
            input_quantizer=sign,
            kernel_constraint="weight_clip",
            use_bias=False,
            **kwargs,
        )
        self.binarization = binarization
        self.alpha: Any = None
        self.matrix: Any = None

    def build(self, input_shape: Any) -> None:
        """Create the latent kernel and, if the binarization learns them, alpha or C."""
        super().build(input_shape)
        if self.binarization.learned_alpha:
            self.alpha = self.add_weight(name="alpha", shape=(self.filters,), initializer="ones")
        if self.binarization.matrix is not None:
            shape = _matrix_shape(self.binarization.matrix, self.kernel.shape)
            self.matrix = self.add_weight(name="matrix", shape=shape, initializer="ones")

    @property
    def learned_scale(self) -> Any:
        """Alpha or C, whichever the binarization learns; None if neither."""
        return self.alpha if self.matrix is None else self.matrix

    def output_scale(self) -> Any:
        """The factor behind the convolution of signs, `(filters,)`, with the scale's gradient.

        Of a layer with a matrix it is the mean of that, which a device multiplies with.
        """
        kernel = tf.convert_to_tensor(self.kernel)
        if self.binarization.kernel_preparation is not None:
            kernel = resolve_name(self.binarization.kernel_preparation)(kernel)
        learned = self.learned_scale
        alpha = None if learned is None else tf.convert_to_tensor(learned)
        return resolve_name(self.binarization.scale)(kernel, alpha)

    def binary_kernel(self) -> Any:
        """The signs of the prepared w, (height, width, in, out), with the surrogate's gradient."""
        return self.kernel_quantizer(tf.convert_to_tensor(self.kernel))


class BinaryConv2D(SignKernelConv2D):
    """1-bit convolution with a factor per output channel, eq. 6.8.

    `y = scale * (sign(x) (*) sign(w))`, with sign(0) = +1. `Binarization` says what the scale is
    and what gradients sign has. The latent kernel w is clipped to [-1, 1] after each update. The
    code of Bi-Real Net and ReActNet leaves the scale out of the gradient of w; here it stays in,
    which Adam evens out.

    Args:
        filters: Output channels.
        kernel_size: Height and width of the kernel.
        binarization: Scale and surrogates.
        kernel_surrogate: Name in `SURROGATES`, where the binarization leaves it open.
        pad_values: Value outside the map for `same` padding. 1 is the default because it is exact
            in every engine; 0 is not on maps under 3 pixels.
        **kwargs: Passed on to `larq.layers.QuantConv2D` (strides, padding, name).

    With `Binarization.matrix` it is `y = sign(x) (*) (sign(w) o C)`, the RBConv of RBCN, in
    training; a device needs one number per channel, see `bireid_models.deploying`.
    """

    def __init__(
        self,
        filters: int,
        kernel_size: int,
        *,
        binarization: Binarization = BINARIZATIONS["bireid"],
        kernel_surrogate: str = "poly",
        pad_values: float = 1.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            filters,
            kernel_size,
            binarization=binarization,
            kernel_surrogate=kernel_surrogate,
            activation_surrogate=binarization.activation_surrogate,
            pad_values=pad_values,
            **kwargs,
        )

    def call(self, inputs: Any) -> Any:
        """Map (N, H, W, C) to (N, H', W', filters)."""
        if self.matrix is not None:
            return self._rectified(inputs)
        return super().call(inputs) * self.output_scale()

    def _rectified(self, inputs: Any) -> Any:
        """RBConv, eq. 3.66."""
        signs = self.input_quantizer(inputs)
        if self.padding == "same":
            around = self._get_padding_same(signs)
            signs = tf.pad(signs, around, constant_values=self.pad_values)
        kernel = self.binary_kernel() * tf.convert_to_tensor(self.matrix)
        return tf.nn.conv2d(signs, kernel, self.strides, "VALID")

    def declaration(self) -> BinaryDeclaration:
        """What this layer promises; the layer must be part of a built functional model."""
        height, width, channels, filters = self.kernel.shape
        return BinaryDeclaration(
            name=self.name,
            kernel_shape=(height, width, channels, filters),
            strides=tuple(self.strides),
            padding=self.padding,
            pad_value=float(self.pad_values),
            input_shape=_map_shape(self.input_shape),
            output_shape=_map_shape(self.output_shape),
        )


def _matrix_shape(matrix: Matrix, kernel: tuple[int, ...]) -> tuple[int, int, int, int]:
    height, width, channels, _ = kernel
    return {
        "filter": (height, width, channels, 1),
        "kernel": (height, width, 1, 1),
        "scalar": (1, 1, 1, 1),
    }[matrix]


def _map_shape(shape: tuple[int | None, ...]) -> tuple[int, int, int]:
    _, height, width, channels = shape
    assert height is not None
    assert width is not None
    assert channels is not None
    return height, width, channels


class BinaryActivationConv2D(_SignConv2D):
    """Real-valued convolution of 1-bit activations, `y = sign(x) (*) w`.

    It is what the first of two training stages trains in the place of `BinaryConv2D`, with the same
    name of its kernel, so that the second stage starts from it.

    Args:
        filters: Output channels.
        kernel_size: Height and width of the kernel.
        binarization: Its surrogate for activations is used.
        pad_values: Value outside the map for `same` padding.
        **kwargs: Passed on to `larq.layers.QuantConv2D` (strides, padding, name).
    """

    def __init__(
        self,
        filters: int,
        kernel_size: int,
        *,
        binarization: Binarization = BINARIZATIONS["bireid"],
        pad_values: float = 1.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            filters,
            kernel_size,
            input_quantizer=resolve_name(binarization.activation_surrogate)(),
            use_bias=False,
            pad_values=pad_values,
            **kwargs,
        )


class BinaryWeightConv2D(SignKernelConv2D):
    """Convolution of real-valued activations with a 1-bit kernel, `y = scale * (x (*) sign(w))`.

    Binary-Weight-Networks of Rastegari et al., XNOR-Net, ECCV 2016, eq. 1 and 5. The kernel is
    +scale and -scale in each channel, which a coder of 8-bit weights stores in about one bit.

    Args:
        filters: Output channels.
        kernel_size: Height and width of the kernel.
        binarization: Scale and surrogate of the kernel; one without a matrix.
        kernel_surrogate: Name in `SURROGATES`, where the binarization leaves it open.
        **kwargs: Passed on to `larq.layers.QuantConv2D` (strides, padding, name).
    """

    def __init__(
        self,
        filters: int,
        kernel_size: int,
        *,
        binarization: Binarization = BINARIZATIONS["bireid"],
        kernel_surrogate: str = "poly",
        **kwargs: Any,
    ) -> None:
        super().__init__(
            filters,
            kernel_size,
            binarization=binarization,
            kernel_surrogate=kernel_surrogate,
            activation_surrogate=None,
            **kwargs,
        )

    def call(self, inputs: Any) -> Any:
        """Map (N, H, W, C) to (N, H', W', filters)."""
        return super().call(inputs) * self.output_scale()

    def deployed_kernel(self) -> Any:
        """The kernel of a plain convolution that computes the same, (height, width, in, out)."""
        return self.binary_kernel() * self.output_scale()


class UnitNormalize(keras.layers.Layer):
    """Scale each row to unit Euclidean length."""

    def call(self, inputs: Any) -> Any:
        """Map (N, D) to (N, D)."""
        return tf.math.l2_normalize(inputs, axis=-1)


def binary_layers(model: Any) -> list[BinaryConv2D]:
    """The binary layers of a Keras model, from input to output, those inside its layers too."""
    return [layer for layer in _layers(model) if isinstance(layer, BinaryConv2D)]


def latent_layers(model: Any) -> list[SignKernelConv2D]:
    """The layers of a Keras model whose kernels are 1-bit, whatever their activations are."""
    return [layer for layer in _layers(model) if isinstance(layer, SignKernelConv2D)]


def set_progress(model: Any, fraction: float) -> None:
    """Tell surrogate gradients that change in training how much of it is done.

    Args:
        model: Keras model.
        fraction: Share of the training, 0 to 1.
    """
    for layer in _layers(model):
        if isinstance(layer, _SignConv2D):
            layer.set_progress(fraction)


def _layers(model: Any) -> Iterator[Any]:
    """The layers of a model, and those of the models that a layer says it consists of."""
    for layer in model.layers:
        yield layer
        for inner in getattr(layer, "inner_models", ()):
            yield from _layers(inner)


def _set_progress(sign: Any, fraction: float) -> None:
    if isinstance(sign, Progressive):
        sign.set_progress(fraction)


def _kernel_quantizer(binarization: Binarization, kernel_surrogate: str) -> Any:
    sign = resolve_name(binarization.kernel_surrogate or SURROGATES[kernel_surrogate])()
    if binarization.kernel_preparation is None:
        return sign
    return _PreparedSign(resolve_name(binarization.kernel_preparation), sign)
