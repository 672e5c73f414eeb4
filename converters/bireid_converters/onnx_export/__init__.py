"""Export to ONNX, written operator by operator.

A generic converter turns a binary network into 45 MB with a Transpose around each convolution; this
one keeps the weights as bits and needs one Transpose.
"""

from bireid_converters.onnx_export.export import export_onnx

__all__ = ["export_onnx"]
