"""Does this machine compute the outputs that the bundle promises?"""

import os
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from bireid_runtime.bundle import Bundle
from bireid_runtime.errors import SelfTestError
from bireid_runtime.golden import Golden, Tolerance
from bireid_runtime.golden_decoded import DecodedGolden
from bireid_runtime.image_face import ImageFace
from bireid_runtime.point_classifier import PointClassifier
from bireid_runtime.session import Session


@dataclass(frozen=True)
class SelfTestRow:
    """One output of one golden item.

    Attributes:
        output: Name of the output.
        item: Number of the golden item.
        max_abs: Largest difference of a number from the golden one.
        cosine: Cosine similarity with the golden output, -1 to 1; None for a kind of output that
            is not compared so.
        passed: Whether both lie within the tolerance of the output.
    """

    output: str
    item: int
    max_abs: float
    cosine: float | None
    passed: bool


@dataclass(frozen=True)
class SelfTestReport:
    """Outcome of a self-test.

    Attributes:
        rows: One per golden item and output, the outputs of an item one after the other.
        tolerances: What the bundle allows, by name of the output.
        backend: Name of the back end that ran.
        engine: Engine and version that ran.
        other_decoding: The output and item whose stored map decodes to other rows here than the
            bundle holds; None if there is none.
    """

    rows: tuple[SelfTestRow, ...]
    tolerances: Mapping[str, Tolerance]
    backend: str
    engine: str
    other_decoding: str | None = None

    @property
    def passed(self) -> bool:
        """Whether every row lies within its tolerance, and maps are decoded as they should be."""
        return self.other_decoding is None and all(row.passed for row in self.rows)

    @property
    def decoding_failure(self) -> str | None:
        """What is wrong with the decoding, in one line; None if nothing is."""
        if self.other_decoding is None:
            return None
        return f"the golden maps decode to something else here ({self.other_decoding})"

    @property
    def max_difference(self) -> float:
        """Largest difference of all rows."""
        return float(np.max([row.max_abs for row in self.rows]))

    @property
    def min_cosine(self) -> float | None:
        """Smallest cosine similarity of all rows that have one."""
        cosines = [row.cosine for row in self.rows if row.cosine is not None]
        return min(cosines, default=None)


def self_test(
    target: Session | ImageFace | PointClassifier | Bundle | str | os.PathLike[str],
) -> SelfTestReport:
    """Run the golden inputs of a bundle, one by one, and compare with their stored outputs.

    Where the bundle holds what these stored outputs decode to (boxes, the place of a target), they
    are decoded here as well, and must give the same to the last bit.

    Of a bundle that is adapted to cameras every item runs under its own camera.

    Args:
        target: A session or a face of one, to test its engine and threads; or a bundle or the path
            of one, to test the engine that `"auto"` chooses.

    Returns:
        The report, passed or not; `require` turns a failure into an exception.

    Raises:
        BireidError: The bundle cannot be read or run at all.
    """
    session = _session(target)
    golden = session.bundle.golden()
    rows: dict[int, list[SelfTestRow]] = {}
    # One camera after the other: each may be a network of its own.
    for camera in dict.fromkeys(golden.cameras) or [None]:
        running = session if camera is None else session.for_camera(camera, centred=True)
        for item in range(golden.items):
            if camera is None or golden.cameras[item] == camera:
                outputs = _run_item(running, golden, item)
                rows[item] = [
                    _compare(spec.name, item, outputs[spec.name][0], golden)
                    for spec in session.outputs
                ]
    ordered = tuple(row for item in sorted(rows) for row in rows[item])
    return SelfTestReport(
        ordered,
        golden.tolerances,
        session.backend,
        session.engine,
        _other_decoding(session.bundle, golden),
    )


def require(report: SelfTestReport) -> None:
    """Raise unless a self-test passed.

    Args:
        report: What `self_test` returned.

    Raises:
        SelfTestError: It failed; the message gives the worst values and the tolerances of the
            first output that failed.
    """
    if report.passed:
        return
    if all(row.passed for row in report.rows):
        raise SelfTestError(
            f"self-test failed: {report.decoding_failure}; install bireid-runtime again, or copy "
            "the bundle again"
        )
    name = next(row.output for row in report.rows if not row.passed)
    rows = [row for row in report.rows if row.output == name]
    allowed = report.tolerances[name]
    cosines = [row.cosine for row in rows if row.cosine is not None]
    found = (
        f"output '{name}', largest difference {max(row.max_abs for row in rows):.3g} "
        f"(allowed {allowed.max_abs:.3g})"
    )
    if cosines:
        found += f", smallest cosine {min(cosines):.6f} (allowed {allowed.min_cosine:.6f})"
    raise SelfTestError(
        f"self-test failed with {report.engine}: {found}; try another back end or convert the "
        "network again"
    )


def _session(
    target: Session | ImageFace | PointClassifier | Bundle | str | os.PathLike[str],
) -> Session:
    if isinstance(target, Session):
        return target
    if isinstance(target, ImageFace | PointClassifier):
        return target.session
    return open_any_camera(target)


def open_any_camera(
    bundle: Bundle | str | os.PathLike[str], backend: str = "auto", threads: int = 1
) -> Session:
    """Open a network for what does not depend on the camera: of an adapted one for the first.

    Args:
        bundle: As for `Session.open`.
        backend: As for `Session.open`.
        threads: As for `Session.open`.

    Raises:
        BireidError: As `Session.open`.
    """
    opened = bundle if isinstance(bundle, Bundle) else Bundle.open(bundle)
    return Session.open(opened, backend, threads, next(iter(opened.cameras), None))


def _other_decoding(bundle: Bundle, golden: Golden) -> str | None:
    stored = bundle.golden_decoded()
    if stored is None:
        return None
    return stored.first_other(DecodedGolden.of(golden, bundle.inputs, bundle.outputs))


def _run_item(session: Session, golden: Golden, item: int) -> Mapping[str, np.ndarray]:
    """Run one golden item as a caller would: a raw image where the network takes just that."""
    if len(session.inputs) == 1 and session.inputs[0].kind == "image":
        return session.run_images([golden.inputs[session.inputs[0].name][item]])
    return session.run(
        {spec.name: spec.prepare(golden.inputs[spec.name][item])[None] for spec in session.inputs}
    )


def _compare(name: str, item: int, actual: np.ndarray, golden: Golden) -> SelfTestRow:
    allowed = golden.tolerances[name]
    a = actual.astype(np.float64).reshape(-1)
    b = golden.outputs[name][item].astype(np.float64).reshape(-1)
    max_abs = float(np.abs(a - b).max())
    cosine = None
    if allowed.min_cosine is not None:
        lengths = np.linalg.norm(a) * np.linalg.norm(b)
        cosine = float(np.clip(a @ b / lengths, -1.0, 1.0)) if lengths else 0.0
    # Comparisons that NaN fails, whichever number it is.
    near = max_abs <= allowed.max_abs
    along = cosine is None or allowed.min_cosine is None or cosine >= allowed.min_cosine
    return SelfTestRow(name, item, max_abs, cosine, near and along)
