"""The parity gate: a converted file computes what was trained. Importing it loads TensorFlow."""

from bireid_converters.parity.engines import EngineComparison, compare_engines
from bireid_converters.parity.gate import check_parity
from bireid_converters.parity.report import (
    Agreement,
    BinaryLayerParity,
    FormatParity,
    LayerDifference,
    ParityReport,
    ParityThresholds,
)

__all__ = [
    "Agreement",
    "BinaryLayerParity",
    "EngineComparison",
    "FormatParity",
    "LayerDifference",
    "ParityReport",
    "ParityThresholds",
    "check_parity",
    "compare_engines",
]
