"""The extra `train`, outside of a checkout: recipes, grids and the whole story."""

import json

import pytest

from bireid_deploy.experiments.grid import GRIDS
from bireid_deploy.recipes.files import RECIPES

TINY = (
    "network.backbone=resnet10",
    "network.width=0.125",
    "network.input_height=64",
    "network.input_width=32",
    "batch.identities=4",
    "batch.images_per_identity=2",
    "optimizer.epochs=1",
)
WHAT_SHIPS = """
import json, bireid_deploy
from bireid_deploy.experiments.grid import GRIDS, load_grid
from bireid_deploy.recipes import load_recipe
from bireid_deploy.recipes.files import RECIPES
recipes, grids = sorted(RECIPES.glob("*.toml")), sorted(GRIDS.glob("*.toml"))
for path in recipes: load_recipe(path)
for path in grids: load_grid(path)
print(json.dumps([bireid_deploy.__file__, [p.name for p in recipes], [p.name for p in grids]]))
"""

pytestmark = pytest.mark.slow


def test_recipes_and_grids_are_in_the_wheel(full, tmp_path):
    done = full.call("python", "-c", WHAT_SHIPS, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    package, recipes, grids = json.loads(done.stdout)
    assert package.startswith(str(full.folder))
    assert recipes == sorted(path.name for path in RECIPES.glob("*.toml"))
    assert grids == sorted(path.name for path in GRIDS.glob("*.toml"))


def test_demo(full, tmp_path):
    settings = [f"--set={each}" for each in TINY]
    done = full.call("bireid-deploy", "demo", "--identities", "20", *settings, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "Synthetic people" in done.stdout
    assert (tmp_path / "demo" / "bundle" / "manifest.json").exists()
