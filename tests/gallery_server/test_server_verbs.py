"""`bireid-deploy gallery` with a URL of a server in place of a file."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from postgres_server import Server

from bireid_deploy import extras
from bireid_deploy.cli.main import EXIT_MISSING_DEPENDENCY, EXIT_USAGE

BUNDLE = Path(__file__).parents[2] / "models/zoo/distilled_r18_half-synthetic-128x64-256d-v2"


@pytest.fixture
def url(stock: Server):
    location = stock.url("verbs").replace("postgres@", "postgres:secret@")
    yield location
    with stock.connect() as database:
        database.execute("DROP SCHEMA IF EXISTS bireid_verbs CASCADE")


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """Two people, two images each: blocks of colour and noise."""
    random = np.random.default_rng(0)
    for person in ("ada", "bo"):
        (tmp_path / "images" / person).mkdir(parents=True)
        base = np.kron(random.integers(0, 200, (8, 4, 3)), np.ones((16, 16, 1)))
        for number in range(2):
            pixels = base + random.integers(0, 40, base.shape)
            path = tmp_path / "images" / person / f"{number}.png"
            Image.fromarray(pixels.astype(np.uint8)).save(path)
    return tmp_path / "images"


def test_every_verb_takes_a_server(cli, url: str, images: Path, tmp_path: Path) -> None:
    outputs = []

    def say(*arguments: object) -> str:
        result = cli("gallery", *arguments)
        assert result.code == 0, result.err
        outputs.append(result.out + result.err)
        return result.out

    say("create", url, BUNDLE)
    assert "4 new entries" in say("add", url, BUNDLE, images, "--person-folders", "--camera", "a")
    assert "ada" in say("search", url, BUNDLE, images / "ada" / "1.png", "--same", "0.9")
    say("name", url, "bo", "Bo")
    say("split", url, 4, "--person", "cy")
    say("same", url, "Bo", "cy")
    assert "Bo" in say("stats", url, "--people")
    assert "4 entries" in say("export", url, tmp_path / "out.npz")
    assert "0 new entries" in say("merge", url, tmp_path / "out.npz")
    assert "0 steps" in say("migrate", url)
    say("relate", url, BUNDLE, "--note", "itself")
    assert "2 entries removed" in say("remove", url, "--person", "ada")
    say("expire", url)
    assert "2 entries copied" in say("copy", url, tmp_path / "file")
    assert "0 new entries" in say("merge", tmp_path / "file", url)
    assert "reader" in say("grant", url, "pg_monitor", "--as", "reader")
    assert "secret" not in "".join(outputs)


def test_mistakes_are_one_line(cli, url: str, tmp_path: Path) -> None:
    for arguments, words in (
        (("stats", url), "gallery create"),
        (("stats", "postgresql://h/d?gallery=A"), "small letters"),
        (("grant", tmp_path / "file", "r", "--as", "reader"), "only a gallery of a server"),
        (("migrate", tmp_path / "file"), "only a gallery of a server"),
        (("stats", f"postgresql://u:secret@/d?host={tmp_path}"), "postgresql://u@/d"),
    ):
        result = cli("gallery", *arguments)
        assert result.code == EXIT_USAGE
        assert words in result.err
        assert "secret" not in result.err
        assert len(result.err.splitlines()) == 1


def test_without_the_extra_it_is_named(cli, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extras, "is_installed", lambda name: name != "psycopg")
    result = cli("gallery", "stats", url)
    assert result.code == EXIT_MISSING_DEPENDENCY
    assert 'pip install "bireid-deploy[server]"' in result.err
