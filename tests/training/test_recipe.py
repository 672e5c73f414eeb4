import pytest

from bireid_deploy.errors import RecipeError
from bireid_deploy.training.recipe import differences, find_recipe, load_recipe, parse_recipe


def _write(tmp_path, text):
    path = tmp_path / "recipe.toml"
    path.write_text(text)
    return path


def test_defaults_and_sections(tmp_path):
    recipe = load_recipe(_write(tmp_path, 'name = "a"\n[optimizer]\nepochs = 3\n'))
    assert recipe.optimizer.epochs == 3
    assert recipe.network.config().precision == "binary"
    assert not recipe.kernel_refining.enabled


def test_unknown_key_is_an_error_with_a_suggestion(tmp_path):
    path = _write(tmp_path, 'name = "a"\n[optimizer]\nepoch = 3\n')
    with pytest.raises(
        RecipeError, match=r"recipe.toml: unknown key optimizer.epoch; did you mean epochs"
    ):
        load_recipe(path)


def test_unknown_section_is_an_error_with_a_suggestion():
    with pytest.raises(
        RecipeError, match="unknown key kernel_refinning; did you mean kernel_refin"
    ):
        parse_recipe({"name": "a", "kernel_refinning": {}}, "source")


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"name": "a", "seed": "zero"}, "seed"),
        ({"name": "a", "loss": {"label_smoothing": 1.5}}, "loss.label_smoothing"),
        ({"name": "a", "network": {"width": 99.0}}, "width"),
        (
            {"name": "a", "network": {"precision": "real"}, "kernel_refining": {"enabled": True}},
            "kernel_refining needs 1-bit",
        ),
        (
            {"name": "a", "feature_refining": {"pairs": [{"low": "stage4", "high": "stage2"}]}},
            "must come before",
        ),
        ({"name": "a", "batch": {"images_per_identity": 1}}, "triplet"),
        ({}, "name"),
    ],
)
def test_wrong_values_are_named(document, message):
    with pytest.raises(RecipeError, match=message):
        parse_recipe(document, "source")


def test_overrides(tmp_path):
    path = _write(tmp_path, 'name = "a"\n')
    recipe = load_recipe(
        path, ["optimizer.epochs=7", "network.precision=real", "loss.triplet_margin=soft"]
    )
    assert recipe.optimizer.epochs == 7
    assert recipe.network.precision == "real"
    assert recipe.loss.triplet_margin == "soft"
    assert differences(recipe, load_recipe(path)) == [
        "loss.triplet_margin",
        "network.precision",
        "optimizer.epochs",
    ]


@pytest.mark.parametrize("override", ["optimizer", "=3", "name.first=3"])
def test_malformed_overrides(tmp_path, override):
    with pytest.raises(RecipeError, match="--set"):
        load_recipe(_write(tmp_path, 'name = "a"\n'), [override])


def test_missing_and_broken_files(tmp_path):
    with pytest.raises(RecipeError, match="no such recipe"):
        load_recipe(tmp_path / "absent.toml")
    with pytest.raises(RecipeError, match="not a readable TOML"):
        load_recipe(_write(tmp_path, "name = "))
    with pytest.raises(RecipeError, match="no recipe named"):
        find_recipe("absent")
