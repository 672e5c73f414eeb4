"""What scores mean: false-match rates at thresholds, as `bireid-deploy calibrate` measured them."""

import math
from dataclasses import dataclass

from bireid_runtime.bundle import Bundle
from bireid_runtime.bundle_files import MANIFEST_NAME
from bireid_runtime.errors import ArgumentError, BundleError, RateNotShownError
from bireid_runtime.manifest import Section, parse_manifest

MAX_ROWS = 64
MAX_TEXT_BYTES = 2**20


@dataclass(frozen=True)
class CalibrationRow:
    """A threshold on the score of an image with a person (the mean of that one's), or an image.

    Attributes:
        target: The false-match rate that was asked for.
        threshold: The lowest score that keeps to it.
        fmr: The false-match rate that was measured: value, low and high of its 95 % interval.
        tpr: Likewise the true-positive rate.
    """

    target: float
    threshold: float
    fmr: tuple[float, float, float]
    tpr: tuple[float, float, float]


@dataclass(frozen=True)
class Calibration:
    """Thresholds of one network on one set of cameras.

    Attributes:
        data: What it was measured on.
        identities: People in it.
        rows: Of an image with a person, by falling target, one or more.
        single: Of an image with an image, likewise; none if the data supported none.
    """

    data: str
    identities: int
    rows: tuple[CalibrationRow, ...]
    single: tuple[CalibrationRow, ...] = ()

    def row(self, fmr: float) -> CalibrationRow:
        """The row that keeps to a false-match rate.

        Raises:
            ArgumentError: `fmr` is no share, or the data did not support so low a one.
        """
        return self._keeping_to(self.rows, fmr)

    def row_of_images(self, fmr: float) -> CalibrationRow:
        """The row of `single` that keeps to a false-match rate.

        Raises:
            ArgumentError: As `row`.
        """
        return self._keeping_to(self.single, fmr)

    def row_for_gallery(self, fpir: float, people: int) -> CalibrationRow:
        """The row by which a stranger is taken for one of so many people with a probability.

        Of N comparisons one is a false match with 1 - (1 - FMR)^N, so N people need an FMR of about
        `fpir` / N.

        Raises:
            ArgumentError: As `row`.
            RateNotShownError: So many people need a lower FMR than the calibration shows.
        """
        if not 0 < fpir < 1:
            raise ArgumentError(f"fpir is {fpir}; it must be above 0 and below 1")
        return self.row(-math.expm1(math.log1p(-fpir) / max(people, 1)))

    def rate(self, score: float) -> float | None:
        """The lowest target that a score keeps to; None below all thresholds."""
        kept = [row.target for row in self.rows if score >= row.threshold]
        return min(kept) if kept else None

    def _keeping_to(self, rows: tuple[CalibrationRow, ...], fmr: float) -> CalibrationRow:
        if not 0 < fmr < 1:
            raise ArgumentError(f"fmr is {fmr}; it must be above 0 and below 1")
        fitting = [row for row in rows if row.target <= fmr * (1 + 1e-9)]
        if not fitting:
            lowest = f"the lowest is {rows[-1].target:g}" if rows else "they showed none"
            raise RateNotShownError(
                f"a false-match rate of {fmr:.2g} is lower than {self.identities} people of "
                f"{self.data} could show; {lowest}"
            )
        return fitting[0]

    @classmethod
    def of_bundle(cls, bundle: Bundle) -> "Calibration | None":
        """What `calibrate` wrote into a bundle; None if nothing.

        Raises:
            BundleError: As `from_manifest`.
        """
        if "calibration" not in bundle.manifest:
            return None
        section = Section(bundle.manifest, str(bundle.path / MANIFEST_NAME))
        return cls.from_manifest(section.section("calibration"))

    @classmethod
    def from_manifest(cls, section: Section) -> "Calibration":
        """Read the key `calibration` of a manifest, untrusted.

        Raises:
            BundleError: A key is missing or malformed; it is named.
        """
        return cls(
            section.text("data"),
            section.integer("identities", 2, 2**31 - 1),
            _read_rows(section, "people", 1),
            _read_rows(section, "single", 0) if "single" in section.values else (),
        )

    @classmethod
    def from_text(cls, text: str, source: str) -> "Calibration":
        """Read the JSON that a gallery keeps.

        Raises:
            BundleError: It is malformed.
        """
        if len(text) > MAX_TEXT_BYTES:
            raise BundleError(f"{source}: more than {MAX_TEXT_BYTES} bytes")
        return cls.from_manifest(Section(parse_manifest(text.encode(), source), source))


def _read_rows(section: Section, key: str, least: int) -> tuple[CalibrationRow, ...]:
    rows = tuple(_read_row(each) for each in section.sections(key, least, MAX_ROWS))
    targets = [row.target for row in rows]
    thresholds = [row.threshold for row in rows]
    if targets != sorted(targets, reverse=True) or thresholds != sorted(thresholds):
        raise section.error(key, "must have falling targets and rising thresholds")
    return rows


def _read_row(section: Section) -> CalibrationRow:
    return CalibrationRow(
        _share(section, "target"),
        _within(section, "threshold", -1.0),
        _read_rate(section.section("fmr")),
        _read_rate(section.section("tpr")),
    )


def _read_rate(section: Section) -> tuple[float, float, float]:
    return _share(section, "value"), _share(section, "low"), _share(section, "high")


def _share(section: Section, key: str) -> float:
    return _within(section, key, 0.0)


def _within(section: Section, key: str, least: float) -> float:
    value = section.number(key)
    if not least <= value <= 1:
        raise section.error(key, f"is {value}; it must lie in {least:g}..1")
    return value
