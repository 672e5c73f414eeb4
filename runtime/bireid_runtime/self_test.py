"""Does this machine compute the embeddings that the bundle promises?"""

import os
from dataclasses import dataclass

import numpy as np

from bireid_runtime.bundle import Bundle
from bireid_runtime.errors import SelfTestError
from bireid_runtime.extractor import Extractor


@dataclass(frozen=True)
class SelfTestRow:
    """One golden crop.

    Attributes:
        max_abs: Largest difference of a component from the golden embedding.
        cosine: Cosine similarity with the golden embedding, -1 to 1.
    """

    max_abs: float
    cosine: float


@dataclass(frozen=True)
class SelfTestReport:
    """Outcome of a self-test.

    Attributes:
        passed: Whether every row lies within both tolerances.
        rows: One per golden crop, in order.
        max_abs: Largest difference that the bundle allows.
        min_cosine: Smallest cosine similarity that the bundle allows.
        backend: Name of the back end that ran.
        engine: Engine and version that ran.
    """

    passed: bool
    rows: tuple[SelfTestRow, ...]
    max_abs: float
    min_cosine: float
    backend: str
    engine: str


def self_test(target: Extractor | Bundle | str | os.PathLike[str]) -> SelfTestReport:
    """Embed the golden crops of a bundle and compare with their stored embeddings.

    Args:
        target: An extractor, to test its engine and threads; or a bundle or the path of one, to
            test the engine that `"auto"` chooses.

    Returns:
        The report, passed or not; `require` turns a failure into an exception.

    Raises:
        BireidError: The bundle cannot be read or run at all.
    """
    extractor = target if isinstance(target, Extractor) else Extractor.open(target)
    golden = extractor.bundle.golden()
    embeddings = extractor.embed(golden.crops, batch_size=1)
    rows = tuple(_compare(*pair) for pair in zip(embeddings, golden.embeddings, strict=True))
    passed = all(row.max_abs <= golden.max_abs and row.cosine >= golden.min_cosine for row in rows)
    return SelfTestReport(
        passed=passed,
        rows=rows,
        max_abs=golden.max_abs,
        min_cosine=golden.min_cosine,
        backend=extractor.backend,
        engine=extractor.engine,
    )


def require(report: SelfTestReport) -> None:
    """Raise unless a self-test passed.

    Args:
        report: What `self_test` returned.

    Raises:
        SelfTestError: It failed; the message gives the worst values and the tolerances.
    """
    if report.passed:
        return
    raise SelfTestError(
        f"self-test failed with {report.engine}: largest difference "
        f"{max(row.max_abs for row in report.rows):.3g} (allowed {report.max_abs:.3g}), "
        f"smallest cosine {min(row.cosine for row in report.rows):.6f} "
        f"(allowed {report.min_cosine:.6f}); try another back end or convert the network again"
    )


def _compare(actual: np.ndarray, expected: np.ndarray) -> SelfTestRow:
    a, b = actual.astype(np.float64), expected.astype(np.float64)
    lengths = np.linalg.norm(a) * np.linalg.norm(b)
    return SelfTestRow(
        max_abs=float(np.abs(a - b).max()),
        cosine=float(np.clip(a @ b / lengths, -1.0, 1.0)) if lengths else 0.0,
    )
