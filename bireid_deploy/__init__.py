"""The workbench: train, convert, verify, evaluate and flash 1-bit Re-ID networks."""

__version__ = "0.1.0"
