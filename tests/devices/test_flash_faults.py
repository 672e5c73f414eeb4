"""What may go wrong on the way to a device: the old version stays, and one line says what to do."""

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from cuttable_proxy import CuttableProxy
from flashing import BUNDLE, Flasher, current, made, other_bundle, start
from skips import skip_unavoidably
from ssh_device import Device
from ssh_server import free_port, make_key

PROGRAM = "--program"


@pytest.fixture(scope="session")
def dist() -> Path:
    return made("bireid-embed-x86_64", "bireid-embed").parent


@pytest.fixture
def flash(capsys, dist) -> Flasher:
    return Flasher(capsys, dist)


@pytest.fixture
def flashed(device: Device, flash: Flasher) -> Iterator[Device]:
    """A device with a version on it, which is current and sound after the test as it was before."""
    assert flash(BUNDLE, device.target_url, PROGRAM).code == 0
    before = current(device.directory)
    yield device
    assert current(device.directory) == before


@pytest.fixture
def bundle(tmp_path) -> Path:
    """A bundle that is not on the device yet."""
    return other_bundle(tmp_path)


@pytest.fixture
def proxy(device: Device) -> Iterator[CuttableProxy]:
    started = CuttableProxy(device.server.port)
    yield started
    started.stop()


def through(proxy: CuttableProxy, device: Device) -> str:
    """The device's target by way of the proxy."""
    return device.target_url.replace(str(device.server.port), str(proxy.port))


def test_another_host_key(flashed, flash, bundle, tmp_path):
    make_key(tmp_path / "other")
    key = (tmp_path / "other.pub").read_text()
    flashed.server.known_hosts.write_text(f"[127.0.0.1]:{flashed.server.port} {key}")
    assert "ssh-keygen -R" in flash.refusal(5, bundle, flashed.target_url, PROGRAM)


def test_a_refused_login(flashed, flash, bundle):
    flashed.server.authorized_keys.write_text("")
    assert "refused the login" in flash.refusal(5, bundle, flashed.target_url, PROGRAM)


def test_nobody_listens(flashed, flash, bundle):
    nowhere = flashed.target_url.replace(str(flashed.server.port), str(free_port()))
    assert "nothing listens for ssh there" in flash.refusal(5, bundle, nowhere, PROGRAM)


def test_a_connection_that_breaks_in_mid_copy(device, flash, bundle, proxy, dist):
    flash(BUNDLE, device.target_url, PROGRAM)
    before = current(device.directory)
    proxy.cut_after(
        1_200_000, lambda: any(p.stat().st_size for p in device.directory.rglob("*.part"))
    )
    refusal = flash.refusal(5, bundle, through(proxy, device), PROGRAM)
    assert "the connection broke" in refusal
    assert current(device.directory) == before

    (unfinished,) = set(device.directory.glob("versions/*")) - {before}
    assert not (unfinished / "ready").exists()
    (part,) = unfinished.rglob("*.part")
    assert 0 < part.stat().st_size < (dist / "bireid-embed-x86_64").stat().st_size
    whole = {path: path.stat().st_ino for path in unfinished.rglob("*") if path.suffix != ".part"}
    started = part.stat().st_ino

    assert flash(bundle, device.target_url, PROGRAM).code == 0
    assert current(device.directory) == unfinished
    assert part.with_suffix("").stat().st_ino == started  # the same file went on
    del whole[unfinished / "SHA256SUMS"]  # written anew each time
    assert whole == {path: path.stat().st_ino for path in whole}


def test_a_file_that_arrives_damaged(flashed, flash, bundle):
    # As many bytes as were sent, of which the first is another one.
    flashed.replace(
        "cat",
        """
if [ $# -gt 0 ] || [ "$(readlink /proc/$$/fd/1)" = /dev/null ]; then exec /usr/bin/cat "$@"; fi
case $(readlink /proc/$$/fd/1) in
*/model.lce.tflite.part) /usr/bin/head -c 1 >/dev/null; printf X ;;
esac
exec /usr/bin/cat
""",
    )
    refusal = flash.refusal(3, bundle, flashed.target_url, PROGRAM)
    assert "bundle/model.lce.tflite arrived damaged" in refusal
    assert list(flashed.directory.glob("versions/*/bundle/model.lce.tflite*")) == [
        current(flashed.directory) / "bundle/model.lce.tflite"
    ]


def test_the_disk_has_no_room(flashed, flash, bundle):
    flashed.replace("df", "echo; echo '/dev/mmcblk0p2 60000 59000 1000 99% /'")
    refusal = flash.refusal(3, bundle, flashed.target_url, PROGRAM)
    assert "free space" in refusal
    assert list(flashed.directory.rglob("*.part")) == []


@pytest.fixture
def small_disk(device: Device) -> Iterator[Path]:
    """A disk of 4.5 MB there: room for one version, not for two."""
    if os.geteuid() != 0:
        skip_unavoidably("only root can mount a small disk")
    folder = device.root / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=4500k,mode=755", "tmpfs", folder]
    done = subprocess.run(mount, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        skip_unavoidably(f"no disk can be mounted here: {done.stderr.strip()}")
    yield folder
    subprocess.run(["umount", folder], check=True)


@pytest.mark.parametrize("df", ["true", "lying"])
def test_the_disk_is_full(device, flash, bundle, small_disk, df):
    directory = small_disk / "reid"
    target = device.target_url.replace(str(device.directory), str(directory))
    assert flash(BUNDLE, target, PROGRAM).code == 0
    before = current(directory)
    if df == "lying":
        device.replace("df", "echo; echo 'tmpfs 9000000 0 9000000 0% /'")
    refusal = flash.refusal(3, bundle, target, PROGRAM)
    assert ("free space" if df == "true" else "the device is full") in refusal
    assert list(directory.rglob("*.part")) == []
    assert current(directory) == before


def test_an_old_32_bit_machine(flashed, flash, bundle):
    flashed.replace("uname", 'case $1 in -m) echo armv6l ;; *) exec /usr/bin/uname "$@" ;; esac')
    refusal = flash.refusal(3, bundle, flashed.target_url, PROGRAM)
    assert "armv6l" in refusal
    assert "older than ARMv7" in refusal


def test_32_bit_programs_on_a_64_bit_kernel(flashed, flash, bundle):
    flashed.replace(
        "getconf", 'case $1 in LONG_BIT) echo 32 ;; *) exec /usr/bin/getconf "$@" ;; esac'
    )
    refusal = flash.refusal(3, bundle, flashed.target_url)
    assert "32-bit" in refusal
    assert "install the 64-bit" in refusal


def test_no_python(flashed, flash, bundle):
    flashed.hide("python3")
    assert "flash with --program" in flash.refusal(3, bundle, flashed.target_url)


@pytest.fixture
def gate(flashed: Device) -> Path:
    """A named pipe at which the next `sha256sum` on the device waits; writing to it opens."""
    pipe = flashed.root / "gate"
    os.mkfifo(pipe)
    flashed.replace("sha256sum", f'read -r _ <{pipe}; exec /usr/bin/sha256sum "$@"')
    return pipe


def test_two_flashes_at_once(flashed, flash, bundle, gate, dist):
    first = start(dist, BUNDLE, flashed.target_url, PROGRAM, "--json")
    with gate.open("w") as opening:  # opens when the first one waits there
        flashed.replace("sha256sum", 'exec /usr/bin/sha256sum "$@"')
        refusal = flash.refusal(3, bundle, flashed.target_url, PROGRAM)
        assert "another flash is at work" in refusal
        opening.write("\n" * 100)
    stdout, _ = first.communicate(timeout=60)
    assert first.returncode == 0
    assert json.loads(stdout)["copied_bytes"] == 0


def test_ctrl_c(flashed, flash, dist, gate):
    process = start(dist, BUNDLE, flashed.target_url, PROGRAM)
    with gate.open("w"):
        process.send_signal(signal.SIGINT)
        stdout, stderr = process.communicate(timeout=60)
    assert (process.returncode, stdout) == (130, "")
    assert stderr.splitlines()[-1] == "bireid-deploy: interrupted"
    flashed.replace("sha256sum", 'exec /usr/bin/sha256sum "$@"')
    assert flash(BUNDLE, flashed.target_url, PROGRAM).code == 0
