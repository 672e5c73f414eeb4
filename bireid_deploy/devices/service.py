"""The systemd service on a device: `bireid-embed serve` behind a socket, from start-up on.

A login as root gets a system service, whose user systemd makes up for as long as it runs. Any other
login gets a service of its own, which lingers: it starts with the device, not with a login.
"""

from bireid_deploy.devices.facts import DeviceFacts
from bireid_deploy.devices.link import Link
from bireid_deploy.errors import DeviceCheckError

NAME = "bireid-embed.service"

_SECONDS = 180.0
# Measured with the bundle in models/zoo: 5 MB at rest, 47 MB while eight clients send crops of
# 1920x1080, 340 MB for one of 100 megapixels, the most that a request may hold.
_MEMORY_BYTES = 512 * 2**20

# What both kinds of systemd can do; a user's own may not change what the service sees of the disk.
_UNIT = """\
# Written by `bireid-deploy flash --service`, and again by the next one.
[Unit]
Description=Person re-identification embeddings (bireid-embed)
StartLimitIntervalSec=300
StartLimitBurst=5

[Service]
Type=exec
WorkingDirectory={current}
ExecStart="{current}/bireid-embed" serve bundle --socket %t/bireid-embed/socket
RuntimeDirectory=bireid-embed
RuntimeDirectoryMode=0700
Restart=on-failure
RestartSec=2
# The bundle is damaged or of another version: trying again mends nothing.
RestartPreventExitStatus=2 6
MemoryMax={memory_bytes}
# No picture of anybody is left in a memory dump.
LimitCORE=0
UMask=0077
NoNewPrivileges=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
RestrictAddressFamilies=AF_UNIX
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
{system_only}
[Install]
WantedBy={wanted_by}
"""

_SYSTEM_ONLY = """\
DynamicUser=yes
CapabilityBoundingSet=
PrivateDevices=yes
PrivateNetwork=yes
ProcSubset=pid
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectProc=invisible
"""

_IS_INSTALLED = '[ -e "$1" ] && grep -qxF "WorkingDirectory=$2" "$1"'

_INSTALL = """
umask 022
mkdir -p "${1%/*}" && printf '%s' "$2" >"$1.part" && mv -f "$1.part" "$1"
"""

# $1: --system or --user, $2: the unit, $3: the folder, $4: the socket.
_START = """
systemctl() { command systemctl "$scope" --no-ask-password "$@"; }
explain() {
  code=$(systemctl show --property ExecMainStatus --value "$unit")
  [ "$code" = 0 ] || echo "bireid-embed ended with exit status $code" >&2
  journalctl "$scope" -u "$unit" -n 20 -o cat --no-pager | grep '^bireid-embed: ' | tail -n 1 >&2
  exit 1
}
scope=$1 unit=$2 folder=$3 socket=$4
if [ "$scope" = --user ]; then
  export XDG_RUNTIME_DIR="${XDG_RUNTIME_DIR:-/run/user/$(id -u)}"
  user=$(id -un)
  if [ ! -e "/var/lib/systemd/linger/$user" ]; then
    loginctl --no-ask-password enable-linger || {
      echo "the service would end with the login: sudo loginctl enable-linger $user" >&2
      exit 1
    }
  fi
  # The user's systemd may just be starting.
  tries=10
  until [ -S "$XDG_RUNTIME_DIR/systemd/private" ] || [ $tries = 0 ]; do
    sleep 1
    tries=$((tries - 1))
  done
else
  # The user that systemd makes up owns nothing here.
  chmod a+x "$folder" "$folder/versions" "$folder/current/" || exit 1
  chmod -R a+rX "$folder/current/bundle" "$folder/current/bireid-embed" || exit 1
fi
systemctl daemon-reload && systemctl --quiet enable "$unit" || exit 1
systemctl reset-failed "$unit" 2>/dev/null
systemctl restart "$unit" || explain
# The socket appears when the bundle is loaded.
tries=30
until [ -S "$socket" ]; do
  if [ $tries = 0 ] || [ "$(systemctl is-active "$unit")" = failed ]; then explain; fi
  sleep 1
  tries=$((tries - 1))
done
[ "$(systemctl is-active "$unit")" = active ]
"""

_REQUEST = """
python3 -I -c '
import json, socket, sys
server = socket.socket(socket.AF_UNIX)
server.settimeout(60)
server.connect(sys.argv[1])
with open(sys.argv[2] + "/bundle/manifest.json", encoding="utf-8") as file:
    adaptation = json.load(file).get("adaptation")
camera = "camera %s " % adaptation["cameras"][0]["name"] if adaptation else ""
server.sendall(camera.encode() + b"raw 64 128\\n" + bytes(range(256)) * 96)
answer = json.loads(server.makefile().readline())
sys.exit(answer.get("error"))
' "$1" "$2"
"""


def unit(directory: str, user_id: int, memory_bytes: int) -> str:
    """Text of the unit file.

    Args:
        directory: Absolute path of the installation there, without quotes and backslashes, which
            systemd takes in no program's path.
        user_id: Who runs it; 0 gives a system service, any other a service of that user.
        memory_bytes: Main memory of the device; the service gets half of it at most.
    """
    system = user_id == 0
    return _UNIT.format(
        current=_current(directory),
        memory_bytes=min(_MEMORY_BYTES, memory_bytes // 2),
        system_only=_SYSTEM_ONLY if system else "",
        wanted_by="multi-user.target" if system else "default.target",
    )


def socket_path(user_id: int) -> str:
    """Where the service of a user listens; only that user may connect."""
    return f"{'/run' if user_id == 0 else f'/run/user/{user_id}'}/bireid-embed/socket"


def is_installed(link: Link, facts: DeviceFacts) -> bool:
    """Whether the service is set up on the device and runs this very installation.

    Raises:
        DeviceUnreachableError: The connection broke.
    """
    if not facts.service_manager:
        return False
    current = _current(facts.directory)
    return link.run(_IS_INSTALLED, _unit_path(facts), current, timeout=_SECONDS).code == 0


def install(link: Link, facts: DeviceFacts) -> None:
    """Set the service up, start it, and see it answer.

    There is one per user: that of another folder is replaced.

    Args:
        link: The device.
        facts: What it is; `directory`/current holds `bireid-embed` and `bundle`.

    Raises:
        DeviceCheckError: It cannot be set up or started, or does not answer.
        DeviceUnreachableError: The connection broke.
    """
    text = unit(facts.directory, facts.user_id, facts.memory_bytes)
    done = link.run(_INSTALL, _unit_path(facts), text, timeout=_SECONDS)
    if done.code != 0:
        raise DeviceCheckError(
            f"{link.name}: {_unit_path(facts)} cannot be written: {done.last_line()}"
        )
    restart(link, facts)


def restart(link: Link, facts: DeviceFacts) -> None:
    """Start the service, or start it again, and see it answer.

    Without Python on the device nothing can be asked there: that it runs and listens is enough.

    Args:
        link: The device.
        facts: What it is; the service is set up.

    Raises:
        DeviceCheckError: It cannot be started, or does not answer.
        DeviceUnreachableError: The connection broke.
    """
    scope = "--system" if facts.user_id == 0 else "--user"
    socket = socket_path(facts.user_id)
    done = link.run(_START, scope, NAME, facts.directory, socket, timeout=_SECONDS)
    if done.code == 0 and facts.python is not None:
        done = link.run(_REQUEST, socket, f"{facts.directory}/current", timeout=_SECONDS)
    if done.code != 0:
        raise DeviceCheckError(
            f"{link.name}: {NAME} does not run: {done.last_line()} "
            f"(`systemctl {scope} status {NAME}` there says more)"
        )


def _unit_path(facts: DeviceFacts) -> str:
    folder = "/etc" if facts.user_id == 0 else f"{facts.home}/.config"
    return f"{folder}/systemd/{'system' if facts.user_id == 0 else 'user'}/{NAME}"


def _current(directory: str) -> str:
    # systemd's own placeholders begin with a per cent sign.
    return f"{directory.replace('%', '%%')}/current"
