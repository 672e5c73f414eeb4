"""Keys of a bundle's manifest, which a stranger may have written."""

import re
from pathlib import Path

from bireid_runtime.adaptation import MAX_ADAPTATION_BYTES, AdaptationSpec
from bireid_runtime.bundle_files import MAX_FILE_BYTES
from bireid_runtime.golden import MAX_GOLDEN_BYTES
from bireid_runtime.manifest import Section
from bireid_runtime.outputs import OutputSpec

SCHEMA_VERSION = 2

_FINGERPRINT = re.compile(r"sha256:[0-9a-f]{64}")


def check_schema(section: Section) -> None:
    """Refuse a manifest of another version, or without what a manifest has.

    Raises:
        BundleError: It is; what to do is said.
    """
    version = section.integer("schema_version", 0, 2**31)
    if version != SCHEMA_VERSION:
        raise section.error(
            "schema_version",
            f"is {version}; this runtime reads {SCHEMA_VERSION}: "
            + (
                "convert the run again"
                if version < SCHEMA_VERSION
                else "install the bireid-runtime that matches the bundle"
            ),
        )
    for key in ("training", "parity", "binarisation", "toolchain", "licences"):
        section.section(key)
    section.array("metrics")


def read_fingerprint(section: Section) -> str:
    """The key `fingerprint`; raises BundleError if it is none."""
    fingerprint = section.text("fingerprint")
    if not _FINGERPRINT.fullmatch(fingerprint):
        raise section.error("fingerprint", "must be 'sha256:' and 64 hexadecimal digits")
    return fingerprint


def read_formats(root: Path, files: Section) -> dict[str, Path]:
    """Path of every model file by its format; raises BundleError if one has two."""
    formats: dict[str, Path] = {}
    for name in files.values:
        entry = files.section(name)
        kind = entry.text("format")
        if kind in formats:
            raise entry.error("format", f"is '{kind}', like that of {formats[kind].name}")
        formats[kind] = root / name
    return formats


def other_files(manifest: Section) -> dict[str, tuple[Section, int]]:
    """What says which files a bundle has beside its models, and their most bytes, by their names.

    Raises:
        BundleError: An entry is malformed, or two are of one name.
    """
    golden = manifest.section("golden")
    entries = [(golden, MAX_GOLDEN_BYTES)]
    if "decoded" in golden.values:
        entries.append((golden.section("decoded"), MAX_GOLDEN_BYTES))
    if "adaptation" in manifest.values:
        entries.append((manifest.section("adaptation"), MAX_ADAPTATION_BYTES))
    found: dict[str, tuple[Section, int]] = {}
    models = manifest.section("files").values
    for entry, limit in entries:
        name = entry.text("file")
        if name in models or name in found:
            raise entry.error("file", "is a file of another purpose")
        found[name] = (entry, limit)
    return found


def read_adaptation(manifest: Section, outputs: tuple[OutputSpec, ...]) -> AdaptationSpec | None:
    """The key `adaptation`, held to the files and the outputs; None if there is none.

    Raises:
        BundleError: It is malformed.
    """
    if "adaptation" not in manifest.values:
        return None
    files = manifest.section("files")
    sizes = {name: files.section(name).integer("bytes", 0, MAX_FILE_BYTES) for name in files.values}
    return AdaptationSpec.from_manifest(manifest.section("adaptation"), sizes, outputs)
