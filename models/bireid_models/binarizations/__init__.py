"""The ways to make a convolution 1-bit: BiRe-ID and the methods that it is compared with."""

from bireid_models.binarizations.base import SURROGATES, Binarization
from bireid_models.binarizations.bireal import BIREAL
from bireid_models.binarizations.bireid import BIREID
from bireid_models.binarizations.irnet import IRNET
from bireid_models.binarizations.rbcn import (
    RBCN,
    RBCN_BLOCK,
    RBCN_BLOCK_CHANNEL,
    RBCN_CHANNEL,
    RBCN_KERNEL,
    RBCN_SCALAR,
)
from bireid_models.binarizations.reactnet import REACTNET
from bireid_models.binarizations.xnor import XNOR

__all__ = ["BINARIZATIONS", "SURROGATES", "Binarization"]

BINARIZATIONS: dict[str, Binarization] = {
    "bireid": BIREID,
    "xnor": XNOR,
    "bireal": BIREAL,
    "reactnet": REACTNET,
    "irnet": IRNET,
    "rbcn": RBCN,
    "rbcn_kernel": RBCN_KERNEL,
    "rbcn_scalar": RBCN_SCALAR,
    "rbcn_channel": RBCN_CHANNEL,
    "rbcn_block": RBCN_BLOCK,
    "rbcn_block_channel": RBCN_BLOCK_CHANNEL,
}
