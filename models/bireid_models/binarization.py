"""The ways to make a convolution 1-bit: BiRe-ID and the methods that it is compared with."""

from dataclasses import dataclass
from typing import Literal

Scale = Literal["learned", "mean_abs", "mean_abs_constant", "power_of_two"]
SignSurrogate = Literal["poly", "clip", "ede"]
Order = Literal["fused", "paper", "norm_first"]
Nonlinearity = Literal["prelu", "rprelu", "hard_tanh"]


@dataclass(frozen=True)
class Binarization:
    """How kernels and activations become 1-bit, and how the layers around them are wired.

    Attributes:
        scale: Factor per output channel behind the convolution of signs. `learned` is alpha of
            BiRe-ID, a variable (eq. 6.8). The others follow from the kernel: `mean_abs` is mean |w|
            (eq. 6.5) with the gradient through it, `mean_abs_constant` the same without gradient,
            `power_of_two` is 2^round(log2 mean |w|) of the standardised kernel, without gradient.
        activation_surrogate: Gradient of sign for activations: `poly` is 2 - 2|x|, `clip` is 1,
            both on [-1, 1]; `ede` is the error decay estimator of IR-Net.
        kernel_surrogate: The same for latent kernels; None takes `NetworkConfig.kernel_surrogate`.
        standardized_kernels: Whether each filter is brought to zero mean and unit deviation before
            its sign is taken.
        shortcut: `convolution` gives every binary convolution a shortcut of its own (Bi-Real Net),
            `block` keeps the shortcuts of the real-valued architecture.
        order: Order of the layers in a unit: `fused` is sign, conv, BN, add, non-linearity; `paper`
            is BN, sign, conv, BN, non-linearity, add; `norm_first` is BN, sign, conv, add. None
            takes `NetworkConfig.unit_order`.
        nonlinearity: What closes a unit beside sign: PReLU, RPReLU (PReLU between two learnable
            shifts), hard tanh, or nothing.
        sign_shift: Whether a learnable shift per channel stands before sign (RSign).
    """

    scale: Scale
    activation_surrogate: SignSurrogate
    kernel_surrogate: SignSurrogate | None
    standardized_kernels: bool = False
    shortcut: Literal["convolution", "block"] = "convolution"
    order: Order | None = "fused"
    nonlinearity: Nonlinearity | None = None
    sign_shift: bool = False


BINARIZATIONS = {
    # BiRe-ID, ACM TOMM 2022.
    "bireid": Binarization(
        scale="learned",
        activation_surrogate="poly",
        kernel_surrogate=None,
        order=None,
        nonlinearity="prelu",
    ),
    # XNOR-Net, ECCV 2016.
    "xnor": Binarization(
        scale="mean_abs",
        activation_surrogate="clip",
        kernel_surrogate="clip",
        shortcut="block",
        order="norm_first",
    ),
    # Bi-Real Net, ECCV 2018.
    "bireal": Binarization(
        scale="mean_abs_constant", activation_surrogate="poly", kernel_surrogate="clip"
    ),
    # ReActNet, ECCV 2020.
    "reactnet": Binarization(
        scale="mean_abs_constant",
        activation_surrogate="poly",
        kernel_surrogate="clip",
        nonlinearity="rprelu",
        sign_shift=True,
    ),
    # IR-Net, CVPR 2020.
    "irnet": Binarization(
        scale="power_of_two",
        activation_surrogate="ede",
        kernel_surrogate="ede",
        standardized_kernels=True,
        nonlinearity="hard_tanh",
    ),
}
