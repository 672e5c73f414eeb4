"""From training runs to checked bundles, and checking them again. Importing it loads TensorFlow."""

from bireid_deploy.conversion.convert import convert_run
from bireid_deploy.conversion.measure import measure_engines
from bireid_deploy.conversion.verify import Check, verify_against_run, verify_bundle, verify_scores

__all__ = [
    "Check",
    "convert_run",
    "measure_engines",
    "verify_against_run",
    "verify_bundle",
    "verify_scores",
]
