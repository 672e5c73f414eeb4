"""Bi-Real Net, ECCV 2018."""

from bireid_models.binarizations.base import SURROGATES, Binarization

BIREAL = Binarization(
    scale="bireid_models.scales:mean_abs_constant",
    activation_surrogate=SURROGATES["poly"],
    kernel_surrogate=SURROGATES["clip"],
)
