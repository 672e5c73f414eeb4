"""`bireid-deploy doctor`."""

import importlib.metadata
import importlib.util

import pytest
from bireid_runtime import native_library

from bireid_deploy import extras

LOOKED_AT = {
    "Python",
    "Python build",
    "system",
    "architecture",
    "C library",
    "page size",
    "CPU",
    "cores",
    "CPU features",
    "bireid-runtime",
    "tensorflow",
    "larq-compute-engine",
    "ai-edge-litert",
    "onnxruntime",
    "native library",
    "native kernels",
    "back end native",
    "back end litert",
    "back end onnx",
    "back end lce",
    "back end litert-uint8",
}


def test_findings_for_machines(cli):
    result = cli("doctor", "--json")
    assert result.code == 0
    findings = {finding["name"]: finding for finding in result.json["findings"]}
    assert {"machine", "date", "version"} <= result.json.keys()
    assert result.json["machine"]["cpu"] == findings["CPU"]["value"]
    assert findings.keys() >= LOOKED_AT
    assert all(each.keys() == {"name", "value", "ok", "remedy"} for each in findings.values())
    paths = ("scalar", "avx2", "avx512f", "avx512", "amx", "neon")
    assert findings["native kernels"]["value"] in paths
    assert findings["numpy"]["value"] == importlib.metadata.version("numpy")
    assert all(each["ok"] == (not each["remedy"]) for each in findings.values())


def test_findings_for_people(cli):
    result = cli("doctor")
    assert result.code == 0
    assert "to mend it" in result.out
    assert "bundles run here by native, " in result.out.splitlines()[-1]
    assert all(name in result.out for name in LOOKED_AT)


@pytest.mark.parametrize("form", [["--json"], []])
def test_what_is_missing_comes_with_the_whole_command_that_mends_it(cli, monkeypatch, form):
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "onnxruntime" else find(name)
    )
    result = cli("doctor", *form)
    assert result.code == 0
    assert "pip install onnxruntime" in result.out
    assert "missing" in result.out
    assert "bundles run here by native, litert, lce, litert-uint8; " in result.out


def test_the_verdict_of_a_light_installation(cli, monkeypatch):
    installed = extras.is_installed
    monkeypatch.setattr(extras, "is_installed", lambda name: name != "larq" and installed(name))
    verdict = cli("doctor").out.splitlines()[-1]
    assert verdict.endswith(f"; to train: {extras.install_command('train')}")


def test_an_installation_without_the_native_library(cli, monkeypatch):
    monkeypatch.setattr(native_library, "_FOLDER", "bireid_runtime._missing")
    native_library._delegate.cache_clear()
    result = cli("doctor", "--json")
    assert result.code == 0
    assert result.json["verdict"].startswith("bundles run here by onnx, lce")
    findings = {finding["name"]: finding for finding in result.json["findings"]}
    for name in ("native library", "back end native", "back end litert", "back end litert-uint8"):
        assert findings[name]["value"] == "missing"
        assert "pip install ./runtime" in findings[name]["remedy"]
    assert findings["back end onnx"]["ok"]
