"""Grid files: order, and mistakes that cost no time."""

import pytest

from bireid_deploy.experiments.errors import ExperimentError
from bireid_deploy.experiments.grid import load_grid

HEAD = """
name = "grid"
seeds = [0]
[data]
kind = "reid"
"""
# The data of the fixture's grid.
PEOPLE = '"synthetic"\nidentities = 20\nheight = 64\nwidth = 32'


def _names(entries):
    return [entry.name for entry in entries]


def _chain(write_grid, folder):
    runs = {"c": 'init = "b"\nteacher = "d"', "b": 'init = "a"', "a": "", "d": ""}
    entries = (f'[[run]]\nname = "{n}"\nrecipe = "demo"\n{more}\n' for n, more in runs.items())
    return load_grid(write_grid(folder, HEAD + "".join(entries)))


def test_what_a_run_starts_from_comes_before_it(write_grid, tmp_path):
    order = _names(_chain(write_grid, tmp_path).ordered())
    assert sorted(order) == ["a", "b", "c", "d"]
    assert order.index("a") < order.index("b") < order.index("c")
    assert order.index("d") < order.index("c")


def test_only_brings_along_what_a_run_starts_from(write_grid, tmp_path):
    grid = _chain(write_grid, tmp_path)
    assert _names(grid.ordered(["b"])) == ["a", "b"]
    assert _names(grid.ordered(["d"])) == ["d"]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("identities = 20", "identites = 20", "did you mean identities?"),
        ('recipe = "tiny.toml"\ninit', 'recipes = "tiny.toml"\ninit', "did you mean recipe?"),
        ('init = "first"', 'init = "frist"', "no run of this grid; did you mean first?"),
        ('name = "second"', 'name = "first"', "two runs are named 'first'"),
        ('name = "second"', 'name = "../second"', "run.0.name: String should match pattern"),
        ("seeds = [0, 1]", "seeds = [1, 1]", "a seed appears twice"),
        ("seeds = [0, 1]", "seeds = []", "seeds: "),
        ('kind = "synthetic"', 'kind = "synthetics"', "data: "),
        ('init = "first"', 'init = "second"', "runs wait for each other: second - second"),
        ('init = "first"', 'init = "first"\ninit_from = "first"', "has both init and init_from"),
        ('name = "tiny-grid"', "name = tiny", "not a readable TOML file"),
    ],
)
def test_a_mistake_in_a_grid_is_named(refused, grid, tmp_path, old, new, message):
    text = grid.read_text()
    assert old in text
    grid.write_text(text.replace(old, new, 1))
    assert message in refused(grid, "--out", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_mistake_on_the_command_line_is_named(refused, grid, tmp_path):
    out = tmp_path / "out"
    assert "has no run 'frist'; did you mean first?" in refused(
        grid, "--out", out, "--only", "frist"
    )
    assert "no grid named 'ablatoin' is installed; did you mean ablation?" in refused(
        "ablatoin", "--out", out
    )
    assert "not a readable TOML file" in refused(tmp_path / "none.toml", "--out", out)
    assert not out.exists()


def test_a_mistake_in_a_recipe_costs_no_time(refused, grid, tmp_path):
    text = grid.read_text()
    grid.write_text(text.replace("other_rate", "other_rat"))
    assert "did you mean other_rate?" in refused(grid, "--out", tmp_path / "out")
    grid.write_text(text.replace(PEOPLE, '"classification"'))
    assert "is for reid, but the grid's data are classification" in refused(
        grid, "--out", tmp_path / "out"
    )
    grid.write_text(text.replace('init = "first"', 'teacher = "first"'))
    assert "leave out --teacher" in refused(grid, "--out", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_data_and_folders_must_be_given_as_the_grid_wants(refused, grid, tmp_path):
    out = tmp_path / "out"
    assert "renders its own data; leave out --data" in refused(
        grid, "--out", out, "--data", tmp_path
    )
    text = grid.read_text()
    grid.write_text(text.replace(PEOPLE, '"reid"'))
    assert "needs a reid data set; give it with --data" in refused(grid, "--out", out)
    grid.write_text(text.replace('init = "first"', 'init_from = "first"'))
    assert "give the folder of that experiment, or a file, with --init-from" in refused(
        grid, "--out", out
    )
    elsewhere = tmp_path / "elsewhere"
    message = f"{elsewhere}: holds no finished run first-seed0"
    assert message in refused(grid, "--out", out, "--init-from", elsewhere)


def test_a_missing_grid_file_is_an_error_of_its_own(tmp_path):
    with pytest.raises(ExperimentError, match="not a readable TOML file"):
        load_grid(tmp_path / "none.toml")
