"""README's walk-through of a shop, line by line."""

import os
import shlex
from pathlib import Path

import documentation
import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def lines():
    blocks = documentation.blocks("README.md", "bash")
    (block,) = [each for each in blocks if "bireid-deploy who" in each]
    return block.splitlines()


def test_the_shop_in_ten_lines(cli, lines, tmp_path, monkeypatch):
    assert len(lines) == 10
    name, _, bundle = lines[0].partition("=")
    monkeypatch.setenv(name, str(ROOT / bundle))
    monkeypatch.chdir(tmp_path)
    outs = []
    for line in lines[1:]:
        program, *arguments = shlex.split(os.path.expandvars(line), comments=True)
        assert program == "bireid-deploy"
        result = cli(*arguments)
        assert result.code == 0, (line, result.err)
        outs.append(result.out)
    who, _, morning, stats, _, noon, search, _, removed = outs
    assert "3 rendered people, 2 cameras, boxes: truth" in who
    assert "found again at another camera" in who
    page = Path("shop/who.html").read_text()
    assert "http" not in page.replace("http-equiv", "")
    assert page.count("<figure") == 6
    assert "124 frames of 1 cameras, 3 sightings" in morning
    assert "3 sightings" in noon
    assert "3 entries of 3 people" in stats
    assert "camera1" in search
    assert "ada" not in Path("shop.gallery").read_bytes().decode("latin-1")
    assert "entries removed" in removed
    again = cli("who", os.environ[name], "--people", 3, "--out", "shop")
    assert (again.code, "is there already" in again.err) == (2, True)
