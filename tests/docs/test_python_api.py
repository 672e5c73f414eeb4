"""docs/python-api.md, block by block in one folder, as somebody would who follows the page."""

import documentation
import numpy as np
import pytest
from PIL import Image

PAGE = "docs/python-api.md"
PROGRAMS = documentation.REPOSITORY / "dist"
CLASSES = """
name = "shades"
task = "classification"
[network]
backbone = "resnet10"
width = 0.125
input_height = 32
input_width = 32
[batch]
sampling = "shuffled"
size = 4
[loss]
triplet_weight = 0.0
[augmentation]
pad = 2
[optimizer]
epochs = 1
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Where the page works; it holds a bundle that classifies."""
    from bireid_deploy import api

    folder = tmp_path_factory.mktemp("page")
    for split in ("train", "test"):
        for name, level in (("dark", 60), ("light", 200)):
            images = folder / "shades" / split / name
            images.mkdir(parents=True)
            for number in range(4):
                pixels = np.full((40, 40, 3), level + 5 * number, np.uint8)
                Image.fromarray(pixels).save(images / f"{number}.png")
    recipe = folder / "shades.toml"
    recipe.write_text(CLASSES)
    run = api.train(recipe, folder / "shades", folder / "classes-run").run
    api.convert(run, folder / "classes-bundle", formats=["onnx"], verify=False)
    return folder


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_every_block_runs(folder, monkeypatch, capfd):
    monkeypatch.chdir(folder)
    names = {}
    for code in documentation.blocks(PAGE, "python"):
        if "api.flash" not in code:
            exec(compile(code, PAGE, "exec"), names)
    said = capfd.readouterr().out
    assert "embedding embedding (64,)" in said
    assert "('dark', 'light')" in said
    assert "open it with Extractor" in said


@pytest.mark.slow
def test_the_block_that_flashes(folder, monkeypatch):
    if not list(PROGRAMS.glob("bireid-embed*")):
        pytest.skip("dist/ holds no bireid-embed: make bireid-embed")
    if not (folder / "bundle").is_dir():
        pytest.skip("the page's bundle was not made: its other blocks failed or were left out")
    monkeypatch.chdir(folder)
    (folder / "dist").symlink_to(PROGRAMS)
    code = documentation.block(PAGE, "python", "from bireid_deploy.devices.flash")
    names = {}
    exec(compile(documentation.blocks(PAGE, "python")[0].partition("\n# ")[0], PAGE, "exec"), names)
    exec(compile(code, PAGE, "exec"), names)
    assert names["report"].self_tests
    assert (folder / "device" / "current").is_symlink()


def test_every_function_of_the_front_door_is_on_the_page():
    from bireid_deploy import api

    text = "".join(documentation.blocks(PAGE, "python"))
    prose = (documentation.REPOSITORY / PAGE).read_text()
    for name in api.__all__:
        if name[0].islower():
            assert f"api.{name}(" in text or f"`{name}`" in prose, name
