"""`bireid-deploy flash` and `doctor` on an emulated Raspberry Pi 4 and on an emulated phone."""

import subprocess
from pathlib import Path

import pytest
from flashing import BUNDLE, deploy, made, other_bundle

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(1200),  # the first time, the emulated machine is made
]


@pytest.fixture
def dist(emulated_folder, tmp_path) -> Path:
    """Everything that goes to a 64-bit ARM device, NumPy included."""
    wheel = made("bireid_runtime-*aarch64.whl", "wheel-aarch64")
    program = made("bireid-embed-aarch64", "bireid-embed-aarch64")
    folder = tmp_path / "dist"
    folder.mkdir()
    for path in (wheel, program, *numpy_wheels(emulated_folder)):
        (folder / path.name).symlink_to(path)
    return folder


def numpy_wheels(emulated_folder: Path) -> list[Path]:
    return list((emulated_folder / "wheels").glob("numpy-*.whl"))


def flash(*arguments: object, exit_code: int = 0) -> subprocess.CompletedProcess[str]:
    return deploy("flash", *arguments, exit_code=exit_code)


def assert_works(done: subprocess.CompletedProcess[str], runner: str) -> None:
    """The self-test passed, and the table has the one line of the runner."""
    tests = [line for line in done.stdout.splitlines() if "self-test passed" in line]
    rows = [line.split() for line in done.stdout.splitlines() if line.startswith(f" {runner} ")]
    assert len(tests) == len(rows) == 1, done.stdout
    assert tests[0].startswith(f"{runner}: ")
    assert "(neon)" in rows[0]
    assert rows[0][-1] == "-"  # the machine has no /proc that tells the peak memory


def last_line(done: subprocess.CompletedProcess[str]) -> str:
    return done.stderr.splitlines()[-1]


def test_a_raspberry_pi_without_a_network(raspberry_pi, dist):
    target = f"{raspberry_pi.url}/opt/reid"
    options = ("--dist", dist, "--runs", 1)
    current = "cat /opt/reid/current/SHA256SUMS"

    assert_works(flash(BUNDLE, target, "--program", *options), "bireid-embed")
    program = raspberry_pi.run(current)
    assert_works(flash(BUNDLE, target, "--offline", *options), "bireid_runtime")
    python = raspberry_pi.run(current)
    assert program != python

    flash("--rollback", target)
    assert raspberry_pi.run(current) == program


def test_a_service_without_systemd_is_refused_and_harms_nothing(raspberry_pi, dist, tmp_path):
    target = f"{raspberry_pi.url}/opt/reid"
    options = ("--program", "--dist", dist, "--runs", 1)
    flash(BUNDLE, target, *options)
    current = raspberry_pi.run("readlink /opt/reid/current")
    bundle = other_bundle(tmp_path)
    refused = flash(bundle, target, "--service", *options, exit_code=3)
    assert "no systemd; flash without --service" in last_line(refused)
    assert raspberry_pi.run("readlink /opt/reid/current") == current
    assert_works(flash(bundle, target, *options), "bireid-embed")


def test_a_phone(phone, dist, tmp_path):
    options = ("--dist", dist, "--runs", 1)
    first = flash(BUNDLE, phone, *options)
    assert_works(first, "bireid-embed")
    assert_works(flash(other_bundle(tmp_path), phone, *options), "bireid-embed")
    assert last_line(flash("--rollback", phone)) == last_line(first)


def test_the_doctor_of_a_raspberry_pi(raspberry_pi):
    found = findings(deploy("doctor", f"{raspberry_pi.url}/opt/reid"))
    assert found["architecture"] == "aarch64"
    assert found["native kernels"] == "neon"
    assert found["C library"] == "glibc 2.36"
    assert found["Python"].startswith("3.11.")
    assert found["page size"] == "4096 bytes"
    assert "asimd" in found["CPU features"].split()


def test_the_doctor_of_a_phone(phone):
    found = findings(deploy("doctor", phone))
    assert found["system"].startswith("Android")
    assert found["architecture"] == "aarch64"
    assert found["CPU"].startswith("Emulated phone")
    assert found["tools"] == "complete"
    assert "Python" not in found


def findings(done: subprocess.CompletedProcess[str]) -> dict[str, str]:
    """What the doctor's table says was found, by what was looked at."""
    cells = [line.split("  ") for line in done.stdout.splitlines() if line.startswith(" ")]
    rows = [[cell.strip() for cell in row if cell.strip()] for row in cells]
    return {row[0]: row[1] for row in rows if len(row) > 1}
