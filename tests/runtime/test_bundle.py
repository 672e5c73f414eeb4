import json
import os

import pytest
from bireid_runtime import Bundle, Preprocess
from bireid_runtime import bundle as bundle_module
from bireid_runtime.errors import BundleError, IntegrityError, UnsupportedModelError


def test_opens(bundle_path):
    bundle = Bundle.open(str(bundle_path))
    assert bundle.path == bundle_path
    assert bundle.name == "mean-colour"
    assert bundle.fingerprint == "sha256:" + "ab" * 32
    assert bundle.preprocess == Preprocess(16, 8)
    assert bundle.embedding_dim == 6
    assert (bundle.input_name, bundle.output_name) == ("image", "embedding")
    assert bundle.formats == {"onnx": bundle_path / "model.onnx"}
    assert bundle.file("onnx") == bundle_path / "model.onnx"
    assert bundle.manifest["licences"]["weights"] == "Apache-2.0"
    assert len(bundle.golden().crops) == 4


def test_absent_format_lists_those_present(bundle_path):
    with pytest.raises(BundleError, match="no file of format 'lce'; present: onnx"):
        Bundle.open(bundle_path).file("lce")


def test_what_is_no_bundle(tmp_path):
    with pytest.raises(BundleError, match="not a directory"):
        Bundle.open(tmp_path / "none")
    (tmp_path / "file").touch()
    with pytest.raises(BundleError, match="not a directory"):
        Bundle.open(tmp_path / "file")
    with pytest.raises(BundleError, match=r"no manifest\.json"):
        Bundle.open(tmp_path)


@pytest.mark.parametrize(
    "dotted",
    [
        "schema_version",
        "name",
        "fingerprint",
        "io",
        "io.input",
        "io.input.name",
        "io.input.dtype",
        "io.input.layout",
        "io.input.shape",
        "io.output.name",
        "io.output.dtype",
        "io.output.shape",
        "preprocess",
        "preprocess.mean",
        "embedding.dim",
        "embedding.normalized",
        "embedding.metric",
        "files",
        "training",
        "metrics",
        "parity",
        "binarisation",
        "toolchain",
        "licences",
    ],
)
def test_missing_key_is_named(bundle_path, edit_manifest, dotted):
    *parents, last = dotted.split(".")

    def remove(manifest):
        for key in parents:
            manifest = manifest[key]
        del manifest[last]

    edit_manifest(remove)
    with pytest.raises(BundleError, match=rf"manifest\.json: key '{dotted}' is missing"):
        Bundle.open(bundle_path)


@pytest.mark.parametrize("key", ["format", "sha256", "bytes"])
def test_missing_key_of_a_file_is_named(bundle_path, edit_manifest, key):
    edit_manifest(lambda manifest: manifest["files"]["model.onnx"].pop(key))
    with pytest.raises(BundleError, match=rf"'files\.model\.onnx\.{key}' is missing"):
        Bundle.open(bundle_path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda m: m.update(schema_version=2), "schema_version' is 2; this runtime reads 1"),
        (lambda m: m.update(schema_version="1"), "schema_version' must be a whole number"),
        (lambda m: m.update(schema_version=True), "schema_version'"),
        (lambda m: m.update(name=""), "name'"),
        (lambda m: m.update(name="a\x1b[2J"), "name' must be one line of printable text"),
        (lambda m: m.update(name=3), "name' must be a string"),
        (lambda m: m.update(fingerprint="ab" * 32), "fingerprint'"),
        (lambda m: m.update(io=[]), "io' must be a JSON object"),
        (lambda m: m.update(metrics={}), "metrics' must be a JSON array"),
        (lambda m: m["io"]["input"].update(shape=[None, 8, 16, 3]), "io.input.shape'"),
        (lambda m: m["io"]["output"].update(shape=[None, 7]), "io.output.shape'"),
        (lambda m: m["embedding"].update(dim=7), "io.output.shape'"),
        (lambda m: m["embedding"].update(dim=0), "embedding.dim'"),
        (lambda m: m["embedding"].update(dim=10**9), "embedding.dim'"),
        (lambda m: m["preprocess"].update(height=10**6), "preprocess.height'"),
        (lambda m: m["files"].update({"model.onnx": 3}), "files.model.onnx' must be a JSON obj"),
        (lambda m: m["files"]["model.onnx"].update(sha256="0" * 63), "sha256'"),
        (lambda m: m["files"]["model.onnx"].update(bytes=2**40), "bytes'"),
        (lambda m: m["files"]["model.onnx"].update(bytes=-1), "bytes'"),
        (lambda m: m["files"]["model.onnx"].update(bytes=1.0), "bytes'"),
    ],
)
def test_malformed_key_is_named(bundle_path, edit_manifest, change, message):
    edit_manifest(change)
    with pytest.raises(BundleError, match=message):
        Bundle.open(bundle_path)


@pytest.mark.parametrize(
    "change",
    [
        lambda m: m["embedding"].update(metric="euclidean"),
        lambda m: m["embedding"].update(normalized=False),
        lambda m: m["io"]["input"].update(dtype="uint8"),
        lambda m: m["io"]["input"].update(layout="NCHW"),
        lambda m: m["io"]["output"].update(dtype="int8"),
        lambda m: m["preprocess"].update(color_order="BGR"),
    ],
)
def test_what_this_version_cannot_do_is_unsupported(bundle_path, edit_manifest, change):
    edit_manifest(change)
    with pytest.raises(UnsupportedModelError):
        Bundle.open(bundle_path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"{", "not a valid manifest"),
        (b"[]", "must be a JSON object"),
        (b"\xff\xfe", "not a valid manifest"),
        (b'{"schema_version": NaN}', "NaN is not a finite number"),
        (b'{"schema_version": 1, "a": -Infinity}', "-Infinity is not a finite"),
        (b'{"schema_version": 1e999}', "1e999 is not a finite number"),
        (b'{"schema_version": 1, "schema_version": 1}', "'schema_version' occurs twice"),
        (b'{"schema_version": ' + b"[" * 100_000, "nested too deeply"),
        (b'{"schema_version": ' + b"9" * 10_000 + b"}", "not a valid manifest"),
        (b" " * (4 * 2**20 + 1), "larger than the limit"),
    ],
)
def test_text_that_is_no_manifest(bundle_path, text, message):
    (bundle_path / "manifest.json").write_bytes(text)
    with pytest.raises(BundleError, match=message):
        Bundle.open(bundle_path)


@pytest.mark.parametrize(
    "name",
    ["../secret", "/etc/passwd", "a/b", "a\\b", "..", ".", "", ".hidden", "a\n", "a b", "a" * 200],
)
def test_file_names_cannot_leave_the_bundle(bundle_path, edit_manifest, name):
    (bundle_path.parent / "secret").write_text("secret")
    edit_manifest(lambda m: m["files"].update({name: m["files"]["model.onnx"]}))
    with pytest.raises(BundleError, match="not a plain file name"):
        Bundle.open(bundle_path, verify=False)


@pytest.mark.parametrize("name", ["model.onnx", "manifest.json", "golden.npz", "SHA256SUMS"])
def test_links_cannot_leave_the_bundle(bundle_path, name):
    outside = bundle_path.parent / "outside"
    os.replace(bundle_path / name, outside)
    (bundle_path / name).symlink_to(outside)
    with pytest.raises(BundleError, match="leads out of the bundle"):
        Bundle.open(bundle_path).golden()


def test_linked_bundle_directory_is_fine(bundle_path):
    link = bundle_path.parent / "current"
    link.symlink_to(bundle_path)
    assert Bundle.open(link).name == "mean-colour"


def test_missing_file_is_named(bundle_path):
    (bundle_path / "model.onnx").unlink()
    with pytest.raises(BundleError, match=r"no file model\.onnx"):
        Bundle.open(bundle_path)


def test_truncated_file(bundle_path):
    path = bundle_path / "model.onnx"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(IntegrityError, match=r"model\.onnx: \d+ bytes, the manifest says"):
        Bundle.open(bundle_path, verify=False)


@pytest.mark.parametrize("name", ["model.onnx", "manifest.json", "golden.npz", "card.md"])
def test_changed_byte_is_noticed(bundle_path, name):
    path = bundle_path / name
    data = path.read_bytes()
    changed = data.replace(b"mean", b"mEan", 1) if b"mean" in data else data[:-1] + b"\x01"
    assert changed != data
    path.write_bytes(changed)
    with pytest.raises(IntegrityError, match=rf"{name}: SHA-256 mismatch"):
        Bundle.open(bundle_path)


def test_verify_false_skips_the_hashes_only(bundle_path):
    path = bundle_path / "card.md"
    path.write_text("# another\n")
    assert Bundle.open(bundle_path, verify=False).name == "mean-colour"


def test_hash_in_the_manifest_must_be_that_of_the_checksums(bundle_path, edit_manifest):
    edit_manifest(lambda m: m["files"]["model.onnx"].update(sha256="0" * 64))
    with pytest.raises(IntegrityError, match=r"SHA-256 of model\.onnx is not that of the manifest"):
        Bundle.open(bundle_path)


@pytest.mark.parametrize("name", ["model.onnx", "manifest.json", "golden.npz"])
def test_checksums_must_cover(bundle_path, name):
    path = bundle_path / "SHA256SUMS"
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(line for line in lines if name not in line))
    with pytest.raises(IntegrityError, match=f"{name} is not listed"):
        Bundle.open(bundle_path)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("nonsense", "line 5"),
        ("0" * 64 + "  card.md", "line 5"),
        ("0" * 64 + "  ../secret", "not a plain file name"),
        ("0" * 64 + "  absent.bin", "no file absent"),
    ],
)
def test_bad_checksum_line(bundle_path, line, message):
    with (bundle_path / "SHA256SUMS").open("a") as file:
        file.write(line + "\n")
    with pytest.raises(BundleError, match=message):
        Bundle.open(bundle_path)


def test_missing_checksums(bundle_path):
    (bundle_path / "SHA256SUMS").unlink()
    with pytest.raises(BundleError, match="no file SHA256SUMS"):
        Bundle.open(bundle_path)


def test_file_larger_than_the_limit(bundle_path, monkeypatch):
    monkeypatch.setattr(bundle_module, "MAX_FILE_BYTES", 100)
    with pytest.raises(BundleError, match=r"it must lie in 0\.\.100"):
        Bundle.open(bundle_path)


def test_two_files_of_one_format(bundle_path, edit_manifest):
    (bundle_path / "other.onnx").write_bytes((bundle_path / "model.onnx").read_bytes())
    edit_manifest(lambda m: m["files"].update({"other.onnx": m["files"]["model.onnx"]}))
    with pytest.raises(BundleError, match=r"files\.other\.onnx\.format' is 'onnx', like that of"):
        Bundle.open(bundle_path)


def test_golden_of_another_length(bundle_path, edit_manifest):
    def shorten(manifest):
        manifest["embedding"]["dim"] = 5
        manifest["io"]["output"]["shape"] = [None, 5]

    edit_manifest(shorten)
    with pytest.raises(BundleError, match="6 components, the manifest says 5"):
        Bundle.open(bundle_path).golden()


def test_golden_may_be_absent_until_asked_for(bundle_path):
    (bundle_path / "golden.npz").unlink()
    sums = (bundle_path / "SHA256SUMS").read_text().splitlines(keepends=True)
    (bundle_path / "SHA256SUMS").write_text("".join(s for s in sums if "golden" not in s))
    with pytest.raises(BundleError, match=r"no file golden\.npz"):
        Bundle.open(bundle_path).golden()


def test_manifest_is_plain_json(bundle_path):
    assert json.dumps(Bundle.open(bundle_path).manifest)
