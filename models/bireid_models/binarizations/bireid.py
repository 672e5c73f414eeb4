"""BiRe-ID, ACM TOMM 2022."""

from bireid_models.binarizations.base import PRELU, SURROGATES, Binarization

BIREID = Binarization(
    scale="bireid_models.scales:learned",
    learned_alpha=True,
    activation_surrogate=SURROGATES["poly"],
    kernel_surrogate=None,
    order=None,
    nonlinearity=PRELU,
)
