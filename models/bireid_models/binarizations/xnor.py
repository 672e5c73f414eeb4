"""XNOR-Net, ECCV 2016."""

from bireid_models.binarizations.base import SURROGATES, Binarization

XNOR = Binarization(
    scale="bireid_models.scales:mean_abs",
    activation_surrogate=SURROGATES["clip"],
    kernel_surrogate=SURROGATES["clip"],
    shortcut="block",
    order="norm_first",
)
