import os
from pathlib import Path

import pytest

from bireid_deploy.devices.local_link import LocalLink
from bireid_deploy.errors import DeviceCheckError


def test_a_copy_goes_on_where_it_stopped(tmp_path: Path):
    source = tmp_path / "source"
    source.write_bytes(b"0123456789")
    (tmp_path / "copy.part").write_bytes(b"01234")
    seen: list[int] = []
    LocalLink().send(source, str(tmp_path / "copy"), seen.append)
    assert seen == [5, 10]
    assert (tmp_path / "copy").read_bytes() == b"0123456789"


def test_a_full_device_is_named(tmp_path: Path):
    (tmp_path / "source").write_bytes(b"0123456789")
    (tmp_path / "copy.part").symlink_to("/dev/full")
    with pytest.raises(DeviceCheckError, match=r"this machine: .*copy: the device is full"):
        LocalLink().send(tmp_path / "source", str(tmp_path / "copy"), lambda _: None)


def test_ctrl_c_ends_the_script_and_its_children(tmp_path: Path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    # The output is more than a pipe holds, so that we read when Ctrl-C comes. Whoever of the script
    # is left then keeps the other pipe open.
    script = 'exec 9> "$1"; sleep 1000 & head -c 200000 /dev/zero; kill -INT "$2"; wait'
    with pytest.raises(KeyboardInterrupt):
        LocalLink().run(script, str(pipe), str(os.getpid()))
    os.set_blocking(reader, True)
    assert os.read(reader, 1) == b""
    os.close(reader)
