"""The service on a device: the unit by systemd's own judgement, and real ones that run."""

import os
import platform
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
import systemd_manager

from bireid_deploy.devices import service
from bireid_deploy.devices.survey import survey
from bireid_deploy.errors import DeviceCheckError

ROOT = Path(__file__).parents[2]
PROGRAM = ROOT / "dist" / f"bireid-embed-{platform.machine()}"
BUNDLE = next((ROOT / "models" / "zoo").glob("distilled_*/manifest.json")).parent
GIGABYTE = 10**9


@pytest.fixture
def analyze(tmp_path):
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed")

    def call(user_id, *arguments):
        scope = "--system" if user_id == 0 else "--user"
        return subprocess.run(
            ["systemd-analyze", scope, *arguments, tmp_path / service.NAME],
            env={**os.environ, "XDG_RUNTIME_DIR": str(tmp_path), "LC_ALL": "C.UTF-8"},
            capture_output=True,
            text=True,
            check=False,
        )

    return call


@pytest.mark.parametrize("user_id", [0, 1000])
@pytest.mark.parametrize("name", ["reid", "re id; 100%n $HOME überall"])
def test_systemd_accepts_the_unit(analyze, tmp_path, user_id, name):
    program = tmp_path / name / "current" / "bireid-embed"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    unit = tmp_path / service.NAME
    unit.write_text(service.unit(str(tmp_path / name), user_id, GIGABYTE))
    done = analyze(user_id, "verify")
    assert (done.returncode, done.stderr) == (0, "")
    # It looks at the very program, not only at the grammar.
    program.unlink()
    done = analyze(user_id, "verify")
    assert f"{program} is not executable" in done.stderr


def test_a_system_service_can_do_little(analyze, tmp_path):
    (tmp_path / service.NAME).write_text(service.unit("/opt/reid", 0, GIGABYTE))
    done = analyze(0, "security", "--offline=yes", "--threshold=15")  # of 100, in 252 "1.0"
    assert done.returncode == 0, done.stdout


def test_memory_is_bounded_by_what_the_device_has():
    assert f"MemoryMax={512 * 2**20}\n" in service.unit("/opt/reid", 0, 4 * GIGABYTE)
    assert "MemoryMax=200000000\n" in service.unit("/opt/reid", 1000, 400_000_000)


@pytest.fixture(params=["system", "user"])
def device(request, tmp_path):
    """A device with systemd, and what it tells of itself; its folder is /srv/re id."""
    reason = systemd_manager.missing()
    if reason:
        pytest.skip(reason)
    if not PROGRAM.is_file():
        pytest.skip(f"no {PROGRAM.name} in dist: `make bireid-embed`")
    with systemd_manager.manager(tmp_path, request.param) as link:
        add_version(tmp_path, "first")
        facts = survey(link, "/srv/re id")
        assert facts.service_manager == "systemd"
        let_linger(tmp_path, "exit 0")
        if request.param == "user":
            facts = replace(facts, user_id=systemd_manager.USER_ID)
        yield link, facts


def add_version(folder, name):
    """Make a version as a flash does, for nobody but root, and switch to it."""
    directory = folder / "root" / "re id"
    version = directory / "versions" / name
    shutil.copytree(BUNDLE, version / "bundle")
    shutil.copy2(PROGRAM, version / "bireid-embed")
    for path in (directory, *directory.rglob("*")):
        path.chmod(path.stat().st_mode & 0o700)
    (directory / "current").unlink(missing_ok=True)
    (directory / "current").symlink_to(f"versions/{name}")
    return version


def let_linger(folder, script):
    path = folder / "tools" / "loginctl"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def told(link, facts, key):
    """A property of the service."""
    scope = "--system" if facts.user_id == 0 else "--user"
    script = f"systemctl {scope} show --property {key} --value {service.NAME}"
    return link.run(script).stdout.strip()


def test_a_service_answers_and_takes_a_new_version(device, tmp_path):
    link, facts = device
    assert not service.is_installed(link, facts)
    service.install(link, facts)
    assert service.is_installed(link, facts)
    assert not service.is_installed(link, replace(facts, directory="/srv/other"))
    assert not service.is_installed(link, replace(facts, service_manager=""))
    assert told(link, facts, "ActiveState") == "active"
    assert told(link, facts, "UnitFileState") == "enabled"
    first = told(link, facts, "MainPID")
    version = add_version(tmp_path, "second")
    service.restart(link, facts)
    second = told(link, facts, "MainPID")
    assert second != first
    running = link.run(f"readlink /proc/{second}/exe; stat -c %u /proc/{second}").stdout.split("\n")
    assert running[0] == f"/srv/re id/versions/{version.name}/bireid-embed"
    if facts.user_id == 0:
        assert int(running[1]) >= 60000  # one that systemd makes up


def test_a_damaged_bundle(device, tmp_path):
    link, facts = device
    service.install(link, facts)
    (tmp_path / "root/re id/current/bundle/model.lce.tflite").write_bytes(b"damaged")
    with pytest.raises(DeviceCheckError, match="does not run: bireid-embed ended with exit status"):
        service.restart(link, facts)
    assert told(link, facts, "NRestarts") == "0"  # trying again would mend nothing


def test_a_program_that_is_not_there(device, tmp_path):
    link, facts = device
    (tmp_path / "root/re id/current/bireid-embed").unlink()
    with pytest.raises(DeviceCheckError, match=r"bireid-embed.* does not run"):
        service.install(link, facts)


def test_a_server_that_only_answers_with_errors(device, tmp_path):
    link, facts = device
    server = tmp_path / "root/re id/current/bireid-embed"
    server.write_text(
        "#!/usr/bin/perl\nuse IO::Socket::UNIX;\n"
        "my $socket = IO::Socket::UNIX->new(Local => $ARGV[3], Listen => 1) or die;\n"
        "my $client = $socket->accept; <$client>;\n"
        'print $client qq({"error": "not today"}\\n); $client->flush; sleep 60;\n'
    )
    with pytest.raises(DeviceCheckError, match="not today"):
        service.install(link, facts)


def test_a_login_that_may_not_linger(device, tmp_path):
    link, facts = device
    let_linger(tmp_path, 'echo "Could not enable linger: Access denied" >&2; exit 1')
    if facts.user_id == 0:
        service.install(link, facts)
    else:
        with pytest.raises(DeviceCheckError, match="sudo loginctl enable-linger root"):
            service.install(link, facts)
