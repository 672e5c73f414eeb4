import pytest

from bireid_deploy.devices.target import Target
from bireid_deploy.errors import TargetError


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ssh://pi@raspberrypi/opt/reid", Target("ssh", "raspberrypi", "/opt/reid", "pi")),
        ("ssh://pi@10.0.0.7:2222/opt/reid", Target("ssh", "10.0.0.7", "/opt/reid", "pi", 2222)),
        ("ssh://pi@raspberrypi/~/reid", Target("ssh", "raspberrypi", "~/reid", "pi")),
        ("ssh://MyAlias/opt//reid/./v1/", Target("ssh", "MyAlias", "/opt/reid/v1")),
        ("ssh://pi@[fe80::1%25eth0]:22/reid", Target("ssh", "fe80::1%eth0", "/reid", "pi", 22)),
        ("ssh://[::1]/reid", Target("ssh", "::1", "/reid")),
        ("ssh://a%40corp@host/my%20reid/é", Target("ssh", "host", "/my reid/é", "a@corp")),
        ("adb://R58M123ABC/data/local/tmp", Target("adb", "R58M123ABC", "/data/local/tmp")),
        ("adb://192.168.1.5:5555/data/r", Target("adb", "192.168.1.5:5555", "/data/r")),
        ("file:///srv/reid", Target("file", "", "/srv/reid")),
        ("file:///~/reid", Target("file", "", "~/reid")),
        ("file:///srv/~/reid", Target("file", "", "/srv/~/reid")),
    ],
)
def test_each_form_is_read(text: str, expected: Target):
    assert Target.parse(text) == expected


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "expected ssh://"),
        ("raspberrypi:/opt/reid", "expected ssh://"),
        ("http://host/reid", "expected ssh://"),
        ("ssh://host", "name a folder"),
        ("ssh://host/", "name a folder"),
        ("ssh://host/~", "name a folder"),
        ("ssh://host/~/", "name a folder"),
        ("ssh:///reid", "valid host"),
        ("ssh://@host/reid", "valid user"),
        ("ssh://-oProxyCommand=x/reid", "valid host"),
        ("ssh://%2DoProxyCommand=x/reid", "valid host"),
        ("ssh://-lroot@host/reid", "valid user"),
        ("ssh://pi;reboot@host/reid", "valid user"),
        ("ssh://host name/reid", "valid host"),
        ("ssh://host%0Aname/reid", "valid host"),
        ("ssh://[::1/reid", "valid host"),
        ("ssh://[-x]/reid", "valid address"),
        ("ssh://host:/reid", "port"),
        ("ssh://host:0/reid", "port"),
        ("ssh://host:65536/reid", "port"),
        ("ssh://host:²/reid", "port"),
        ("ssh://host/opt/../etc", "'..'"),
        ("ssh://host/opt/%2E%2E/etc", "'..'"),
        ("ssh://host/a\nb", "control character"),
        ("ssh://host/a%00b", "control character"),
        ("ssh://host/a%1Bb", "control character"),
        ("ssh://host/a%FFb", "UTF-8"),
        ("ssh://host/reid?x=1", "%3F"),
        ("ssh://host/reid#x", "%23"),
        ("adb://serial", "name a folder"),
        ("adb:///data/local/tmp", "valid serial"),
        ("adb://-s/data/local/tmp", "valid serial"),
        ("adb://serial/~/reid", "no home directory"),
        ("file://host/reid", "takes no host"),
        ("file:///", "name a folder"),
    ],
)
def test_any_other_form_is_refused(text: str, complaint: str):
    with pytest.raises(TargetError) as caught:
        Target.parse(text)
    assert complaint in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("rest", ["/reid", "", "/a?b", ":0/reid"])
def test_a_password_is_refused_and_not_repeated(rest: str):
    with pytest.raises(TargetError, match="ssh-copy-id") as caught:
        Target.parse(f"ssh://pi:raspberry@host{rest}")
    assert "raspberry" not in str(caught.value)
