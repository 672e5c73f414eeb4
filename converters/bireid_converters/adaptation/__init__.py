"""Bundles adapted to cameras. Importing it needs no TensorFlow; patches of a file load it."""

from bireid_converters.adaptation.camera import CameraAdaptation
from bireid_converters.adaptation.write import write_adapted

__all__ = ["CameraAdaptation", "write_adapted"]
