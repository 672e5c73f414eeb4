"""Networks of bundles on the device, without TensorFlow.

Importing this package needs NumPy alone; Pillow, onnxruntime and other engines are loaded by the
call that needs them.
"""

from bireid_runtime.boxes import Boxes
from bireid_runtime.bundle import Bundle
from bireid_runtime.camera_statistics import CameraStatistics
from bireid_runtime.classifier import Classifier, Prediction
from bireid_runtime.clouds import CloudPreprocess
from bireid_runtime.comparing import similarity
from bireid_runtime.detector import Detection, Detector
from bireid_runtime.errors import BireidError
from bireid_runtime.extractor import Extractor
from bireid_runtime.following import TrackedBox
from bireid_runtime.golden import Golden
from bireid_runtime.inputs import InputSpec
from bireid_runtime.native_library import delegate_path, engine_path
from bireid_runtime.outputs import OutputSpec
from bireid_runtime.pixel_formats import bgr_to_rgb, nv12_to_rgb
from bireid_runtime.point_classifier import PointClassifier
from bireid_runtime.preprocess import Preprocess
from bireid_runtime.self_test import self_test
from bireid_runtime.session import Session
from bireid_runtime.tracker import Tracker

__version__ = "0.1.0"

__all__ = [
    "BireidError",
    "Boxes",
    "Bundle",
    "CameraStatistics",
    "Classifier",
    "CloudPreprocess",
    "Detection",
    "Detector",
    "Extractor",
    "Golden",
    "InputSpec",
    "OutputSpec",
    "PointClassifier",
    "Prediction",
    "Preprocess",
    "Session",
    "TrackedBox",
    "Tracker",
    "__version__",
    "bgr_to_rgb",
    "delegate_path",
    "engine_path",
    "nv12_to_rgb",
    "self_test",
    "similarity",
]
