"""Writing bundles: what is in them, and that they appear whole or not at all."""

import shutil
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
from bireid_converters import bundle as bundle_module
from bireid_converters.bundle import rewrite_manifest, write_bundle
from bireid_converters.card import CardFacts
from bireid_converters.errors import ConversionError
from bireid_converters.exchange import exchange
from bireid_models import NetworkConfig
from bireid_runtime.boxes import Decoding
from bireid_runtime.bundle import DECODED_NAME, Bundle
from bireid_runtime.errors import BundleError
from bireid_runtime.golden import Golden, Tolerance
from bireid_runtime.golden_decoded import DecodedGolden
from bireid_runtime.inputs import InputSpec
from bireid_runtime.outputs import OutputSpec
from bireid_runtime.preprocess import Preprocess

CONFIG = NetworkConfig("resnet10", input_height=64, input_width=32, width=0.125)
CARD = CardFacts("image-feature-extraction", ("people", "1-bit"), "a crop", "## Use\n\nWith care.")
LICENCES = {"weights": "Apache-2.0", "training_data": "generated, CC0"}


def contents(**changes):
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(3, 64)).astype(np.float32)
    values = {
        "name": "toy",
        "task": "reid",
        "network": asdict(CONFIG),
        "inputs": (InputSpec.image("image", Preprocess(64, 32)),),
        "outputs": (OutputSpec.embedding("embedding", 64),),
        "files": {"onnx": b"an onnx file", "lce": b"an lce file"},
        "golden": Golden(
            {"image": tuple(rng.integers(0, 256, (3, 70, 40, 3), dtype=np.uint8))},
            {"embedding": rows / np.linalg.norm(rows, axis=1, keepdims=True)},
            {"embedding": Tolerance(1e-3, 0.999)},
        ),
        "golden_source": "generated patterns",
        "licences": LICENCES,
        "training": {"dataset": "synthetic | people", "epochs": 3},
        "metrics": [{"engine": "keras", "mAP": 0.5}, {"engine": "lce", "rank1": 0.75}],
        "parity": {"verified": True},
        "binarisation": {},
        "card": CARD,
    }
    return values | changes


def detector_contents():
    """Of a detector: some of its maps give boxes."""
    rng = np.random.default_rng(1)
    spec = OutputSpec.boxes("boxes", (4, 2), ["person"], Decoding(16))
    maps = rng.normal(size=(3, *spec.shape)).astype(np.float32)
    images = contents()["golden"].inputs
    golden = Golden(images, {"boxes": maps}, {"boxes": Tolerance(1e-3)})
    return contents(task="detection", outputs=(spec,), golden=golden)


def test_it_holds_what_golden_maps_decode_to(tmp_path):
    written = write_bundle(tmp_path / "bundle", **detector_contents())
    expected = DecodedGolden.of(written.golden(), written.inputs, written.outputs)
    assert sum(len(rows) for rows in expected.rows["boxes"])
    assert (written.path / DECODED_NAME).read_bytes() == expected.to_bytes()
    assert f"  {DECODED_NAME}\n" in (written.path / "SHA256SUMS").read_text()
    assert f"`{DECODED_NAME}` holds" in (written.path / "card.md").read_text()
    again = rewrite_manifest(written, tmp_path / "again", {"metrics": []})
    assert again.golden_decoded().first_other(expected) is None
    plain = write_bundle(tmp_path / "plain", **contents())
    assert "decoded" not in plain.manifest["golden"]
    assert DECODED_NAME not in listing(plain.path)


def listing(folder):
    return {path.name: path.read_bytes() for path in Path(folder).iterdir()}


def test_the_runtime_reads_it(tmp_path):
    written = write_bundle(tmp_path / "new" / "bundle", **contents())
    opened = Bundle.open(tmp_path / "new" / "bundle")
    assert opened.manifest == written.manifest
    assert opened.name == "toy"
    assert opened.preprocess == Preprocess(64, 32)
    assert opened.task == "reid"
    assert opened.outputs == (OutputSpec.embedding("embedding", 64),)
    assert opened.file("lce").read_bytes() == b"an lce file"
    expected = contents()["golden"].outputs["embedding"]
    np.testing.assert_array_equal(opened.golden().outputs["embedding"], expected)
    assert NetworkConfig(**opened.manifest["network"]) == CONFIG
    assert opened.manifest["training"]["epochs"] == 3
    assert opened.manifest["toolchain"]["numpy"] == np.__version__


@pytest.mark.skipif(shutil.which("sha256sum") is None, reason="there is no sha256sum here")
def test_sha256sum_accepts_and_covers_every_file(tmp_path):
    write_bundle(tmp_path / "bundle", **contents())
    check = ["sha256sum", "--check", "--strict", "SHA256SUMS"]
    done = subprocess.run(check, cwd=tmp_path / "bundle", capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    checked = {line.split(":")[0] for line in done.stdout.splitlines()}
    assert checked == listing(tmp_path / "bundle").keys() - {"SHA256SUMS"}


def test_the_same_contents_give_the_same_bytes(tmp_path):
    write_bundle(tmp_path / "one", **contents())
    write_bundle(tmp_path / "two", **contents())
    assert listing(tmp_path / "one") == listing(tmp_path / "two")


def test_the_fingerprint_is_of_the_main_file_and_the_preprocessing(tmp_path):
    def fingerprint(**changes):
        return write_bundle(tmp_path / "bundle", **contents(**changes)).fingerprint

    first = fingerprint()
    assert fingerprint(name="other", training={}, metrics=[]) == first
    assert fingerprint(files={"lce": b"an lce file"}) == first
    assert fingerprint(files={"lce": b"another", "onnx": b"an onnx file"}) != first
    other = Preprocess(64, 32, mean=(0.5, 0.5, 0.5))
    assert fingerprint(inputs=(InputSpec.image("image", other),)) != first


def test_the_fingerprint_is_of_the_classes_too(tmp_path):
    rows = np.zeros((3, 2), np.float32)
    found = []
    for classes in (["cat", "dog"], ["dog", "cat"]):
        golden = contents()["golden"]
        logits = Golden(golden.inputs, {"logits": rows}, {"logits": Tolerance(1.0)})
        changes = {"golden": logits, "outputs": (OutputSpec.logits("logits", classes),)}
        found.append(write_bundle(tmp_path / "bundle", **contents(**changes)).fingerprint)
        assert "one number for each of 2 classes" in (tmp_path / "bundle" / "card.md").read_text()
    assert found[0] != found[1]


def test_golden_vectors_of_another_network_are_refused(tmp_path):
    with pytest.raises(BundleError, match="golden output 'embedding': expected float32"):
        write_bundle(
            tmp_path / "bundle", **contents(outputs=(OutputSpec.embedding("embedding", 63),))
        )
    assert list(tmp_path.iterdir()) == []


def test_the_card_tells_the_manifest(tmp_path):
    written = write_bundle(tmp_path / "bundle", **contents(name='a "quoted" name'))
    card = (tmp_path / "bundle" / "card.md").read_text()
    header, text = card.removeprefix("---\n").split("\n---\n")
    assert 'license: "Apache-2.0"' in header
    assert 'model_name: "a \\"quoted\\" name"' in header
    assert written.fingerprint in header
    assert "tags: [people, 1-bit]" in header
    for part in (
        "A 1-bit resnet10 that turns a crop (64x32 pixels after resizing) into an embedding of 64",
        "`model.lce.tflite`, 11 bytes",
        "- dataset: synthetic \\| people",
        "| engine | mAP | rank1 |",
        "| keras | 0.5 |  |",
        "generated, CC0",
        "Checked at conversion and passed",
        "generated patterns",
        "## Use\n\nWith care.",
    ):
        assert part in text


def test_the_card_names_teacher_and_first_stage(tmp_path):
    origin = {"teacher": {"run": "real", "checkpoint": "sha256:12"}, "first_stage": "stage1"}
    write_bundle(tmp_path / "bundle", **contents(training={"steps": 5, **origin}))
    card = (tmp_path / "bundle" / "card.md").read_text()
    assert "- teacher: real, checkpoint `sha256:12`" in card
    assert "- first stage: stage1" in card
    write_bundle(tmp_path / "bundle", **contents(training={"steps": 5, "teacher": None}))
    assert "teacher" not in (tmp_path / "bundle" / "card.md").read_text()


def test_scores_of_the_card_have_headings_and_intervals(tmp_path):
    card = CardFacts("x", (), "a crop", "", columns={"top_1": "top-1"}, python='open("BUNDLE")')
    keras = {"engine": "keras", "data": "d", "top_1": 0.875, "top_1_interval": [0.85, 0.9]}
    lce = {**keras, "engine": "lce", "agreeing_share": 0.5, "images_per_second": 12.0}
    metrics = [{**each, "images": 40, "a_long_key": 0.25} for each in (keras, lce)]
    write_bundle(tmp_path / "bundle", **contents(card=card, metrics=metrics))
    text = (tmp_path / "bundle" / "card.md").read_text()
    assert "| engine | data | top-1 | as the first | images/s |" in text
    assert "| keras | d | 87.5 (85.0-90.0) | - | - |" in text
    assert "| lce | d | 87.5 (85.0-90.0) | 50.0% | 12 |" in text
    assert "- images: 40" in text
    assert "long" not in text
    assert '```python\nopen("toy")\n```' in text


def test_the_card_calls_what_goes_in_by_its_name(tmp_path):
    card = CardFacts("x", (), "a cloud", "", {"overall": "overall"}, item="cloud", speed="clouds/s")
    audit = {"weights": {"binary": 3, "real": 1}, "macs": {"binary": 7, "real": 2}}
    metrics = [{"engine": "lce", "overall": 0.5, "images_per_second": 12.0}]
    write_bundle(tmp_path / "bundle", **contents(card=card, metrics=metrics, binarisation=audit))
    text = (tmp_path / "bundle" / "card.md").read_text()
    assert "7 of 9 multiply-accumulates per cloud are 1-bit" in text
    assert "| engine | data | overall | as the first | clouds/s |" in text
    assert "image" not in text.partition("## Training")[0].partition("are 1-bit")[2]


def test_the_card_admits_what_is_not_known(tmp_path):
    unknown = contents(training={}, metrics=[], parity={"verified": False})
    write_bundle(tmp_path / "bundle", **unknown)
    card = (tmp_path / "bundle" / "card.md").read_text()
    assert "How the network was trained is not recorded." in card
    assert "No accuracy was measured for this bundle." in card
    assert "Not checked" in card
    assert "passed" not in card


def test_a_bundle_is_replaced(tmp_path):
    write_bundle(tmp_path / "bundle", **contents())
    write_bundle(tmp_path / "bundle", **contents(name="new", files={"onnx": b"new"}))
    assert Bundle.open(tmp_path / "bundle").name == "new"
    assert "model.lce.tflite" not in listing(tmp_path / "bundle")
    assert [path.name for path in tmp_path.iterdir()] == ["bundle"]


def test_nothing_but_a_bundle_is_replaced(tmp_path):
    folder = tmp_path / "thesis"
    folder.mkdir()
    (folder / "chapter1.tex").write_text("years of work")
    with pytest.raises(ConversionError, match="thesis: exists and is not a bundle"):
        write_bundle(folder, **contents())
    with pytest.raises(ConversionError, match="not a bundle"):
        write_bundle(folder / "chapter1.tex", **contents())
    assert listing(folder) == {"chapter1.tex": b"years of work"}


@pytest.mark.parametrize("exists", [True, False])
@pytest.mark.parametrize("moment", ["first file", "last file", "rename"])
def test_an_interruption_leaves_the_old_bundle_or_none(tmp_path, monkeypatch, exists, moment):
    target = tmp_path / "bundle"
    if exists:
        write_bundle(target, **contents())
        before = listing(target)

    def interrupt_on(condition, function):
        def wrapped(path, *arguments):
            if condition(path):
                raise KeyboardInterrupt
            return function(path, *arguments)

        return wrapped

    if moment != "rename":
        name = "SHA256SUMS" if moment == "last file" else "model.lce.tflite"
        write = interrupt_on(lambda path: path.name == name, bundle_module._write_file)
        monkeypatch.setattr(bundle_module, "_write_file", write)
    else:
        # A system that cannot exchange directories.
        monkeypatch.setattr(bundle_module, "exchange", lambda one, other: False)
        monkeypatch.setattr(
            Path, "rename", interrupt_on(lambda path: path.name == "new", Path.rename)
        )
    with pytest.raises(KeyboardInterrupt):
        write_bundle(target, **contents(name="new"))
    assert [path.name for path in tmp_path.iterdir()] == (["bundle"] if exists else [])
    if exists:
        assert listing(target) == before


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such call")
def test_a_bundle_is_exchanged_in_one_step(tmp_path, monkeypatch):
    target = tmp_path / "bundle"
    write_bundle(target, **contents())
    staged = []
    monkeypatch.setattr(Path, "rename", lambda *arguments: pytest.fail("there was none"))

    def watched(one, other):
        assert exchange(one, other)
        staged.append((one / "manifest.json").read_text())
        return True

    monkeypatch.setattr(bundle_module, "exchange", watched)
    assert write_bundle(target, **contents(name="new")).name == "new"
    assert '"name": "new"' not in staged[0]
    assert [path.name for path in tmp_path.iterdir()] == ["bundle"]
    with pytest.raises(FileNotFoundError):
        exchange(tmp_path / "none", target)


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ConversionError, match="file/bundle: cannot be written"):
        write_bundle(tmp_path / "file" / "bundle", **contents())


@pytest.mark.parametrize(
    "changes",
    [{"metrics": [{"mAP": float("nan")}]}, {"training": {"loss": np.float32(1)}}],
    ids=["nan", "numpy"],
)
def test_values_without_a_json_form_are_refused(tmp_path, changes):
    with pytest.raises(ConversionError, match="JSON"):
        write_bundle(tmp_path / "bundle", **contents(**changes))
    assert list(tmp_path.iterdir()) == []


def test_a_bundle_needs_a_file(tmp_path):
    with pytest.raises(ConversionError, match="at least one model file"):
        write_bundle(tmp_path / "bundle", **contents(files={}))


def test_writing_a_bundle_needs_no_tensorflow():
    code = (
        "import sys, bireid_converters.bundle, bireid_converters.formats;"
        "sys.exit('tensorflow' in sys.modules or 'onnx' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
