"""`search` on the command line: what it refuses, and where it sends people."""

import json


def test_a_recipe_of_a_search_is_not_trained(refused, tmp_path):
    err = refused(2, "train", "cdnet_search", "--data", tmp_path, "--out", tmp_path / "run")
    assert "cdnet_search searches an architecture: run bireid-deploy search" in err


def test_what_a_search_needs(refused, tmp_path):
    assert "Missing --data" in refused(2, "search", "cdnet_search", "--out", tmp_path / "a")
    assert "Missing RECIPE" in refused(2, "search", "--measure-latency", tmp_path / "a.json")
    line = ["search", "cdnet_half", "--data", tmp_path, "--out", tmp_path / "a"]
    assert "has no table [search]" in refused(2, *line)
    line = ["search", "cdnet_search", "--data", tmp_path, "--out", tmp_path / "a"]
    assert "go together" in refused(2, *line, "--set", "search.latency_weight=0.1")
    assert "unknown key search.topp; did you mean top" in refused(
        2, *line, "--set", "search.topp=1"
    )
    assert "no choice of 2" in refused(
        2, *line, "--set", "search.kernels=[3, 5]", "--set", "search.depths=[1]"
    )
    assert "no search (no search.json)" in refused(2, "search", "--resume", "--out", tmp_path / "a")


def test_a_damaged_record_is_said(refused, tmp_path):
    (tmp_path / "search.json").write_text(json.dumps({"schema_version": 1, "recipe": {}}))
    err = refused(2, "search", "--resume", "--out", tmp_path)
    assert "damaged record: no valid 'data'" in err
