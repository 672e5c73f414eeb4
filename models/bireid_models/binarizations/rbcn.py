"""RBCN, IJCAI 2019 and IJCV 2021: a learned matrix C per layer rectifies the signs of its kernels.

`RBConv(F; W, C) = Conv(sign(F), sign(W) o C)` on the units of Bi-Real Net. C has the shape of one
filter and is shared by all, or a coarser one. What a device can factor out of XNOR and popcount is
one number per output channel, so `bireid_models.deploying` puts the mean of C in its place.
"""

import dataclasses

from bireid_models.binarizations.base import SURROGATES, Binarization

RBCN_CHANNEL = Binarization(
    scale="bireid_models.scales:learned",
    learned_alpha=True,
    activation_surrogate=SURROGATES["poly"],
    kernel_surrogate=SURROGATES["poly"],
)
RBCN = dataclasses.replace(
    RBCN_CHANNEL,
    scale="bireid_models.scales:mean_matrix",
    learned_alpha=False,
    matrix="filter",
    deployed="rbcn_channel",
)
RBCN_KERNEL = dataclasses.replace(RBCN, matrix="kernel")
RBCN_SCALAR = dataclasses.replace(RBCN, matrix="scalar")
# The shortcuts of the real-valued architecture: a filter that only one convolution reads can go.
RBCN_BLOCK = dataclasses.replace(RBCN, shortcut="block", deployed="rbcn_block_channel")
RBCN_BLOCK_CHANNEL = dataclasses.replace(RBCN_CHANNEL, shortcut="block")
