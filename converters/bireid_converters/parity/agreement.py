"""Part (b) of the gate: how two engines agree on the same inputs."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np
from bireid_runtime.outputs import OutputSpec

from bireid_converters.named_model import Arrays
from bireid_converters.output_rules import OUTPUT_RULES
from bireid_converters.parity.report import Agreement, ParityThresholds

_SEED = 0

Outputs = Mapping[str, np.ndarray]


def agreement(
    found: Outputs,
    expected: Outputs,
    outputs: Sequence[OutputSpec],
    inputs: Arrays,
    reference: Callable[[Arrays], Outputs],
    thresholds: ParityThresholds,
) -> Agreement:
    """Compare outputs for the same inputs, with a control if few agree.

    Args:
        found: float32 (N, ...) by name.
        expected: float32 (N, ...) by name, what `reference` gives for `inputs`.
        outputs: Which outputs, and of which kinds.
        inputs: float32 (N, ...) by name.
        reference: Computes outputs; run again on noisy inputs for the control.
        thresholds: Tolerance, needed share and noise.
    """
    result = compare(found, expected, outputs, thresholds.tolerance)
    if result.agreeing_share >= thresholds.min_agreeing_share:
        return result
    rng = np.random.default_rng(_SEED)
    noisy = {
        name: (value + rng.normal(0, thresholds.control_noise, value.shape)).astype(np.float32)
        for name, value in inputs.items()
    }
    control = compare(reference(noisy), expected, outputs, thresholds.tolerance)
    return replace(result, control_share=control.agreeing_share)


def compare(
    found: Outputs, expected: Outputs, outputs: Sequence[OutputSpec], tolerance: float
) -> Agreement:
    """Compare outputs for the same inputs.

    Args:
        found: float32 (N, ...) by name.
        expected: float32 (N, ...) by name.
        outputs: Which outputs, and of which kinds; an item agrees if all of them do.
        tolerance: Largest difference of outputs that agree, relative to their kind's scale.
    """
    count = len(expected[outputs[0].name])
    close, cosines = np.ones(count, bool), []
    for spec in outputs:
        a, b = found.get(spec.name), expected[spec.name]
        if a is None or a.shape != b.shape:
            return Agreement(count, 0.0, 0.0)
        rows, wanted = a.reshape(count, -1), b.reshape(count, -1)
        rule = OUTPUT_RULES[spec.kind]
        near = np.abs(rows - wanted).max(axis=1) <= tolerance * rule.scale(b)
        if rule.agree is not None:
            near[~near] = rule.agree(spec, a[~near], b[~near])
        close &= near
        lengths = np.linalg.norm(rows, axis=1) * np.linalg.norm(wanted, axis=1)
        products = np.sum(rows * wanted, axis=1)
        cosines.append(float((products / np.maximum(lengths, np.finfo(np.float32).tiny)).mean()))
    return Agreement(count, float(close.mean()), min(cosines))
