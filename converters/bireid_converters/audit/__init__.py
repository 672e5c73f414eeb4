"""The binarisation audit: what a converted file really holds, layer by layer."""

from bireid_converters.audit.onnx_file import audit_onnx
from bireid_converters.audit.record import ACCOUNTING, Audit, LayerAudit
from bireid_converters.audit.tflite import audit_lce, audit_tflite

__all__ = ["ACCOUNTING", "Audit", "LayerAudit", "audit_lce", "audit_onnx", "audit_tflite"]
