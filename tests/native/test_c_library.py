"""The C API as a C program uses it, from the shared and from the static library."""

import os
import shlex
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from bireid_runtime import Detector, PointClassifier, Tracker, engine_path
from bundle_files import (
    REID_BUNDLE,
    classifier_bundle,
    detector_bundle,
    golden_crops,
    golden_outputs,
    moving_target,
    points_bundle,
    some_clouds,
    tracker_bundle,
)
from zoo import DETECTOR_BUNDLE, POINTS_BUNDLE, TRACKER_BUNDLE

ROOT = Path(__file__).parents[2]
NATIVE = ROOT / "runtime" / "native"
EXAMPLES = NATIVE / "examples"
STATIC_LIBRARY = ROOT / "dist" / "native" / "lib" / "libbireid.a"
COMPILER = shlex.split(os.environ.get("CC", "cc"))
# Functions of libraries that are inside ours.
NAMESAKES = "void yyjson_read_opts(void) {}\nvoid yyjson_alc_dyn_new(void) {}\n"


def run(*command):
    return subprocess.run([*map(str, command)], capture_output=True, text=True, timeout=120)


def compile_c(program, *arguments):
    if shutil.which(COMPILER[0]) is None:
        pytest.skip(f"no C compiler: {COMPILER[0]}")
    options = ("-std=c99", "-pedantic", "-O2", "-Wall", "-Wextra", f"-I{NATIVE / 'engine'}")
    done = run(*COMPILER, *options, *arguments, "-o", program)
    assert (done.returncode, done.stderr) == (0, "")
    return program


def with_shared_library(example, folder):
    libraries = Path(engine_path()).parent
    link = (f"-L{libraries}", "-lbireid", f"-Wl,-rpath,{libraries}")
    return compile_c(folder / "program", EXAMPLES / example, *link)


def with_static_library(example, folder):
    if not STATIC_LIBRARY.is_file():
        pytest.skip("no libbireid.a in dist/native: `make native-libraries`")
    namesakes = folder / "namesakes.c"
    namesakes.write_text(NAMESAKES)
    libraries = (STATIC_LIBRARY, "-lstdc++", "-lm", "-lpthread")
    return compile_c(folder / "program", EXAMPLES / example, namesakes, *libraries)


@pytest.fixture(scope="module", params=[with_shared_library, with_static_library])
def build(request):
    return request.param


@pytest.fixture(scope="module")
def minimal(build, tmp_path_factory):
    return build("minimal.c", tmp_path_factory.mktemp("minimal"))


@pytest.fixture(scope="module")
def classify(build, tmp_path_factory):
    return build("classify.c", tmp_path_factory.mktemp("classify"))


@pytest.fixture(scope="module")
def detect(build, tmp_path_factory):
    return build("detect.c", tmp_path_factory.mktemp("detect"))


@pytest.fixture(scope="module")
def track(build, tmp_path_factory):
    return build("track.c", tmp_path_factory.mktemp("track"))


@pytest.fixture(scope="module")
def classify_points(build, tmp_path_factory):
    return build("classify_points.c", tmp_path_factory.mktemp("classify_points"))


def run_on(program, bundle, crop, folder):
    """The lines that a program prints for a crop."""
    (folder / "crop.rgb").write_bytes(crop.tobytes())
    done = run(program, bundle, folder / "crop.rgb", crop.shape[1], crop.shape[0])
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


def test_it_prints_the_golden_embeddings(minimal, tmp_path):
    bundle = REID_BUNDLE
    expected = golden_outputs(bundle, "embedding")
    for crop, embedding in zip(golden_crops(bundle), expected, strict=True):
        printed = np.array(run_on(minimal, bundle, crop, tmp_path), np.float32)
        np.testing.assert_allclose(printed, embedding, rtol=0, atol=1e-5)


def test_a_classifier_prints_its_classes_and_logits(minimal, classify, tmp_path):
    crop = golden_crops(classifier_bundle())[0]
    rows = [line.split(" ", 1) for line in run_on(classify, classifier_bundle(), crop, tmp_path)]
    assert [name for _, name in rows[:2]] == ["größte", "class 1"]
    logits = np.array([number for number, _ in rows], np.float32)
    embedding = np.array(run_on(minimal, REID_BUNDLE, crop, tmp_path), np.float32)
    np.testing.assert_allclose(logits / np.linalg.norm(logits), embedding, rtol=0, atol=1e-5)


def made_up_or_of_the_zoo(make_up, of_zoo):
    """Run a test on a bundle that is made up, and on a trained one."""
    paths = [pytest.param(make_up, id="made-up"), pytest.param(lambda: of_zoo, id="zoo")]
    return pytest.mark.parametrize("bundle_of", paths)


@made_up_or_of_the_zoo(detector_bundle, DETECTOR_BUNDLE)
def test_a_detector_prints_what_python_finds_to_the_last_bit(detect, tmp_path, bundle_of):
    bundle = bundle_of()
    python = Detector.open(bundle, backend="native")
    crops = golden_crops(REID_BUNDLE)
    crops += [crops[0][:40], crops[0][:, :9], np.rot90(crops[1]).copy()]
    if bundle == DETECTOR_BUNDLE:
        crops = golden_crops(bundle)
    counts = []
    for crop, expected in zip(crops, python.boxes(crops), strict=True):
        lines = [line.rsplit(" ", 5) for line in run_on(detect, bundle, crop, tmp_path)]
        assert [line[0] for line in lines] == [python.classes[each] for each in expected.labels]
        found = np.array([line[1:] for line in lines], np.float32).reshape(-1, 5)
        np.testing.assert_array_equal(found[:, 0], expected.scores)
        np.testing.assert_array_equal(found[:, 1:], expected.corners)
        counts.append(len(found))
    # Of the zoo's images some show nobody.
    assert sum(counts) > 3
    assert bundle == DETECTOR_BUNDLE or min(counts) > 3


@made_up_or_of_the_zoo(tracker_bundle, TRACKER_BUNDLE)
def test_a_tracker_prints_what_python_finds_to_the_last_bit(track, tmp_path, bundle_of):
    bundle = bundle_of()
    frames, box = moving_target()
    paths = [tmp_path / f"{number}.rgb" for number in range(len(frames))]
    for path, frame in zip(paths, frames, strict=True):
        path.write_bytes(frame.tobytes())
    done = run(track, bundle, 120, 90, *box, *paths)
    assert (done.returncode, done.stderr) == (0, "")
    python = Tracker.open(bundle, backend="native")
    python.start(frames[0], box)
    lines = done.stdout.splitlines()
    for line, frame in zip(lines, frames[1:], strict=True):
        wanted = python.update(frame)
        assert [float(each) for each in line.split()] == [*wanted.box, wanted.score]
    # It did follow: 15 pixels to the right and 10 up.
    assert np.abs(np.array(wanted.box[:2]) - [45, 30]).max() < 5


def test_a_tracker_that_cannot_be_opened_is_one_line(track, tmp_path):
    done = run(track, tmp_path / "absent", 1, 1, 0, 0, 1, 1, "frame.rgb")
    assert (done.returncode, done.stdout) == (1, "")
    assert len(done.stderr.splitlines()) == 1
    done = run(track, detector_bundle(), 1, 1, 0, 0, 1, 1, "frame.rgb")
    assert done.stderr.endswith("open it with bireid_detector_open\n")


@made_up_or_of_the_zoo(points_bundle, POINTS_BUNDLE)
def test_a_classifier_of_clouds_prints_what_python_computes(classify_points, tmp_path, bundle_of):
    bundle, clouds = bundle_of(), some_clouds()
    python = PointClassifier.open(bundle, backend="native")
    for cloud, expected in zip(clouds, python.classify(clouds), strict=True):
        (tmp_path / "cloud.f32").write_bytes(cloud.tobytes())
        done = run(classify_points, bundle, tmp_path / "cloud.f32", len(cloud))
        assert (done.returncode, done.stderr) == (0, "")
        rows = [line.split(" ", 1) for line in done.stdout.splitlines()]
        assert [name for _, name in rows] == list(python.classes)
        np.testing.assert_array_equal(np.array([row[0] for row in rows], np.float32), expected)
    done = run(classify_points, bundle, tmp_path / "cloud.f32", 2)
    assert (done.returncode, done.stderr) == (1, "2 points; a cloud has 3 to 16777216\n")


def test_an_error_is_one_line(minimal, classify, detect, tmp_path):
    for program in (minimal, classify, detect):
        done = run(program, tmp_path / "absent", "crop.rgb", 1, 1)
        assert (done.returncode, done.stdout) == (1, "")
        assert len(done.stderr.splitlines()) == 1
        assert str(tmp_path / "absent") in done.stderr


def test_a_bundle_for_another_face_names_the_right_one(minimal, classify, detect):
    done = run(minimal, detector_bundle(), "crop.rgb", 1, 1)
    assert done.stderr.endswith("open it with bireid_detector_open\n")
    done = run(minimal, tracker_bundle(), "crop.rgb", 1, 1)
    assert done.stderr.endswith("open it with bireid_tracker_open\n")
    done = run(detect, REID_BUNDLE, "crop.rgb", 1, 1)
    assert done.stderr.endswith("open it with bireid_open\n")
    done = run(minimal, classifier_bundle(), "crop.rgb", 1, 1)
    assert done.stderr.endswith("open it with bireid_classifier_open\n")
    done = run(classify, REID_BUNDLE, "crop.rgb", 1, 1)
    assert done.stderr.endswith("open it with bireid_open\n")


def test_the_shared_library_of_the_system_has_a_version_and_links():
    folder = ROOT / "dist" / "native" / "lib"
    if not folder.is_dir():
        pytest.skip("no libraries in dist/native: `make native-libraries`")
    dynamic = subprocess.check_output(["readelf", "-dW", folder / "libbireid.so"], text=True)
    assert "soname: [libbireid.so.0]" in dynamic
    assert (folder / "libbireid.so").readlink() == Path("libbireid.so.0")
    assert (folder / "libbireid.so.0").is_file()
