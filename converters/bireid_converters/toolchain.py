"""Versions of what took part in a conversion."""

import platform
from importlib.metadata import PackageNotFoundError, version

PACKAGES = (
    "bireid-deploy",
    "bireid-runtime",
    "tensorflow",
    "tf-keras",
    "larq",
    "larq-compute-engine",
    "onnx",
    "onnxruntime",
    "ai-edge-litert",
    "ethos-u-vela",
    "qonnx",
    "numpy",
    "pillow",
)


def toolchain() -> dict[str, str]:
    """Versions by name: Python and the installed packages, none of which is imported."""
    versions = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            continue
    return versions
