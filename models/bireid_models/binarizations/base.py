"""What a binarization knows: quantisers, scale, and the wiring of a unit around them.

Functions that need TensorFlow stand here as references `module:name`, which are resolved when a
layer is built, so that reading a table of binarizations costs nothing.
"""

from dataclasses import dataclass
from typing import Literal

Order = Literal["fused", "paper", "norm_first"]
Matrix = Literal["filter", "kernel", "scalar"]

# Gradients of sign that `NetworkConfig.kernel_surrogate` may choose from.
SURROGATES = {
    "poly": "bireid_models.surrogates:poly",
    "clip": "bireid_models.surrogates:clip",
}

PRELU = "bireid_models.nonlinearities:prelu"


@dataclass(frozen=True)
class Binarization:
    """How kernels and activations become 1-bit, and how the layers around them are wired.

    Attributes:
        scale: Reference of a function `(kernel, alpha) -> (filters,)`, the factor per output
            channel behind the convolution of signs; `bireid_models.scales` has some. `kernel` is
            the prepared latent kernel (height, width, in, out), `alpha` the learned variable
            (filters,), or None.
        activation_surrogate: Reference of the sign of activations, see `bireid_models.surrogates`:
            a class or function without arguments that makes a function from any shape to +1 and -1
            in that shape, with the gradient that it is trained with. Every layer gets its own. If
            it has a method `set_progress(fraction)`, training calls it.
        kernel_surrogate: The same for latent kernels; None takes `NetworkConfig.kernel_surrogate`.
        kernel_preparation: Reference of a function from the latent kernel to one of the same shape,
            from which sign and scale are taken; None takes the kernel as it is.
        learned_alpha: Whether each layer learns a variable `alpha`, which kernel refining needs.
        matrix: Shape of a learned C that the signs of a kernel are multiplied by, element by
            element, eq. 3.66: of one `filter` (height, width, in, 1), of one `kernel` (height,
            width, 1, 1), or a `scalar` (1, 1, 1, 1). None learns none.
        deployed: With a matrix, the name of the binarization of the deployed network, which learns
            an alpha per channel.
        shortcut: `convolution` gives every binary convolution a shortcut of its own (Bi-Real Net),
            `block` keeps the shortcuts of the real-valued architecture.
        order: Order of the layers in a unit: `fused` is sign, conv, BN, add, non-linearity; `paper`
            is BN, sign, conv, BN, non-linearity, add; `norm_first` is BN, sign, conv, add. None
            takes `NetworkConfig.unit_order`.
        nonlinearity: Reference of what closes a unit beside sign, a function `(x, name) -> x` of a
            map and the name of the unit; `bireid_models.nonlinearities` has some. None is nothing.
        sign_shift: Whether a learnable shift per channel stands before sign (RSign).
    """

    scale: str
    activation_surrogate: str
    kernel_surrogate: str | None
    kernel_preparation: str | None = None
    learned_alpha: bool = False
    matrix: Matrix | None = None
    deployed: str | None = None
    shortcut: Literal["convolution", "block"] = "convolution"
    order: Order | None = "fused"
    nonlinearity: str | None = None
    sign_shift: bool = False
