import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from cuttable_proxy import CuttableProxy
from ssh_device import Device
from ssh_server import free_port, make_key

from bireid_deploy.cli.main import exit_code_of
from bireid_deploy.devices.connect import connect
from bireid_deploy.devices.ssh_failures import explain
from bireid_deploy.devices.target import Target
from bireid_deploy.errors import DeviceCheckError, DeviceUnreachableError, MissingProgramError

CONTENT = bytes(range(256)) * 20_000


@pytest.fixture
def target(device: Device) -> Target:
    return Target.parse(device.target_url)


@pytest.fixture
def proxy(device: Device) -> Iterator[CuttableProxy]:
    proxy = CuttableProxy(device.server.port)
    yield proxy
    proxy.stop()


def refusal(target: Target) -> str:
    """Why there is no connection."""
    with pytest.raises(DeviceUnreachableError) as caught, connect(target):
        pytest.fail("this was to be refused")
    assert exit_code_of(caught.value) == 5
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_one_login_serves_everything_and_ends_with_the_link(
    target: Target, proxy: CuttableProxy, tmp_path: Path
):
    (tmp_path / "source").write_bytes(CONTENT)
    with connect(replace(target, port=proxy.port)) as link:
        assert link.name == f"{target.user}@127.0.0.1"
        link.run(":")
        with link.hold("echo held; cat > /dev/null"):
            link.send(tmp_path / "source", str(tmp_path / "copy"), lambda _: None)
        assert not proxy.ended.is_set()
    assert proxy.ended.wait(60)
    assert proxy.connections == 1


def test_nobody_listening(target: Target):
    assert "nothing listens for ssh there" in refusal(replace(target, port=free_port()))


def test_a_refused_login(device: Device, target: Target):
    device.server.authorized_keys.write_text("")
    message = refusal(target)
    assert "refused the login" in message
    assert f"`ssh-copy-id -p {target.port} {target.user}@127.0.0.1`" in message


def test_another_host_key(device: Device, target: Target, tmp_path: Path):
    make_key(tmp_path / "other")
    key = (tmp_path / "other.pub").read_text()
    device.server.known_hosts.write_text(f"[127.0.0.1]:{target.port} {key}")
    assert f"`ssh-keygen -R '[127.0.0.1]:{target.port}'`" in refusal(target)


def test_a_host_key_that_is_not_known_yet(device: Device, target: Target):
    device.server.known_hosts.write_text("")
    assert f"`ssh -p {target.port} {target.user}@127.0.0.1`" in refusal(target)


def test_a_device_that_hangs_up(target: Target, proxy: CuttableProxy):
    proxy.cut_after(100)
    assert "the connection broke" in refusal(replace(target, port=proxy.port))


@pytest.mark.parametrize(
    ("messages", "explanation"),
    [
        (
            "ssh: Could not resolve hostname pi: Name or service not known",
            "check it, or use the IP",
        ),
        ("ssh: connect to host pi port 22: Connection timed out", "in the same network"),
        ("ssh: connect to host pi port 22: No route to host", "in the same network"),
        ("Timeout, server pi not responding.\r\nclient_loop: \x1b[1m timed out", "same network"),
        ("mux_client: session request failed: Session open refused by peer", "MaxSessions"),
        ("something\nnew\x1b[31m\r\n", "the connection broke (new[31m); try again"),
        ("", "the connection broke; try again"),
    ],
)
def test_what_ssh_says_is_explained(messages: str, explanation: str):
    assert explanation in explain(Target("ssh", "pi", "/reid"), messages)


def test_a_connection_that_breaks_is_not_made_again(target: Target, proxy: CuttableProxy):
    with connect(replace(target, port=proxy.port)) as link:
        proxy.cut()
        for _ in range(2):
            with pytest.raises(DeviceUnreachableError, match="the connection broke"):
                link.run(":")
    assert proxy.connections == 1


def test_what_is_held_falls_with_the_connection(
    target: Target, proxy: CuttableProxy, tmp_path: Path
):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    script = 'echo held; cat > /dev/null; echo released > "$1"'
    with connect(replace(target, port=proxy.port)) as link, link.hold(script, str(pipe)):
        proxy.cut()
        assert pipe.read_text() == "released\n"


def test_a_cut_copy_goes_on_where_it_stopped(target: Target, proxy: CuttableProxy, tmp_path: Path):
    source, copy, part = tmp_path / "source", tmp_path / "copy", tmp_path / "copy.part"
    source.write_bytes(CONTENT)
    with connect(replace(target, port=proxy.port)) as link:
        proxy.cut_after(len(CONTENT) // 2)
        with pytest.raises(DeviceUnreachableError, match="the connection broke"):
            link.send(source, str(copy), lambda _: None)
    assert not copy.exists()
    arrived = part.stat().st_size
    assert 0 < arrived < len(CONTENT)

    seen: list[int] = []
    proxy.cut_after(len(CONTENT) - 1)  # all of it once more would not fit
    with connect(replace(target, port=proxy.port)) as link:
        link.send(source, str(copy), seen.append)
    # What was under way when the connection broke may have arrived since.
    assert arrived <= seen[0] < len(CONTENT)
    assert copy.read_bytes() == CONTENT
    assert not part.exists()


def test_a_full_device_stops_the_copy(device: Device, target: Target, tmp_path: Path):
    device.replace("cat", "echo 'cat: write error: No space left on device' >&2; exit 1")
    (tmp_path / "source").write_bytes(CONTENT)
    with (
        connect(target) as link,
        pytest.raises(DeviceCheckError, match="copy: the device is full") as caught,
    ):
        link.send(tmp_path / "source", str(tmp_path / "copy"), lambda _: None)
    assert exit_code_of(caught.value) == 3
    assert not (tmp_path / "copy").exists()


def test_a_copy_that_ends_early_does_not_count(device: Device, target: Target, tmp_path: Path):
    device.replace("cat", "/usr/bin/head -c 1000; /usr/bin/cat > /dev/null")
    (tmp_path / "source").write_bytes(CONTENT)
    with (
        connect(target) as link,
        pytest.raises(DeviceCheckError, match=f"1000 of {len(CONTENT)} bytes arrived"),
    ):
        link.send(tmp_path / "source", str(tmp_path / "copy"), lambda _: None)
    assert not (tmp_path / "copy").exists()


def test_a_device_without_a_size_to_tell(device: Device, target: Target, tmp_path: Path):
    device.replace("wc", "echo many")
    (tmp_path / "copy.part").touch()
    (tmp_path / "source").write_bytes(CONTENT)
    with connect(target) as link, pytest.raises(DeviceCheckError, match="many"):
        link.send(tmp_path / "source", str(tmp_path / "copy"), lambda _: None)


def test_without_ssh_the_program_is_named(
    target: Target, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setenv("PATH", str(tmp_path))
    with (
        pytest.raises(MissingProgramError, match=r"^ssh: not installed") as caught,
        connect(target),
    ):
        pytest.fail("there is no ssh")
    assert exit_code_of(caught.value) == 4
