"""The Java binding on this machine's JVM; its Android part over the stand-ins in fake_android."""

import os
import re
import shlex
import shutil
import struct
import subprocess
from pathlib import Path

import pytest
from bireid_runtime import Bundle, Extractor
from bireid_runtime.native_library import engine_path
from golden_edit import edit_golden_outputs
from skips import skip_unavoidably

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
ANDROID = ROOT / "runtime" / "android"
LIBRARY_SOURCES = ANDROID / "bireid" / "src" / "main"
ZOO = ROOT / "models" / "zoo"
COMPILER = shlex.split(os.environ.get("CXX", "c++"))
JARS = [Path("/usr/share/java") / name for name in ("junit4.jar", "hamcrest-core.jar")]
JAVAC = ["javac", "--release", "11", "-encoding", "UTF-8", "-Xlint:all", "-Werror"]
TEST_CLASSES = ["org.bireid.ExtractorTest", "org.bireid.android.ReIdExtractorTest"]


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
    return Bundle.open(ZOO / "distilled_r18_half-synthetic-128x64-256d-v1")


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
        *(LIBRARY_SOURCES / "cpp" / "bireid_jni.cc", "-o", folder / "libbireid_jni.so"),
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


@pytest.fixture(scope="module")
def crops(bundle, tmp_path_factory):
    """A file of the golden crops and Python's embeddings of them, as GoldenCrops.java reads it."""
    golden = bundle.golden()
    embeddings = Extractor.open(bundle, backend="native").embed(golden.inputs["image"])
    parts = [struct.pack(">i", len(golden.inputs["image"]))]
    for crop, embedding in zip(golden.inputs["image"], embeddings, strict=True):
        height, width, _ = crop.shape
        parts += [struct.pack(">ii", width, height), crop.tobytes()]
        parts += [struct.pack(">i", len(embedding)), embedding.astype(">f4").tobytes()]
    file = tmp_path_factory.mktemp("crops") / "crops"
    file.write_bytes(b"".join(parts))
    return file


@pytest.fixture(scope="module")
def wrong_golden(bundle, tmp_path_factory):
    """A copy of the bundle whose golden embeddings point the other way."""
    folder = tmp_path_factory.mktemp("wrong") / "bundle"
    shutil.copytree(bundle.path, folder)
    edit_golden_outputs(folder, lambda outputs: {name: -rows for name, rows in outputs.items()})
    return folder


@pytest.mark.parametrize("test_class", TEST_CLASSES)
def test_junit(test_class, bundle, libraries, classes, crops, wrong_golden, tmp_path):
    code, output = run(
        *("java", "-Xcheck:jni", "-Xmx512m", f"-Djava.library.path={libraries}"),
        *(f"-Dbireid.bundle={bundle.path}", f"-Dbireid.crops={crops}"),
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
