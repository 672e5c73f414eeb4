"""The aarch64 wheel, alone and with stock LiteRT, on the CPUs of a Raspberry Pi 4 and 5."""

import json
import zipfile
from pathlib import Path

import pytest
from zoo import BUNDLES, REID_BUNDLE

REPOSITORY = Path(__file__).parents[2]
WHEELS = sorted((REPOSITORY / "dist").glob("bireid_runtime-*aarch64.whl"))

CPUS = ("cortex-a72", "cortex-a76")

SELF_TEST = """
import json, sys
from bireid_runtime import Bundle, Session, self_test
report = self_test(Session.open(Bundle.open(sys.argv[1]), sys.argv[2], 1))
print(json.dumps({"passed": report.passed, "backend": report.backend, "engine": report.engine,
                  "max_abs": report.max_difference}))
"""


@pytest.fixture(scope="session")
def installed_wheel(tmp_path_factory):
    """A folder with the contents of the wheel in dist/."""
    if not WHEELS:
        pytest.skip("no aarch64 wheel in dist: `make wheel-aarch64`")
    folder = tmp_path_factory.mktemp("site")
    with zipfile.ZipFile(WHEELS[-1]) as archive:
        archive.extractall(folder)
    return folder


@pytest.mark.slow
@pytest.mark.timeout(1200)  # the first time, the emulated machine is made
@pytest.mark.parametrize(
    ("bundle", "backend", "cpu"),
    [
        *((REID_BUNDLE, each, cpu) for each in ("native", "litert") for cpu in CPUS),
        *((each, "native", CPUS[0]) for each in BUNDLES if each != REID_BUNDLE),
    ],
    ids=lambda value: getattr(value, "name", value),
)
def test_the_self_test_of_a_released_bundle_passes(
    installed_wheel, emulated_python, bundle, backend, cpu
):
    done = emulated_python(cpu, [installed_wheel], "-c", SELF_TEST, str(bundle), backend)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["backend"] == backend
    assert report["engine"].endswith("(neon)")
    assert report["passed"], report
