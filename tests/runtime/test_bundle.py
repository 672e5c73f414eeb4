import json
import os
import re

import pytest
from bireid_runtime import Bundle, InputSpec, OutputSpec, Preprocess, bundle_files
from bireid_runtime.errors import BundleError, IntegrityError, UnsupportedModelError


def tolerance(manifest):
    return manifest["golden"]["tolerances"]["embedding"]


def test_opens(bundle_path):
    bundle = Bundle.open(str(bundle_path))
    assert bundle.path == bundle_path
    assert bundle.name == "mean-colour"
    assert bundle.fingerprint == "sha256:" + "ab" * 32
    assert bundle.preprocess == Preprocess(16, 8)
    assert bundle.task == "reid"
    assert bundle.inputs == (InputSpec.image("image", Preprocess(16, 8)),)
    assert bundle.outputs == (OutputSpec.embedding("embedding", 6),)
    assert bundle.input("image") == bundle.image_input == bundle.inputs[0]
    assert bundle.output("embedding") == bundle.output_of_kind("embedding") == bundle.outputs[0]
    assert bundle.formats == {"onnx": bundle_path / "model.onnx"}
    assert bundle.file("onnx") == bundle_path / "model.onnx"
    assert bundle.manifest["licences"]["weights"] == "Apache-2.0"
    assert bundle.golden().items == 4


def test_absent_format_lists_those_present(bundle_path):
    with pytest.raises(BundleError, match="no file of format 'lce'; present: onnx"):
        Bundle.open(bundle_path).file("lce")


def test_what_is_no_bundle(tmp_path):
    with pytest.raises(BundleError, match="does not exist"):
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
        "task",
        "inputs",
        "inputs.0.name",
        "inputs.0.kind",
        "inputs.0.dtype",
        "inputs.0.layout",
        "inputs.0.shape",
        "inputs.0.preprocess",
        "inputs.0.preprocess.mean",
        "outputs",
        "outputs.0.name",
        "outputs.0.kind",
        "outputs.0.dtype",
        "outputs.0.shape",
        "outputs.0.normalized",
        "outputs.0.metric",
        "files",
        "golden",
        "golden.file",
        "golden.sha256",
        "golden.bytes",
        "golden.tolerances",
        "golden.tolerances.embedding",
        "golden.tolerances.embedding.max_abs",
        "golden.tolerances.embedding.min_cosine",
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
            manifest = manifest[int(key) if key.isdigit() else key]
        del manifest[last]

    edit_manifest(remove)
    shown = re.escape(dotted.replace(".0", "[0]"))
    with pytest.raises(BundleError, match=rf"manifest\.json: key '{shown}' is missing"):
        Bundle.open(bundle_path)


@pytest.mark.parametrize("key", ["format", "sha256", "bytes"])
def test_missing_key_of_a_file_is_named(bundle_path, edit_manifest, key):
    edit_manifest(lambda manifest: manifest["files"]["model.onnx"].pop(key))
    with pytest.raises(BundleError, match=rf"'files\.model\.onnx\.{key}' is missing"):
        Bundle.open(bundle_path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda m: m.update(schema_version=1), "is 1; this runtime reads 2: convert the run again"),
        (
            lambda m: m.update(schema_version=3),
            "is 3; this runtime reads 2: install the bireid-run",
        ),
        (lambda m: m.update(schema_version="1"), "schema_version' must be a whole number"),
        (lambda m: m.update(schema_version=True), "schema_version'"),
        (lambda m: m.update(name=""), "name'"),
        (lambda m: m.update(name="a\x1b[2J"), "name' must be one line of printable text"),
        (lambda m: m.update(name=3), "name' must be a string"),
        (lambda m: m.update(fingerprint="ab" * 32), "fingerprint'"),
        (lambda m: m.update(inputs={}), "inputs' must be a JSON array"),
        (lambda m: m.update(outputs=[]), "outputs' must have 1 to 16 entries"),
        (lambda m: m.update(inputs=m["inputs"] * 17), "inputs' must have 1 to 16 entries"),
        (lambda m: m.update(outputs=[3]), "outputs\\[0\\] must be a JSON object"),
        (lambda m: m.update(outputs=m["outputs"] * 2), "outputs' has the name 'embedding' twice"),
        (lambda m: m["outputs"][0].update(name="a b"), "outputs\\[0\\].name'"),
        (lambda m: m["outputs"][0].update(name="-a"), "outputs\\[0\\].name'"),
        (lambda m: m["outputs"][0].update(name="a" * 65), "outputs\\[0\\].name'"),
        (lambda m: m.update(metrics={}), "metrics' must be a JSON array"),
        (lambda m: m["inputs"][0].update(shape=[None, 8, 16, 3]), "inputs\\[0\\].shape'"),
        (lambda m: m["outputs"][0].update(shape=[None, 7, 1]), "of an embedding must be"),
        (lambda m: m["outputs"][0].update(shape=[None]), "outputs\\[0\\].shape'"),
        (lambda m: m["outputs"][0].update(shape=[]), "outputs\\[0\\].shape'"),
        (lambda m: m["outputs"][0].update(shape=[1, 6]), "outputs\\[0\\].shape'"),
        (lambda m: m["outputs"][0].update(shape=[None, 0]), "outputs\\[0\\].shape'"),
        (lambda m: m["outputs"][0].update(shape=[None, True]), "outputs\\[0\\].shape'"),
        (lambda m: m["outputs"][0].update(shape=[None, 2**28 + 1]), "more than 268435456 elements"),
        (lambda m: m["inputs"][0]["preprocess"].update(height=10**6), "preprocess.height'"),
        (lambda m: m["inputs"][0]["preprocess"].update(std=[1, 1]), "preprocess.std' must be 3"),
        (
            lambda m: m["inputs"][0]["preprocess"].update(mean=[]),
            "preprocess.mean' must be 1 to 64",
        ),
        (lambda m: m["golden"].update(file="../golden"), "not a plain file name"),
        (lambda m: m["golden"].update(bytes=2**26 + 1), "golden.bytes'"),
        (lambda m: m["golden"]["tolerances"].update(other={}), "tolerances.other' is unknown"),
        (lambda m: tolerance(m).update(max_abs=0), "max_abs' must be positive"),
        (lambda m: tolerance(m).update(max_abs="1"), "max_abs' must be a number"),
        (lambda m: tolerance(m).update(min_cosine=1.5), "min_cosine' must lie in -1..1"),
        (lambda m: tolerance(m).update(rank=1), "tolerances.embedding.rank' is unknown"),
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
    ("change", "message"),
    [
        (lambda m: m["outputs"][0].update(metric="euclidean"), "metric 'cosine'"),
        (lambda m: m["outputs"][0].update(normalized=False), "normalized"),
        (
            lambda m: m["outputs"][0].update(kind="faces"),
            "'faces'.* embedding, logits, boxes, correlation, tensor$",
        ),
        (lambda m: m["inputs"][0].update(kind="graph"), "'graph'.* knows image, points, tensor$"),
        (lambda m: m["inputs"][0].update(dtype="uint8"), "dtype is not float32"),
        (lambda m: m["inputs"][0].update(layout="NCHW"), "layout is not NHWC"),
        (lambda m: m["outputs"][0].update(dtype="int8"), "dtype is not float32"),
        (lambda m: m["inputs"][0]["preprocess"].update(color_order="BGR"), "supports 'RGB' only"),
    ],
)
def test_what_this_version_cannot_do_is_unsupported(bundle_path, edit_manifest, change, message):
    edit_manifest(change)
    with pytest.raises(UnsupportedModelError, match=message):
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


@pytest.mark.parametrize(
    "name", ["model.onnx", "manifest.json", "golden.safetensors", "SHA256SUMS"]
)
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


@pytest.mark.parametrize("name", ["model.onnx", "manifest.json", "golden.safetensors", "card.md"])
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


@pytest.mark.parametrize("name", ["model.onnx", "manifest.json", "golden.safetensors"])
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
    monkeypatch.setattr(bundle_files, "MAX_FILE_BYTES", 100)
    with pytest.raises(BundleError, match=r"it must lie in 0\.\.100"):
        Bundle.open(bundle_path)


def test_two_files_of_one_format(bundle_path, edit_manifest):
    (bundle_path / "other.onnx").write_bytes((bundle_path / "model.onnx").read_bytes())
    edit_manifest(lambda m: m["files"].update({"other.onnx": m["files"]["model.onnx"]}))
    with pytest.raises(BundleError, match=r"files\.other\.onnx\.format' is 'onnx', like that of"):
        Bundle.open(bundle_path)


def test_golden_of_another_length(bundle_path, edit_manifest):
    edit_manifest(lambda m: m["outputs"][0].update(shape=[None, 5]))
    with pytest.raises(BundleError, match=r"'embedding' 0: expected float32 \(5,\), got .*\(6,\)"):
        Bundle.open(bundle_path).golden()


def test_the_bytes_that_were_hashed_are_the_bytes_that_are_read(bundle_path):
    expected = (bundle_path / "model.onnx").read_bytes()
    bundle = Bundle.open(bundle_path)
    changed = expected[:-1] + bytes([expected[-1] ^ 1])
    (bundle_path / "model.onnx").write_bytes(changed)
    assert bundle.read("onnx") == expected
    # Once handed out they are read again, and hashed again.
    with pytest.raises(IntegrityError, match=r"model\.onnx: it has changed"):
        bundle.read("onnx")
    assert Bundle.open(bundle_path, verify=False).read("onnx") == changed
    released = Bundle.open(bundle_path, verify=False)
    released.release()
    assert released.read("onnx") == changed


def test_golden_vectors_that_changed_after_opening(bundle_path):
    bundle = Bundle.open(bundle_path)
    bundle.release()
    path = bundle_path / "golden.safetensors"
    path.write_bytes(path.read_bytes()[:-1] + b"\x01")
    with pytest.raises(IntegrityError, match=r"golden\.safetensors: it has changed"):
        bundle.golden()


def test_unknown_tensors_are_named_with_those_that_exist(bundle_path):
    bundle = Bundle.open(bundle_path)
    with pytest.raises(BundleError, match="no output 'embeding'; did you mean embedding"):
        bundle.output("embeding")
    with pytest.raises(BundleError, match="no input 'x'; choose one of: image"):
        bundle.input("x")


def test_manifest_is_plain_json(bundle_path):
    assert json.dumps(Bundle.open(bundle_path).manifest)


def test_links_of_a_snapshot_into_its_cache_are_followed(bundle_path, tmp_path):
    cache = tmp_path / "models--org--name"
    snapshot = cache / "snapshots" / "0123abc"
    (cache / "blobs").mkdir(parents=True)
    snapshot.mkdir(parents=True)
    for number, path in enumerate(sorted(bundle_path.iterdir())):
        path.rename(cache / "blobs" / str(number))
        (snapshot / path.name).symlink_to(f"../../blobs/{number}")
    opened = Bundle.open(snapshot)
    assert opened.golden().items == 4
    (snapshot / "card.md").unlink()
    (tmp_path / "card.md").write_text("# another's")
    (snapshot / "card.md").symlink_to(tmp_path / "card.md")
    with pytest.raises(BundleError, match=r"card\.md: a link that leads out of the bundle"):
        Bundle.open(snapshot)
