"""Asks a device what it is: one shell script there, one parser here."""

import re
from collections.abc import Sequence

from bireid_deploy.devices.facts import DeviceFacts
from bireid_deploy.devices.link import Link
from bireid_deploy.errors import DeviceCheckError

_SECONDS = 120.0

# Runs in dash, bash, the ash of BusyBox and the mksh of Android. Login files may print lines of
# their own, hence the prefix; the last line tells a whole answer from one that was cut off.
SCRIPT = r"""
LC_ALL=C
export LC_ALL
exec 2>/dev/null

say() { printf 'bireid.%s=%s\n' "$1" "$2"; }
has() { command -v "$1" >/dev/null; }

directory=$1
case $directory in
'~/'*)
  case $HOME in
  /*) directory=${HOME%/}/${directory#'~/'} ;;
  *) directory= ;;
  esac ;;
esac
say directory "$directory"
say home "$HOME"
say user_id "$(id -u)"
say system "$(uname -s)"
say kernel "$(uname -r)"
say machine "$(uname -m)"

bits=$(getconf LONG_BIT)
case $bits in
32 | 64) ;;
*)
  # The fifth byte of an ELF file is its class.
  case $(od -An -tu1 -j4 -N1 "$(command -v sh)") in
  *1) bits=32 ;;
  *2) bits=64 ;;
  *) bits=0 ;;
  esac ;;
esac
say userland_bits "$bits"
say page_size "$(getconf PAGE_SIZE)"

c_library=$(getconf GNU_LIBC_VERSION)
android=no
if [ -n "$ANDROID_ROOT" ] || [ -e /system/build.prop ]; then
  android=yes
  c_library=bionic
  say board "$(getprop ro.product.model)"
fi
say is_android "$android"
if [ -z "$c_library" ]; then
  case $(ldd --version 2>&1; echo /lib/ld-*) in
  *musl*) c_library=musl ;;
  *GLIBC* | *GNU*) c_library="glibc $(ldd --version | sed -n '1s/.* //p')" ;;
  esac
fi
say c_library "$c_library"

say board "$(tr -d '\000' </proc/device-tree/model)"
while IFS= read -r line; do
  case $line in
  processor* | flags* | Features* | Model* | 'model name'* | Hardware* | 'CPU part'*)
    say cpuinfo "$line" ;;
  esac
done </proc/cpuinfo
while read -r key value unit; do
  [ "$key" = MemTotal: ] && say memory_kilobytes "$value"
done </proc/meminfo

# -I: a folder that is called venv in the home folder is no module.
say python "$(python3 -I -c 'import sys; print("%d.%d.%d" % sys.version_info[:3])')"
python3 -I -c 'import ensurepip, venv' && say python_has_venv yes

existing=$directory
while [ ! -e "$existing" ] && [ "$existing" != / ]; do
  existing=${existing%/*}
  existing=${existing:-/}
done
say free "$(df -Pk "$existing" | tail -n 1)"
# Only trying tells: permissions, read-only and noexec file systems, security modules. An empty file
# is a shell script that succeeds. With -C an existing file is never written to.
probe=${existing%/}/.bireid-deploy-$$
if (set -C; : >"$probe"); then
  trap 'rm -f "$probe"' EXIT HUP INT TERM
  say writable yes
  chmod 700 "$probe"
  (exec "$probe" || exit 1) && say executable yes
fi

open=yes
part=$existing
while :; do
  case $(ls -ldnL "$part") in
  d????????[xt]*) ;;
  *) open=no ;;
  esac
  [ "$part" = / ] && break
  part=${part%/*}
  part=${part:-/}
done
say open_to_others "$open"

if [ -d /run/systemd/system ] && has systemctl; then say service_manager systemd; fi
for tool in sha256sum flock mv ln mkdir cat df readlink; do
  has "$tool" || say missing_tool "$tool"
done
# Whether `mv` knows -T shows in its complaint.
if has mv; then
  case $(mv -T /.bireid-deploy-missing /.bireid-deploy-none 2>&1) in
  *option*) say missing_tool 'mv -T' ;;
  esac
fi
say end yes
"""

_LINE = re.compile(r"bireid\.([a-z_]+)=(.*)")
# Blocks used, blocks free, capacity, and the mount point behind them.
_FREE = re.compile(r"\s\d+\s+(\d+)\s+(?:\d+%|-)\s+/")


def survey(link: Link, directory: str) -> DeviceFacts:
    """Ask a device what it is and what it lacks.

    Writes one empty file beside or in `directory` for a moment, to see whether that is allowed.

    Args:
        link: The device.
        directory: Folder to flash to, absolute or below the home folder with `~/`.

    Raises:
        DeviceUnreachableError: The device does not answer.
        DeviceCheckError: Its answer cannot be understood, or `~/` has no meaning there.
    """
    done = link.run(SCRIPT, directory, timeout=_SECONDS)
    try:
        return parse(done.stdout)
    except DeviceCheckError as error:
        said = "" if "bireid." in done.stdout else f"; it said: {done.last_line()}"
        raise DeviceCheckError(f"{link.name}: {error}{said}") from error


def parse(answer: str) -> DeviceFacts:
    """Read what `SCRIPT` printed.

    Args:
        answer: Its standard output; lines of others in between are passed over.

    Raises:
        DeviceCheckError: Something that must be there is not.
    """
    said: dict[str, list[str]] = {}
    for line in answer.splitlines():
        if match := _LINE.fullmatch(line):
            said.setdefault(match[1], []).append(_printable(match[2]))
    if "end" not in said:
        raise DeviceCheckError("its shell did not answer as a POSIX shell does; try `sh` there")
    directory = _first(said, "directory")
    if not directory.startswith("/"):
        raise DeviceCheckError("the login has no home folder; name the folder by an absolute path")
    cpu = _cpu_info(said.get("cpuinfo", []))
    c_library = _first(said, "c_library") or "unknown"
    return DeviceFacts(
        directory=directory,
        home=_first(said, "home"),
        user_id=_number(said, "user_id"),
        system=_first(said, "system"),
        kernel=_first(said, "kernel"),
        machine=_first(said, "machine"),
        userland_bits=_number(said, "userland_bits"),
        is_android="yes" in said.get("is_android", []),
        cpu_model=_cpu_model(cpu, said.get("board", [])),
        cpu_features=tuple((cpu.get("flags") or cpu.get("Features") or "").split()),
        cores=len([line for line in said.get("cpuinfo", []) if line.startswith("processor")]),
        page_size=_number(said, "page_size", 0),
        c_library=c_library,
        glibc=_glibc(c_library),
        python=_python(_first(said, "python")),
        python_has_venv="python_has_venv" in said,
        free_bytes=_free_bytes(_first(said, "free")),
        memory_bytes=_number(said, "memory_kilobytes") * 1024,
        writable="writable" in said,
        executable="executable" in said,
        open_to_others="yes" in said.get("open_to_others", []),
        service_manager=_first(said, "service_manager"),
        missing_tools=tuple(said.get("missing_tool", [])),
    )


def _printable(text: str) -> str:
    # A terminal obeys control characters, wherever they come from.
    return "".join(each if each.isprintable() else " " for each in text).strip()


def _first(said: dict[str, list[str]], key: str) -> str:
    return said.get(key, [""])[0]


def _number(said: dict[str, list[str]], key: str, otherwise: int | None = None) -> int:
    text = _first(said, key)
    if text.isascii() and text.isdigit() and len(text) < 20:
        return int(text)
    if otherwise is None:
        what = key.replace("_", " ")
        raise DeviceCheckError(f"it does not tell its {what}; are `id` and /proc there?")
    return otherwise


def _cpu_info(lines: Sequence[str]) -> dict[str, str]:
    """Fields of /proc/cpuinfo; of several cores, those of the first."""
    fields: dict[str, str] = {}
    for line in lines:
        key, _, value = line.partition(":")
        fields.setdefault(key.strip(), value.strip())
    return fields


def _cpu_model(cpu: dict[str, str], boards: Sequence[str]) -> str:
    part = f"CPU part {cpu['CPU part']}" if "CPU part" in cpu else "unknown"
    names = (cpu.get("Model"), *boards, cpu.get("model name"), cpu.get("Hardware"), part)
    return next(name for name in names if name)


def _glibc(c_library: str) -> tuple[int, int] | None:
    match = re.match(r"glibc (\d{1,4})\.(\d{1,4})\b", c_library)
    return (int(match[1]), int(match[2])) if match else None


def _python(version: str) -> tuple[int, int, int] | None:
    match = re.fullmatch(r"(\d{1,4})\.(\d{1,4})\.(\d{1,4})", version)
    return (int(match[1]), int(match[2]), int(match[3])) if match else None


def _free_bytes(line: str) -> int:
    match = _FREE.search(line)
    return int(match[1]) * 1024 if match else 0
