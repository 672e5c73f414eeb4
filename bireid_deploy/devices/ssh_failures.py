"""What ssh's own messages mean, and what to do about them."""

import re
import shlex

from bireid_deploy.devices.target import Target

# Matched in this order against what ssh wrote; `{ssh}` is the command that connects by hand.
_EXPLANATIONS = (
    (
        "REMOTE HOST IDENTIFICATION HAS CHANGED",
        "it has another host key than before; if the device was reinstalled, run "
        "`ssh-keygen -R {known}` and try again, otherwise somebody may be in between",
    ),
    (
        "Host key verification failed",
        "its host key is not known yet; connect once by hand, `{ssh}`, and confirm the key",
    ),
    (
        r"Permission denied|Too many authentication failures",
        "it refused the login; check the user name, and give it your key: `ssh-copy-id {login}`",
    ),
    (
        "Connection refused",
        "nothing listens for ssh there; check the port, and switch ssh on on the device",
    ),
    ("Could not resolve hostname", "no machine has this name; check it, or use the IP address"),
    (
        r"timed out|No route to host|Network is unreachable|Host is down",
        "it does not answer; see that it is switched on and in the same network",
    ),
    (
        "open refused by peer",
        "it allows too few sessions; set `MaxSessions 10` in /etc/ssh/sshd_config there",
    ),
)


def explain(target: Target, messages: str) -> str:
    """One line on why ssh failed, and the remedy.

    Args:
        target: Where ssh was to connect.
        messages: What ssh wrote to its standard error.
    """
    port = [] if target.port is None else ["-p", str(target.port)]
    login = [*port, name_of(target)]
    for pattern, explanation in _EXPLANATIONS:
        if re.search(pattern, messages):
            return explanation.format(
                known=shlex.quote(_known_as(target, messages)),
                login=shlex.join(login),
                ssh=shlex.join(["ssh", *login]),
            )
    last = messages.strip().rpartition("\n")[2]
    printable = "".join(character for character in last if character.isprintable())
    return f"the connection broke{f' ({printable})' if printable else ''}; try again"


def name_of(target: Target) -> str:
    """`user@host`, or the host alone."""
    return target.host if target.user is None else f"{target.user}@{target.host}"


def _known_as(target: Target, messages: str) -> str:
    """The name under which ssh keeps the host key: an alias of the configuration may hide it."""
    named = re.search(r"Host key for (\S+) has changed", messages)
    return named[1] if named else target.host
