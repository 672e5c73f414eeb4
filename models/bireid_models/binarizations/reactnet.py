"""ReActNet, ECCV 2020: RSign and RPReLU around the convolutions of Bi-Real Net."""

from bireid_models.binarizations.base import SURROGATES, Binarization

REACTNET = Binarization(
    scale="bireid_models.scales:mean_abs_constant",
    activation_surrogate=SURROGATES["poly"],
    kernel_surrogate=SURROGATES["clip"],
    nonlinearity="bireid_models.nonlinearities:rprelu",
    sign_shift=True,
)
