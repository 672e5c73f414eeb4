"""What a device says of itself: real shells do, and boards that are not at hand by their texts."""

import os
import platform
import shutil
import subprocess
import sys

import pytest

from bireid_deploy.devices.connect import connect
from bireid_deploy.devices.survey import SCRIPT, parse, survey
from bireid_deploy.devices.target import Target
from bireid_deploy.errors import DeviceCheckError

SHELLS = (("sh",), ("dash",), ("bash",), ("busybox", "sh"), ("mksh",))

PI_4 = [
    "processor\t: 0",
    "Features\t: fp asimd evtstrm crc32 cpuid",
    "CPU part\t: 0xd08",
    "processor\t: 1",
    "Features\t: fp asimd evtstrm crc32 cpuid",
    "CPU part\t: 0xd08",
    "Model\t\t: Raspberry Pi 4 Model B Rev 1.4",
]
PI_5 = [
    "processor\t: 0",
    "Features\t: fp asimd evtstrm aes pmull sha1 sha2 crc32 atomics fphp asimdhp cpuid asimdrdm "
    "lrcpc dcpop asimddp",
    "CPU part\t: 0xd0b",
    "Model\t\t: Raspberry Pi 5 Model B Rev 1.0",
]
# The kernel of a 32-bit Raspberry Pi OS may be a 64-bit one; then only the features differ.
PI_3_IN_32_BITS = [
    "processor\t: 0",
    "model name\t: ARMv7 Processor rev 4 (v7l)",
    "Features\t: half thumb fastmult vfp edsp neon vfpv3 tls vfpv4 idiva idivt vfpd32 lpae crc32",
    "CPU part\t: 0xd03",
    "Model\t\t: Raspberry Pi 3 Model B Plus Rev 1.3",
]
JETSON = ["processor\t: 0", "Features\t: fp asimd evtstrm crc32", "CPU part\t: 0xd07"]

ANSWER = {
    "directory": "/home/pi/reid",
    "home": "/home/pi",
    "user_id": "1000",
    "system": "Linux",
    "kernel": "6.6.31+rpt-rpi-v8",
    "machine": "aarch64",
    "userland_bits": "64",
    "page_size": "4096",
    "is_android": "no",
    "c_library": "glibc 2.36",
    "board": "",
    "cpuinfo": PI_4,
    "memory_kilobytes": "3884332",
    "python": "3.11.2",
    "python_has_venv": "yes",
    "free": "/dev/mmcblk0p2   30284772 5060792   23915176      18% /",
    "writable": "yes",
    "open_to_others": "yes",
    "executable": "yes",
    "service_manager": "systemd",
    "end": "yes",
}


def answer(**changes):
    """What a Raspberry Pi 4 says, with changes; None takes a line away."""
    lines = []
    for key, value in {**ANSWER, **changes}.items():
        values = value if isinstance(value, list) else [] if value is None else [value]
        lines += [f"bireid.{key}={each}" for each in values]
    return "\n".join(lines) + "\n"


def local(directory):
    with connect(Target("file", "", str(directory))) as link:
        return survey(link, str(directory))


def as_told_by(shell, directory):
    if shutil.which(shell[0]) is None:
        pytest.skip(f"{shell[0]} is not installed")
    return subprocess.run(
        [*shell, "-c", SCRIPT, "sh", str(directory)], capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("shell", SHELLS, ids=" ".join)
def test_every_shell_tells_what_this_machine_is(shell, tmp_path):
    directory = tmp_path / "not yet" / "there's"
    done = as_told_by(shell, directory)
    assert (done.returncode, done.stderr) == (0, "")
    facts = parse(done.stdout)
    assert facts.directory == str(directory)
    assert (facts.home, facts.user_id) == (os.environ["HOME"], os.getuid())
    uname = os.uname()
    assert (facts.system, facts.kernel, facts.machine) == uname[0:1] + uname[2:3] + uname[4:5]
    assert facts.userland_bits == 64
    assert facts.page_size == os.sysconf("SC_PAGE_SIZE")
    assert facts.cores == os.sysconf("SC_NPROCESSORS_ONLN")
    assert facts.memory_bytes == pytest.approx(
        os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"), rel=0.01
    )
    assert facts.c_library == " ".join(platform.libc_ver())
    assert facts.glibc == tuple(map(int, platform.libc_ver()[1].split(".")))
    assert facts.free_bytes == pytest.approx(shutil.disk_usage(tmp_path).free, rel=0.05)
    assert (facts.writable, facts.executable, facts.is_android) == (True, True, False)
    assert facts.missing_tools == ()
    assert list(tmp_path.iterdir()) == []


def test_the_native_kernels_are_those_that_the_library_chooses(tmp_path):
    from bireid_runtime import native_library

    assert local(tmp_path).kernel_path == native_library.isa()


def test_a_folder_below_home(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert local("~/my reid").directory == f"{tmp_path}/my reid"
    monkeypatch.setenv("HOME", "")
    with pytest.raises(DeviceCheckError, match="no home folder; name the folder by an absolute"):
        local("~/reid")


def test_a_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("mine")
    for directory in ("/proc/reid", tmp_path / "file", tmp_path / "file" / "reid"):
        facts = local(directory)
        assert (facts.writable, facts.executable) == (False, False)
    assert (tmp_path / "file").read_text() == "mine"


def test_a_folder_that_only_its_owner_may_enter(tmp_path):
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    assert not local(private / "below" / "reid").open_to_others
    assert local("/usr").open_to_others
    assert local("/reid").open_to_others


def test_over_ssh(device):
    with connect(Target.parse(device.target_url)) as link:
        facts = survey(link, "~/reid")
        assert (facts.directory, facts.home) == (f"{device.root}/reid", str(device.root))
        assert facts.python == sys.version_info[:3]
        assert facts.python_has_venv
        device.replace("python3", 'echo "No module named ensurepip" >&2; exit 1')
        device.replace("uname", 'case $1 in -m) echo armv7l ;; *) exec /usr/bin/uname "$@" ;; esac')
        device.replace("getconf", "exit 1")
        device.hide("flock", "sha256sum", "df")
        facts = survey(link, "~/reid")
    assert facts.machine == "armv7l"
    assert facts.python is None
    assert not facts.python_has_venv
    assert facts.userland_bits == 64  # of the shell's own file
    assert facts.page_size == 0
    assert facts.c_library == " ".join(platform.libc_ver())  # of ldd
    assert facts.missing_tools == ("sha256sum", "flock", "df")
    assert facts.free_bytes == 0
    assert facts.service_manager == ""
    assert not device.directory.exists()


def test_a_python_without_venv_and_an_mv_without_t(device):
    python = f"{sys.base_prefix}/bin/python3"
    device.replace("python3", f'case $* in *ensurepip*) exit 1 ;; *) exec {python} "$@" ;; esac')
    device.replace("mv", 'echo "mv: unrecognized option: T" >&2; exit 1')
    with connect(Target.parse(device.target_url)) as link:
        facts = survey(link, "~/reid")
    assert facts.python == sys.version_info[:3]
    assert not facts.python_has_venv
    assert facts.missing_tools == ("mv -T",)


def test_a_device_without_sensible_answers(device):
    device.replace("id", "echo nobody knows")
    with (
        connect(Target.parse(device.target_url)) as link,
        pytest.raises(DeviceCheckError, match=r"127\.0\.0\.1.*does not tell its user id"),
    ):
        survey(link, "~/reid")


def test_a_raspberry_pi_4():
    facts = parse("Welcome!\n" + answer())
    assert facts.cpu_model == "Raspberry Pi 4 Model B Rev 1.4"
    assert facts.cpu_features == ("fp", "asimd", "evtstrm", "crc32", "cpuid")
    assert (facts.cores, facts.kernel_path) == (2, "neon")
    assert (facts.glibc, facts.python) == ((2, 36), (3, 11, 2))
    assert facts.free_bytes == 23915176 * 1024
    assert facts.memory_bytes == 3884332 * 1024
    assert facts.service_manager == "systemd"


@pytest.mark.parametrize(
    ("changes", "cpu_model", "feature", "kernel_path"),
    [
        ({"cpuinfo": PI_5}, "Raspberry Pi 5 Model B Rev 1.0", "asimddp", "neon"),
        (
            {"cpuinfo": PI_3_IN_32_BITS, "machine": "armv7l"},
            "Raspberry Pi 3 Model B Plus Rev 1.3",
            "neon",
            "neon",
        ),
        # A Cortex-A9 has NEON without a fused multiply-add.
        (
            {"cpuinfo": ["processor: 0", "Features: half neon vfpv3"], "machine": "armv7l"},
            "unknown",
            "neon",
            "scalar",
        ),
        ({"cpuinfo": JETSON, "board": ["", "Jetson Nano"]}, "Jetson Nano", "asimd", "neon"),
        ({"cpuinfo": JETSON}, "CPU part 0xd07", "asimd", "neon"),
        (
            {"cpuinfo": ["processor: 0", "flags: avx2 fma"], "machine": "x86_64"},
            "unknown",
            "avx2",
            "avx2",
        ),
        # Skylake: AVX-512, but without the instructions that count bits.
        (
            {
                "cpuinfo": [
                    "processor: 0",
                    "model name: Xeon",
                    "flags: avx2 fma avx512f avx512bw avx512dq avx512vl avx512cd",
                ],
                "machine": "x86_64",
            },
            "Xeon",
            "avx512f",
            "avx512f",
        ),
        # Sapphire Rapids, with what it has beside.
        (
            {
                "cpuinfo": [
                    "processor: 0",
                    "flags: avx2 fma avx512f avx512bw avx512dq avx512vl avx512_vnni avx512vbmi "
                    "avx512_vpopcntdq gfni amx_bf16 amx_tile amx_int8",
                ],
                "machine": "x86_64",
            },
            "unknown",
            "amx_int8",
            "amx",
        ),
        (
            {"cpuinfo": ["processor: 0", "flags: avx2"], "machine": "x86_64"},
            "unknown",
            "avx2",
            "scalar",
        ),
    ],
)
def test_boards(changes, cpu_model, feature, kernel_path):
    facts = parse(answer(**changes))
    assert facts.cpu_model == cpu_model
    assert feature in facts.cpu_features
    assert facts.kernel_path == kernel_path


@pytest.mark.parametrize(
    ("machine", "bits", "program", "userland"),
    [
        ("aarch64", "64", "aarch64", "aarch64"),
        ("aarch64", "32", "aarch64", "armv7l"),
        ("armv8l", "32", "armv7l", "armv7l"),
        ("armv7l", "32", "armv7l", "armv7l"),
        ("x86_64", "64", "x86_64", "x86_64"),
    ],
)
def test_what_is_built_for_which_system(machine, bits, program, userland):
    facts = parse(answer(machine=machine, userland_bits=bits))
    assert (facts.program_machine, facts.userland_machine) == (program, userland)


@pytest.mark.parametrize("c_library", ["musl", "bionic", ""])
def test_other_c_libraries(c_library):
    facts = parse(answer(c_library=c_library))
    assert (facts.c_library, facts.glibc) == (c_library or "unknown", None)


def test_a_file_system_without_a_size():
    assert parse(answer(free="none 0 0 0 - /run/odd 1 2 3 50% place")).free_bytes == 0


def test_control_characters_reach_no_terminal():
    facts = parse(answer(machine="aarch64\x1b[2J", kernel="\x9b31m6.6"))
    assert (facts.machine, facts.kernel) == ("aarch64 [2J", "31m6.6")


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"end": None}, "did not answer as a POSIX shell does"),
        ({"directory": ""}, "no home folder"),
        ({"user_id": "-1"}, "user id"),
        ({"memory_kilobytes": None}, "memory"),
        ({"userland_bits": "9" * 400}, "userland bits"),
    ],
)
def test_answers_that_cannot_be_used(changes, complaint):
    with pytest.raises(DeviceCheckError, match=complaint):
        parse(answer(**changes))
