"""IR-Net, CVPR 2020: standardised kernels, and a gradient of sign that narrows in training."""

from bireid_models.binarizations.base import Binarization

IRNET = Binarization(
    scale="bireid_models.scales:power_of_two",
    activation_surrogate="bireid_models.surrogates:ErrorDecay",
    kernel_surrogate="bireid_models.surrogates:ErrorDecay",
    kernel_preparation="bireid_models.kernels:standardized",
    nonlinearity="bireid_models.nonlinearities:hard_tanh",
)
