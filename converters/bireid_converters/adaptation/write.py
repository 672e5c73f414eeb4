"""From a bundle and what was learned about cameras to an adapted bundle."""

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from bireid_runtime.bundle import Bundle

from bireid_converters.adaptation.camera import CameraAdaptation
from bireid_converters.card import CardFacts
from bireid_converters.golden import Candidates


def write_adapted(
    base: Bundle,
    out: str | os.PathLike[str],
    cameras: Sequence[CameraAdaptation],
    *,
    card: CardFacts,
    note: Mapping[str, Any],
    name: str | None = None,
    formats: Sequence[str] | None = None,
    candidates: Candidates | None = None,
    candidates_source: str = "inputs given to the conversion by its user",
    measure: Any = None,
    gate: Any = None,
    on_progress: Callable[[str], None] = lambda stage: None,
) -> Bundle:
    """Write a bundle whose network knows cameras by name.

    With `model` in `cameras` every camera's network is exported, its files are held to have the
    structure of the base's, what differs becomes patches of float constants, and the parity gate
    runs on the patched bytes of every camera. Without, the files are copied and nothing needs
    TensorFlow.

    Args:
        base: A bundle that is not adapted, of the run that the cameras' models come from.
        out: Directory of the bundle; an existing bundle there is replaced.
        cameras: 1 to 256 of them. All have a `mean` or none, and so for `deviation` and `model`.
        card: What the task says in the model card (`Task.card`).
        note: How the numbers were made and what was found, JSON types; it goes into the manifest
            as `adaptation.note` and into the card.
        name: Name of the network; None keeps the base's.
        formats: Formats of the base to keep; None keeps all that can be. With `model`, files that
            cannot be patched (those of another precision, or with quantised weights) are left out:
            `on_progress` says so, and asking for one is an error.
        candidates: As for `convert`, used with `model` alone.
        candidates_source: As for `convert`.
        measure: As for `convert`: called with the bundle before it is put in place, returns its
            `metrics`; those of the base are not taken over.
        gate: As for `convert`.
        on_progress: Told what is being done, one line each.

    Returns:
        The bundle, opened with all hashes verified.

    Raises:
        ArgumentError: `cameras` break a rule above or those of `CameraAdaptation`; named.
        ConversionError: The base is adapted itself, a format is not in it, the target is no
            bundle, the structure of a camera's file is not that of the base, or no golden input is
            stable.
        UnsupportedModelError: No file of the base can be patched.
        ParityError: A camera's patched file does not compute what its model does; nothing is
            written.
        SelfTestError: The written files do not give the golden outputs on the back end here.
    """
    raise NotImplementedError
