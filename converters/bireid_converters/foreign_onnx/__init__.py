"""ONNX files of other projects, made into files of a bundle."""

from bireid_converters.foreign_onnx.adopt import AdoptedOnnx, adopt_onnx

__all__ = ["AdoptedOnnx", "adopt_onnx"]
