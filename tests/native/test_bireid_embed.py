"""bireid-embed on the command line: what it prints, and by which exit code it fails."""

import hashlib
import json
import platform
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from bireid_runtime import Detector, Extractor, Tracker, __version__
from bundle_files import (
    REID_BUNDLE,
    change_golden_outputs,
    classifier_bundle,
    detector_bundle,
    golden_crops,
    golden_outputs,
    moving_target,
    tracker_bundle,
)
from embed_program import (
    BUNDLE,
    PROGRAMS,
    TOLERANCE,
    copy_bundle,
    embeddings,
    refusal,
    run,
)
from golden_edit import edit_decoded
from PIL import Image
from skips import skip_unavoidably
from zoo import DETECTOR_BUNDLE, TRACKER_BUNDLE


@pytest.fixture(scope="module", params=PROGRAMS)
def program(request):
    return request.param


@pytest.fixture(scope="module")
def crops():
    return golden_crops(BUNDLE)


@pytest.fixture
def crop_files(crops, tmp_path):
    paths = [tmp_path / f"{index}.png" for index in range(len(crops))]
    for path, crop in zip(paths, crops, strict=True):
        Image.fromarray(crop).save(path)
    return paths


def test_embeddings_are_those_of_python(program, crops, crop_files):
    rng = np.random.default_rng(0)
    crops = [*crops, rng.integers(0, 256, (219, 97, 3), dtype=np.uint8)]
    Image.fromarray(crops[-1]).save(crop_files[0].with_name("noise.png"))
    rows = embeddings(program, *crop_files, crop_files[0].with_name("noise.png"))
    expected = Extractor.open(REID_BUNDLE, backend="litert").embed(crops)
    np.testing.assert_allclose(rows, expected, rtol=0, atol=TOLERANCE)


def test_every_line_names_its_image(program, crop_files):
    # A quote, letters beyond ASCII and a byte that is no text: what a path may hold.
    names = [
        'a "b"\\.png',
        "größe_人.png",
        "😀.png",
        b"\xff\xfe.png".decode(errors="surrogateescape"),
    ]
    paths = [crop_files[0].rename(crop_files[0].with_name(names[0]))]
    paths += [paths[0].with_name(name) for name in names[1:]]
    for path in paths[1:]:
        path.write_bytes(paths[0].read_bytes())
    done = run(program, BUNDLE, *paths)
    records = [json.loads(line) for line in done.stdout.splitlines()]
    assert [record["image"] for record in records] == [str(path) for path in paths]
    assert all(list(record) == ["image", "fingerprint", "embedding"] for record in records)


def test_binary_rows_are_the_same_floats(program, crop_files):
    done = run(program, BUNDLE, "--binary", *crop_files)
    rows = np.frombuffer(done.stdout, "<f4").reshape(len(crop_files), -1)
    np.testing.assert_array_equal(rows, embeddings(program, *crop_files))


def test_raw_pixels(program, crops, crop_files, tmp_path):
    height, width, _ = crops[1].shape
    (tmp_path / "raw").write_bytes(crops[1].tobytes())
    rows = embeddings(program, "--raw", f"{width}x{height}", tmp_path / "raw")
    np.testing.assert_array_equal(rows, embeddings(program, crop_files[1]))


def test_raw_pixels_of_another_size_are_refused(program, tmp_path):
    for count in (23, 25):
        (tmp_path / "raw").write_bytes(bytes(count))
        line = refusal(program, "--raw", "2x4", BUNDLE, tmp_path / "raw")
        assert f"{tmp_path / 'raw'}: " in line
        assert "24" in line


def test_lines_before_a_bad_image_are_printed(program, crop_files, tmp_path):
    done = run(program, BUNDLE, crop_files[0], tmp_path / "none.png", crop_files[1])
    assert done.returncode == 2
    assert len(done.stdout.splitlines()) == 1
    expected = f"bireid-embed: {tmp_path / 'none.png'}: No such file or directory\n"
    assert done.stderr.decode() == expected


def test_self_test(program):
    done = run(program, BUNDLE, "--selftest", "--threads", "2")
    assert (done.returncode, done.stderr) == (0, b"")
    assert b": self-test passed, max difference " in done.stdout
    record = json.loads(run(program, BUNDLE, "--selftest", "--json", "--isa", "scalar").stdout)
    assert record["engine"] == f"bireid {__version__} (scalar)"
    assert record["passed"] is True
    assert record["max_difference"] < TOLERANCE
    assert record["min_cosine"] == pytest.approx(1, abs=TOLERANCE)


@pytest.mark.parametrize("source", [DETECTOR_BUNDLE, TRACKER_BUNDLE], ids=["boxes", "correlation"])
def test_the_self_test_decodes_as_python_does(program, source, tmp_path):
    bundle = Path(shutil.copytree(source, tmp_path / "bundle"))
    done = run(program, bundle, "--selftest")
    assert (done.returncode, done.stderr) == (0, b"")

    def nudge(arrays):
        name = max(name for name in arrays if len(arrays[name]))
        rows = arrays[name].copy()
        rows[-1, -2] = np.nextafter(rows[-1, -2], np.float32(-1))
        return {**arrays, name: rows}

    edit_decoded(bundle, nudge)
    done = run(program, bundle, "--selftest", "--json")
    assert (done.returncode, json.loads(done.stdout)["passed"]) == (3, False)
    lines = done.stderr.decode().splitlines()
    assert len(lines) == 1
    assert "the golden maps decode to something else here (output '" in lines[0]


def test_a_failed_self_test_is_exit_code_3(program, tmp_path):
    bundle = copy_bundle(tmp_path)
    change_golden_outputs(
        bundle, "embedding", np.roll(golden_outputs(bundle, "embedding"), 1, axis=1)
    )
    done = run(program, bundle, "--selftest", "--json")
    assert done.returncode == 3
    record = json.loads(done.stdout)
    assert record["passed"] is False
    assert record["min_cosine"] < 0.99
    assert done.stderr.count(b"\n") == 1


def test_bench(program):
    done = run(program, BUNDLE, "--bench", "3", "--json", "--stem", "uint8")
    record = json.loads(done.stdout)
    assert record["runs"] == 3
    assert (record["width"], record["height"]) == (128, 256)
    assert record["engine"].endswith("uint8 stem)")
    assert 0 < record["p10_ms"] <= record["median_ms"] <= record["p90_ms"]
    assert record["load_ms"] > 0
    assert record["first_ms"] > 0
    assert record["peak_rss_bytes"] > (BUNDLE / "model.lce.tflite").stat().st_size
    text = run(program, "--bench", "2", BUNDLE).stdout.decode()
    assert "2 runs, crop of 128x256 pixels\nmedian " in text


def test_bench_without_proc(program):
    """A chroot or a container may have no /proc: no figure is better than a made-up one."""
    if any(part.startswith("sanitize") for part in program.parts):
        skip_unavoidably("the sanitizers need /proc")
    hidden = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c"]
    hidden += ['mount -t tmpfs none /proc && exec "$@"', "sh"]
    if subprocess.run([*hidden, "true"], capture_output=True, check=False).returncode:
        skip_unavoidably("the kernel allows no mount namespace here")
    command = [*hidden, program, "--bench", "1", BUNDLE]
    record = json.loads(subprocess.check_output([*command, "--json"]))
    assert record["peak_rss_bytes"] is None
    assert subprocess.check_output(command).endswith(b", peak memory unknown\n")


def test_help_and_version(program):
    for flag in ("--help", "-h"):
        done = run(program, flag)
        assert (done.returncode, done.stderr) == (0, b"")
        assert done.stdout.startswith(b"Usage: bireid-embed ")
        assert max(map(len, done.stdout.splitlines())) <= 100
    assert run(program, "--version").stdout.decode() == f"bireid-embed {__version__}\n"


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ([], "name a bundle"),
        ([BUNDLE], "name at least one image"),
        ([BUNDLE, "--nonsense", "a"], "--nonsense: unknown"),
        ([BUNDLE, "a", "--threads"], "--threads: unknown, or its value is missing"),
        ([BUNDLE, "a", "--threads", "0"], "--threads must be a number from 1 to 64, not '0'"),
        ([BUNDLE, "a", "--threads", "-1"], "--threads must be a number from 1 to 64, not '-1'"),
        ([BUNDLE, "a", "--threads", "9" * 30], "--threads must be"),
        ([BUNDLE, "a", "--raw", "64"], "H of --raw WxH must be a number from 1 to 20000"),
        ([BUNDLE, "a", "--raw", "0x9"], "W of --raw WxH must be"),
        ([BUNDLE, "a", "--raw", "20000x20000"], "a: 20000x20000 pixels"),
        ([BUNDLE, "a", "--stem", "int4"], "stem must be float32 or uint8"),
        ([BUNDLE, "--bench", "0"], "--bench must be"),
        ([BUNDLE, "a", "--threads", "65"], "--threads must be a number from 1 to 64, not '65'"),
        ([BUNDLE, "--bench", "--selftest"], "exclude each other"),
        ([BUNDLE, "--describe", "--selftest"], "exclude each other"),
        ([BUNDLE, "--describe", "--json"], "--json goes with"),
        ([BUNDLE, "a", "--selftest"], "images go with neither"),
        ([BUNDLE, "a", "--json"], "--json goes with"),
        ([BUNDLE, "--selftest", "--binary"], "--binary and --raw go with images only"),
        ([BUNDLE, "a", "--stdio"], "--stdio and --socket go with serve only"),
        (["serve", BUNDLE], "serve needs either --stdio or --socket PATH"),
        (["serve", BUNDLE, "--stdio", "--socket", "s"], "serve needs either"),
        (["serve", BUNDLE, "--socket", ""], "--socket needs a path"),
        (["serve", "--stdio"], "name a bundle"),
        (["nowhere", "--selftest"], "nowhere: "),
        ([BUNDLE / "card.md", "--selftest"], "card.md: "),
    ],
)
def test_mistakes_are_exit_code_2(program, arguments, reason):
    assert reason in refusal(program, *arguments)


def test_another_cpus_kernels_are_exit_code_6(program):
    other = "avx2" if platform.machine() == "aarch64" else "neon"
    assert f"'{other}'" in refusal(program, BUNDLE, "--selftest", "--isa", other, exit_code=6)


def test_a_damaged_bundle_is_refused(program, tmp_path):
    bundle = copy_bundle(tmp_path)
    model = bytearray((bundle / "model.lce.tflite").read_bytes())
    model[len(model) // 2] ^= 1
    (bundle / "model.lce.tflite").write_bytes(model)
    assert "model.lce.tflite" in refusal(program, bundle, "--selftest")


def test_a_full_disk_is_told(program, crop_files):
    with open("/dev/full", "wb") as full:
        command = [program, BUNDLE, crop_files[0]]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, timeout=60)
    assert done.returncode == 2
    assert done.stderr == b"bireid-embed: writing standard output: No space left on device\n"


def test_a_bundle_describes_itself(program):
    record = json.loads(run(program, BUNDLE, "--describe", "--threads", "2").stdout)
    assert (record["task"], record["threads"]) == ("reid", 2)
    assert record["fingerprint"].startswith("sha256:")
    assert record["engine"].startswith(f"bireid {__version__} (")
    assert record["inputs"] == [{"name": "image", "kind": "image", "shape": [None, 128, 64, 3]}]
    assert record["outputs"] == [{"name": "embedding", "kind": "embedding", "shape": [None, 256]}]


def test_a_classifier_prints_class_probability_and_logits(program, crop_files):
    bundle = classifier_bundle()
    classes = json.loads(run(program, bundle, "--describe").stdout)["outputs"][0]["classes"]
    assert classes[0] == "größte"
    done = run(program, bundle, *crop_files)
    assert (done.returncode, done.stderr) == (0, b"")
    expected = embeddings(program, *crop_files)
    rows = []
    for line, path, embedding in zip(done.stdout.splitlines(), crop_files, expected, strict=True):
        record = json.loads(line)
        assert list(record) == ["image", "fingerprint", "class", "probability", "logits"]
        assert record["image"] == str(path)
        logits = np.float32(record["logits"])
        rows.append(logits)
        # The embedding is the logits' direction.
        np.testing.assert_allclose(
            logits / np.linalg.norm(logits), embedding, rtol=0, atol=TOLERANCE
        )
        assert record["class"] == classes[logits.argmax()]
        shares = np.exp(np.float64(logits) - logits.max())
        assert record["probability"] == pytest.approx(1 / shares.sum(), rel=1e-5)
    binary = np.frombuffer(run(program, bundle, "--binary", *crop_files).stdout, "<f4")
    np.testing.assert_array_equal(binary.reshape(len(rows), -1), rows)


def test_a_detector_prints_the_boxes_of_python(program, crops, crop_files):
    bundle = detector_bundle()
    done = run(program, bundle, *crop_files)
    assert (done.returncode, done.stderr) == (0, b"")
    detector = Detector.open(bundle, backend="native")
    for line, path, expected in zip(
        done.stdout.splitlines(), crop_files, detector.detect(crops), strict=True
    ):
        record = json.loads(line)
        assert list(record) == ["image", "fingerprint", "boxes"]
        assert record["image"] == str(path)
        assert len(record["boxes"]) > 3
        for found, wanted in zip(record["boxes"], expected, strict=True):
            assert found["class"] == wanted.name
            assert np.float32(found["score"]) == np.float32(wanted.score)
            np.testing.assert_array_equal(np.float32(found["box"]), np.float32(wanted.box))


@pytest.fixture
def frame_files(tmp_path):
    frames, _ = moving_target()
    paths = [tmp_path / f"{index}.png" for index in range(len(frames))]
    for path, frame in zip(paths, frames, strict=True):
        Image.fromarray(frame).save(path)
    return paths


def _followed():
    """The boxes of Python, in the first frame the given one."""
    frames, box = moving_target()
    tracker = Tracker.open(tracker_bundle(), backend="native")
    tracker.start(frames[0], box)
    found = [tracker.update(frame) for frame in frames[1:]]
    space = {"fingerprint": tracker.fingerprint}
    return [{**space, "box": list(box), "score": 1}] + [
        {**space, "box": list(each.box), "score": each.score} for each in found
    ]


def test_a_tracker_prints_the_boxes_of_python(program, frame_files):
    done = run(program, tracker_bundle(), "--box", "30,40,18,24", *frame_files)
    assert (done.returncode, done.stderr) == (0, b"")
    records = [json.loads(line) for line in done.stdout.splitlines()]
    assert [record.pop("image") for record in records] == [str(path) for path in frame_files]
    assert records == _followed()


def test_a_tracker_answers_requests(program, frame_files):
    first, *others = frame_files
    requests = [str(others[0]), f"box 1,1,2 {first}", f"box 30,40,18,24 {first}", *others]
    done = run(
        *(program, "serve", tracker_bundle(), "--stdio"),
        input="".join(f"{each}\n" for each in requests).encode(),
    )
    assert (done.returncode, done.stderr) == (0, b"")
    none, wrong, *answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert "no target" in none["error"]
    assert "box must be four numbers X,Y,W,H, not '1,1,2'" in wrong["error"]
    assert answers == _followed()


def test_a_tracker_without_a_target_says_what_it_needs(program, frame_files):
    bundle = tracker_bundle()
    assert "say with --box X,Y,W,H" in refusal(program, bundle, frame_files[0])
    for wrong in ("1,2,3", "1,2,3,4,5", "a,2,3,4", "1,2,3,nan", "0x1,2,3,4", ""):
        line = refusal(program, bundle, "--box", wrong, frame_files[0])
        assert "--box must be four numbers X,Y,W,H" in line
    line = refusal(program, bundle, "--box", "500,2,30,40", frame_files[0])
    assert "its middle lies outside the frame" in line
    assert "--box goes with" in refusal(program, bundle, "--box", "1,2,3,4", "--selftest")
    crop = refusal(program, BUNDLE, "--box", "1,2,3,4", frame_files[0], exit_code=6)
    assert "open it with bireid_open" in crop
    done = run(program, bundle, "--selftest", "--json")
    assert (done.returncode, json.loads(done.stdout)["passed"]) == (0, True)


def test_a_classifier_tests_itself_and_is_timed(program):
    done = run(program, classifier_bundle(), "--selftest", "--json")
    assert (done.returncode, json.loads(done.stdout)["passed"]) == (0, True)
    assert (
        json.loads(run(program, classifier_bundle(), "--bench", "1", "--json").stdout)["runs"] == 1
    )


def test_a_network_of_another_kind_is_exit_code_6(program, tmp_path):
    bundle = copy_bundle(tmp_path)
    manifest = json.loads((bundle / "manifest.json").read_text())
    output = manifest["outputs"][0]
    reasons = {"faces": "'faces'; this version knows", "tensor": "embed or classify"}
    for unknown, reason in reasons.items():
        output["kind"] = unknown
        (bundle / "manifest.json").write_text(json.dumps(manifest))
        (bundle / "SHA256SUMS").write_text(
            "".join(
                f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n"
                for path in sorted(bundle.iterdir())
                if path.name != "SHA256SUMS"
            )
        )
        assert reason in refusal(program, bundle, "--selftest", exit_code=6)


def test_a_bundle_of_schema_1_is_exit_code_6(program, tmp_path):
    bundle = copy_bundle(tmp_path)
    manifest = json.loads((bundle / "manifest.json").read_text())
    (bundle / "manifest.json").write_text(json.dumps(manifest | {"schema_version": 1}))
    line = refusal(program, bundle, "--selftest", exit_code=6)
    assert "schema_version is 1; this runtime reads 2: convert the run again" in line
