"""`bireid-deploy doctor TARGET`."""

import io
import json
import platform
import sys
from contextlib import redirect_stderr, redirect_stdout

import pytest

from bireid_deploy.cli.main import run
from bireid_deploy.devices.target import Target


def doctor(*arguments):
    """Exit code, standard output and standard error of one call."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = run(["doctor", *arguments])
    return code, out.getvalue(), err.getvalue()


def test_a_device_that_lacks_nothing(device):
    code, out, err = doctor(device.target_url, "--json")
    assert (code, err) == (0, "")
    assert json.loads(out)["verdict"].endswith(
        f"can take a bundle: bireid-deploy flash BUNDLE {device.target_url}"
    )
    findings = json.loads(out)["findings"]
    assert all(each.keys() == {"name", "value", "ok", "remedy"} for each in findings)
    assert all(each["ok"] and not each["remedy"] for each in findings)
    values = {each["name"]: each["value"] for each in findings}
    assert values["architecture"] == platform.machine()
    assert values["Python"] == ".".join(map(str, sys.version_info[:3]))
    assert values["folder"] == str(device.directory)
    assert values["free space"].endswith(" MB, 130 MB needed")
    assert not device.directory.exists()


def test_what_is_missing_is_in_the_table_and_ends_in_exit_code_3(device):
    device.hide("python3", "flock")
    code, out, err = doctor(device.target_url)
    assert code == 3
    name = Target.parse(device.target_url).host
    assert name in out.splitlines()[0]
    assert "to mend it" in out
    assert "apt install python3 python3-venv, or flash with --program" in out
    assert "missing: flock" in out
    assert out.rstrip().endswith("cannot take a bundle yet; to mend: Python, tools")
    assert err.startswith("bireid-deploy: ")
    assert f"{name}: Python: missing; " in err
    assert err.count("\n") == 1
    code, out, err = doctor(device.target_url, "--json")
    assert code == 3
    assert [each["name"] for each in json.loads(out)["findings"] if not each["ok"]] == [
        "Python",
        "tools",
    ]
    assert "Python: missing; " in err


def test_a_device_that_does_not_answer(device):
    device.server.stop()
    code, out, err = doctor(device.target_url, "--json")
    assert (code, out) == (5, "")
    assert err.startswith("bireid-deploy: ")


@pytest.mark.parametrize("target", ["raspberrypi", "ssh://-oProxyCommand=x/reid", "file:///"])
def test_a_target_that_is_none(target):
    code, out, err = doctor(target)
    assert (code, out) == (2, "")
    assert err.startswith("bireid-deploy: ")


def test_this_machine_as_a_device(tmp_path):
    code, out, _ = doctor(f"file://{tmp_path}/reid", "--json")
    findings = {each["name"]: each for each in json.loads(out)["findings"]}
    assert findings["folder"]["value"] == f"{tmp_path}/reid"
    assert code == (0 if all(each["ok"] for each in findings.values()) else 3)
