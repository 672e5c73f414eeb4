"""The Java binding on this machine's JVM; its Android part over the stand-ins in fake_android."""

import ctypes
import os
import re
import shlex
import shutil
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from adapted_bundle import CAMERAS
from bireid_runtime import Detector, PointClassifier, Tracker
from bireid_runtime.native_library import engine_path
from skips import skip_unavoidably

sys.path.insert(0, str(Path(__file__).parents[1] / "native"))
sys.path.insert(0, str(Path(__file__).parent))

from bundle_files import (
    REID_BUNDLE,
    adapted_bundle,
    change_golden_outputs,
    classifier_bundle,
    detector_bundle,
    golden_crops,
    golden_outputs,
    moving_target,
    points_bundle,
    some_clouds,
    tracker_bundle,
)
from recorded_items import drawn_people, embedded, write_items, write_zoo
from zoo import ZOO

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
ANDROID = ROOT / "runtime" / "android"
LIBRARY_SOURCES = ANDROID / "bireid" / "src" / "main"
COMPILER = shlex.split(os.environ.get("CXX", "c++"))
JARS = [Path("/usr/share/java") / name for name in ("junit4.jar", "hamcrest-core.jar")]
JAVAC = ["javac", "--release", "11", "-encoding", "UTF-8", "-Xlint:all", "-Werror"]
TEST_CLASSES = [
    "org.bireid.ClassifierTest",
    "org.bireid.DetectorTest",
    "org.bireid.ExtractorTest",
    "org.bireid.ExtractorThreadsTest",
    "org.bireid.PointClassifierTest",
    "org.bireid.SearchTest",
    "org.bireid.TrackerTest",
    "org.bireid.ZooTest",
    "org.bireid.android.ReIdExtractorTest",
]


def run(*command, folder=None):
    done = subprocess.run(
        [*map(str, command)],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=240,
        env={**os.environ, "LC_ALL": "C.UTF-8"},
    )
    return done.returncode, done.stdout + done.stderr


def java_files(*folders):
    return [file for folder in folders for file in sorted(folder.rglob("*.java"))]


def classpath(*entries):
    return os.pathsep.join(map(str, entries))


@pytest.fixture(scope="module")
def bundle():
    return REID_BUNDLE


@pytest.fixture(scope="module")
def jdk():
    """The folder of the JDK whose javac is on the path."""
    for tool in ("javac", "java"):
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is missing (apt-get install openjdk-17-jdk-headless)")
    return Path(shutil.which("javac")).resolve().parents[1]


@pytest.fixture(scope="module")
def libraries(jdk, tmp_path_factory):
    """The folder of libbireid_jni.so, linked to the engine of the installed runtime."""
    if shutil.which(COMPILER[0]) is None:
        pytest.skip(f"no C++ compiler: {COMPILER[0]}")
    engine = Path(engine_path())
    folder = tmp_path_factory.mktemp("libraries")
    code, output = run(
        *COMPILER,
        *("-std=c++17", "-O2", "-shared", "-fPIC", "-fvisibility=hidden", "-fno-exceptions"),
        *("-Wall", "-Wextra", "-Werror", "-Wl,--no-undefined"),
        *(f"-I{ROOT / 'runtime' / 'native'}", f"-I{jdk / 'include'}", f"-I{jdk / 'include/linux'}"),
        *(*sorted((LIBRARY_SOURCES / "cpp").glob("*.cc")), "-o", folder / "libbireid_jni.so"),
        *(f"-L{engine.parent}", "-lbireid", f"-Wl,-rpath,{engine.parent}"),
    )
    assert (code, output) == (0, "")
    return folder


@pytest.fixture(scope="module")
def classes(jdk, tmp_path_factory):
    """The folder of the compiled binding and tests."""
    missing = [str(jar) for jar in JARS if not jar.is_file()]
    if missing:
        pytest.skip(f"{' and '.join(missing)} missing (apt-get install junit4)")
    folder = tmp_path_factory.mktemp("classes")
    sources = java_files(LIBRARY_SOURCES / "java", HERE / "org", HERE / "fake_android")
    code, output = run(*JAVAC, "-classpath", classpath(*JARS), "-d", folder, *sources)
    assert (code, output) == (0, "")
    return folder


def _embed(bundle, crop):
    """Call the C API as any program does: float32 (D,)."""
    library = ctypes.CDLL(engine_path())
    extractor = ctypes.c_void_p()
    assert library.bireid_open(os.fsencode(bundle), None, ctypes.byref(extractor)) == 0
    embedding = np.empty(library.bireid_embedding_dim(extractor), np.float32)
    height, width, _ = crop.shape
    call = library.bireid_embed_rgb8
    call.argtypes = [ctypes.c_void_p, ctypes.c_char_p, *[ctypes.c_int32] * 2, ctypes.c_int64]
    call.argtypes += [ctypes.c_void_p, ctypes.c_int32]
    status = call(
        extractor, crop.tobytes(), width, height, 0, embedding.ctypes.data, len(embedding)
    )
    assert status == 0
    library.bireid_close(extractor)
    return embedding


@pytest.fixture(scope="module")
def crops(bundle, tmp_path_factory):
    """A file of the golden crops and the engine's embeddings, as GoldenCrops.java reads it."""
    images = golden_crops(bundle)
    folder = tmp_path_factory.mktemp("crops")
    parts = [struct.pack(">i", len(images))]
    for crop in images:
        height, width, _ = crop.shape
        embedding = _embed(bundle, crop)
        parts += [struct.pack(">ii", width, height), crop.tobytes()]
        parts += [struct.pack(">i", len(embedding)), embedding.astype(">f4").tobytes()]
    file = folder / "crops"
    file.write_bytes(b"".join(parts))
    return file


@pytest.fixture(scope="module")
def boxes(bundle, tmp_path_factory):
    """A file of what Python finds in the first crop: class, and the bits of five numbers."""
    detector = Detector.open(detector_bundle(), backend="native")
    (found,) = detector.boxes(golden_crops(bundle)[:1])
    numbers = np.concatenate([found.corners, found.scores[:, None]], axis=1).view(np.uint32)
    lines = [
        " ".join([detector.classes[label], *(f"{value:x}" for value in row)])
        for label, row in zip(found.labels, numbers, strict=True)
    ]
    file = tmp_path_factory.mktemp("boxes") / "boxes"
    file.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def frames(tmp_path_factory):
    """Frames, the box in the first, and the bits of what Python finds in the others."""
    pictures, box = moving_target()
    tracker = Tracker.open(tracker_bundle(), backend="native")
    tracker.start(pictures[0], box)
    height, width, _ = pictures[0].shape
    parts = [struct.pack(">iii4d", len(pictures), width, height, *box), pictures[0].tobytes()]
    for picture in pictures[1:]:
        found = tracker.update(picture)
        parts += [picture.tobytes(), struct.pack(">5d", *found.box, found.score)]
    file = tmp_path_factory.mktemp("frames") / "frames"
    file.write_bytes(b"".join(parts))
    return file


@pytest.fixture(scope="module")
def clouds(tmp_path_factory):
    """A file of clouds and of what Python computes of each: the bits of all numbers, by lines."""
    found = some_clouds()
    logits = PointClassifier.open(points_bundle(), backend="native").classify(found)
    rows = [each for pair in zip(found, logits, strict=True) for each in pair]
    lines = [" ".join(f"{value:x}" for value in row.reshape(-1).view(np.uint32)) for row in rows]
    file = tmp_path_factory.mktemp("clouds") / "clouds"
    file.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def zoo_items(tmp_path_factory):
    """A folder of rendered items and of what Python computes of them, by the zoo's bundles."""
    folder = tmp_path_factory.mktemp("zoo")
    write_zoo(folder)
    return folder


@pytest.fixture(scope="module")
def adapted_items(tmp_path_factory):
    """A folder of drawn people and their embeddings by Python, by the cameras of a bundle."""
    folder = tmp_path_factory.mktemp("adapted")
    for camera in CAMERAS:
        write_items(folder / camera, embedded(adapted_bundle(), drawn_people(), camera))
    return folder


@pytest.fixture(scope="module")
def wrong_golden(bundle, tmp_path_factory):
    """A copy of the bundle whose golden embeddings point the other way."""
    folder = tmp_path_factory.mktemp("wrong") / "bundle"
    shutil.copytree(bundle, folder)
    change_golden_outputs(folder, "embedding", -golden_outputs(folder, "embedding"))
    return folder


@pytest.mark.parametrize("test_class", TEST_CLASSES)
def test_junit(
    test_class,
    bundle,
    libraries,
    classes,
    crops,
    boxes,
    frames,
    clouds,
    zoo_items,
    adapted_items,
    wrong_golden,
    tmp_path,
):
    code, output = run(
        *("java", "-Xcheck:jni", "-Xmx512m", f"-Djava.library.path={libraries}"),
        *(f"-Dbireid.bundle={bundle}", f"-Dbireid.crops={crops}"),
        *(f"-Dbireid.classifier={classifier_bundle()}", f"-Dbireid.adapted={adapted_bundle()}"),
        *(f"-Dbireid.detector={detector_bundle()}", f"-Dbireid.boxes={boxes}"),
        *(f"-Dbireid.tracker={tracker_bundle()}", f"-Dbireid.frames={frames}"),
        *(f"-Dbireid.points={points_bundle()}", f"-Dbireid.clouds={clouds}"),
        *(f"-Dbireid.zoo={ZOO}", f"-Dbireid.zoo_items={zoo_items}"),
        f"-Dbireid.adapted_items={adapted_items}",
        *(f"-Dbireid.wrong_golden={wrong_golden}", "-classpath", classpath(classes, *JARS)),
        *("org.junit.runner.JUnitCore", test_class),
        folder=tmp_path,  # where a JVM that crashes leaves its report
    )
    source = HERE / (test_class.replace(".", "/") + ".java")
    assert (code, re.findall(r"^OK \((\d+) tests\)$", output, re.MULTILINE)) == (
        0,
        [str(source.read_text().count("@Test\n"))],
    ), output
    assert "in native method" not in output, output  # how -Xcheck:jni complains


def test_the_core_needs_nothing_of_android(jdk, tmp_path):
    sources = sorted((LIBRARY_SOURCES / "java" / "org" / "bireid").glob("*.java"))
    assert run(*JAVAC, "-d", tmp_path, *sources) == (0, "")


def test_the_library_and_the_sample_compile_against_android(jdk, tmp_path):
    platforms = Path(os.environ.get("ANDROID_HOME", "/usr/lib/android-sdk")) / "platforms"
    jars = sorted(platforms.glob("android-*/android.jar"))
    if not jars:
        skip_unavoidably(f"no Android platform in {platforms}; ANDROID_HOME names the SDK's folder")
    sources = java_files(LIBRARY_SOURCES / "java", ANDROID / "sample" / "src" / "main" / "java")
    # Later versions of Android deprecate what the oldest supported one needs.
    lint = "-Xlint:-deprecation"
    assert run(*JAVAC, lint, "-classpath", jars[-1], "-d", tmp_path, *sources) == (0, "")
