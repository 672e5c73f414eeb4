"""What every link promises, whichever way the device is reached."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from stand_in_adb import StandInAdb

from bireid_deploy.devices.connect import connect
from bireid_deploy.devices.link import Link
from bireid_deploy.devices.target import Target
from bireid_deploy.errors import DeviceCheckError, DeviceUnreachableError

CONTENT = bytes(range(256)) * 4000


@pytest.fixture(params=["file", "ssh", "adb"])
def link(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Link]:
    if request.param == "ssh":
        url = request.getfixturevalue("device").target_url
    elif request.param == "adb":
        stand_in = StandInAdb(tmp_path / "adb")
        monkeypatch.setenv("PATH", f"{stand_in.folder}{os.pathsep}{os.environ['PATH']}")
        url = f"adb://{stand_in.serial}{tmp_path}"
    else:
        url = f"file://{tmp_path}"
    with connect(Target.parse(url)) as connected:
        yield connected


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "source file"
    path.write_bytes(CONTENT)
    return path


@pytest.fixture
def there(tmp_path: Path) -> Path:
    """A folder on the device, with a name that a shell would trip over."""
    folder = tmp_path / "it's $HOME; *"
    folder.mkdir()
    return folder


def test_status_output_and_messages_come_back(link: Link):
    completed = link.run("echo out; echo err >&2; exit 7")
    assert (completed.code, completed.stdout, completed.stderr) == (7, "out\n", "err\n")


def test_output_without_a_newline_at_its_end_comes_back_as_it_is(link: Link):
    assert link.run("printf abc").stdout == "abc"
    assert link.run(":").stdout == ""


def test_output_that_is_no_text_does_not_fail(link: Link):
    assert link.run(r"printf '\377'").stdout == "\ufffd"


def test_arguments_arrive_untouched(link: Link):
    arguments = [
        "",
        "a b",
        "it's",
        '"',
        "$HOME",
        "`id`",
        "*",
        "\\",
        "-n",
        "!!",
        "a\nb\n",
        "~",
        "人é",
    ]
    completed = link.run("""for each; do printf '%s|' "$each"; done""", *arguments)
    assert completed.stdout == "".join(f"{argument}|" for argument in arguments)


def test_a_script_reads_no_input(link: Link):
    assert link.run("cat; echo end").stdout == "end\n"


def test_a_script_that_takes_too_long_is_ended_and_the_link_goes_on(link: Link, tmp_path: Path):
    os.mkfifo(tmp_path / "pipe")
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    with pytest.raises(DeviceUnreachableError, match=r"no answer within 2 s"):
        link.run('exec 9> "$1"; echo started >&9; sleep 1000', str(tmp_path / "pipe"), timeout=2)
    os.set_blocking(reader, True)
    with os.fdopen(reader) as pipe:
        assert pipe.read() == "started\n"  # ends when nothing of the script is left
    assert link.run("echo on").stdout == "on\n"


def test_hold_lasts_as_long_as_the_context(link: Link, there: Path):
    mark = there / "released"
    with link.hold('echo "$1 held"; cat > /dev/null; touch "$2"', "is", str(mark)) as line:
        assert line == "is held"
        assert link.run("echo meanwhile").stdout == "meanwhile\n"
        assert not mark.exists()
    assert mark.exists()


def test_hold_ends_when_the_context_fails(link: Link, there: Path):
    mark = there / "released"
    with (
        pytest.raises(KeyboardInterrupt),
        link.hold('echo held; cat > /dev/null; touch "$1"', str(mark)),
    ):
        raise KeyboardInterrupt
    assert mark.exists()


def test_hold_yields_the_line_of_a_script_that_refuses(link: Link):
    with link.hold("echo busy; exit 75") as line:
        assert line == "busy"


def test_hold_of_a_script_that_fails_says_why(link: Link):
    failing = link.hold("echo no flock here >&2; exit 127")
    with pytest.raises(DeviceCheckError, match="no flock here"), failing:
        pytest.fail("there was nothing to hold")


def test_a_file_arrives_whole_and_replaces_another(link: Link, source: Path, there: Path):
    destination = there / "model.tflite"
    destination.write_text("old")
    seen: list[int] = []
    link.send(source, str(destination), seen.append)
    assert destination.read_bytes() == CONTENT
    assert os.listdir(there) == ["model.tflite"]
    assert seen[0] == 0
    assert seen[-1] == len(CONTENT)
    assert seen == sorted(seen)


def test_an_empty_file_arrives(link: Link, tmp_path: Path, there: Path):
    (tmp_path / "empty").touch()
    link.send(tmp_path / "empty", str(there / "empty"), lambda _: None)
    assert (there / "empty").read_bytes() == b""


def test_what_is_left_of_a_longer_file_is_thrown_away(link: Link, source: Path, there: Path):
    (there / "model.part").write_bytes(b"x" * (len(CONTENT) + 1))
    link.send(source, str(there / "model"), lambda _: None)
    assert (there / "model").read_bytes() == CONTENT


def test_a_folder_that_is_missing_is_named(link: Link, source: Path, there: Path):
    destination = there / "missing" / "model"
    with pytest.raises(DeviceCheckError, match=r"cannot write .*missing/model"):
        link.send(source, str(destination), lambda _: None)
