import pytest

from bireid_deploy.errors import RecipeError
from bireid_deploy.recipes import find_recipe, load_recipe, parse_recipe
from bireid_deploy.training.recipe import differences


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
        ({"name": "a", "seed": 2**64}, "seed exceeds 2147483647"),
        ({"name": "a", "optimizer": {"epochs": 10**20}}, "epochs exceeds 2147483647"),
        ({"name": "a", "optimizer": {"kernel_rate": float("inf")}}, "optimizer.kernel_rate"),
        ({"name": "a", "network": {"input_width": 10**9}}, "input_width is 1000000000"),
        ({"name": "a", "network": {"embedding_dim": 10**9}}, "embedding_dim is 1000000000"),
        ({"name": "a", "network": {"width": 99.0}}, "width"),
        (
            {"name": "a", "network": {"backbone": "resnet81"}},
            r"^source: network: backbone is 'resnet81'; did you mean resnet18\?$",
        ),
        ({"name": "a", "network": {"binarization": "iernet"}}, r"did you mean irnet\?$"),
        (
            {"name": "a", "network": {"precision": "real"}, "kernel_refining": {"enabled": True}},
            "kernel_refining needs 1-bit",
        ),
        (
            {"name": "a", "feature_refining": {"pairs": [{"low": "stage4", "high": "stage2"}]}},
            "must come before",
        ),
        ({"name": "a", "batch": {"images_per_identity": 1}}, "triplet"),
        ({"name": "a", "batch": {"size": 8}}, "size is for sampling='shuffled'"),
        ({"name": "a", "task": "classification"}, "classification has no identities"),
        (
            {"name": "a", "loss": {"identity_weight": 0.0, "triplet_weight": 0.0}},
            "nothing teaches the task",
        ),
        (
            {
                "name": "a",
                "network": {"binarization": "bireal"},
                "kernel_refining": {"enabled": True},
            },
            "kernel_refining needs a learned alpha, which 'bireal' has not",
        ),
        ({"name": "a", "optimizer": {"schedule": "step"}}, "milestones and schedule='step'"),
        ({"name": "a", "optimizer": {"milestones": [3]}}, "milestones and schedule='step'"),
        (
            {"name": "a", "optimizer": {"schedule": "step", "milestones": [7, 4]}},
            "not in ascending order",
        ),
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


@pytest.mark.parametrize("override", ["optimizer", "=3", "name.first=3", f"seed={'9' * 5000}"])
def test_malformed_overrides(tmp_path, override):
    with pytest.raises(RecipeError, match="--set"):
        load_recipe(_write(tmp_path, 'name = "a"\n'), [override])


def test_missing_and_broken_files(tmp_path):
    with pytest.raises(RecipeError, match="no such recipe"):
        load_recipe(tmp_path / "absent.toml")
    with pytest.raises(RecipeError, match="not a readable TOML"):
        load_recipe(_write(tmp_path, "name = "))
    with pytest.raises(RecipeError, match="not a readable TOML"):
        load_recipe(_write(tmp_path, f"seed = {'9' * 5000}"))
    with pytest.raises(RecipeError, match="no recipe named"):
        find_recipe("absent")


def test_a_shuffled_batch_has_its_size_or_that_of_a_sampled_one():
    shuffled = {"sampling": "shuffled", "images_per_identity": 4, "identities": 3}
    document = {"name": "a", "loss": {"triplet_weight": 0.0}, "batch": shuffled}
    assert parse_recipe(document, "source").batch.images == 12
    shuffled["size"] = 7
    assert parse_recipe(document, "source").batch.images == 7


def test_a_recipe_extends_a_file_beside_it(tmp_path):
    base = (
        'name = "base"\ndescription = "b"\nseed = 3\n[optimizer]\nepochs = 5\nkernel_rate = 0.5\n'
    )
    (tmp_path / "base.toml").write_text(base)
    path = _write(
        tmp_path,
        'name = "a"\nextends = "base.toml"\n[optimizer]\nepochs = 7\n[network]\nwidth = 0.5\n',
    )
    recipe = load_recipe(path, ["optimizer.alpha_rate=0.25"])
    assert (recipe.name, recipe.description, recipe.seed) == ("a", "", 3)
    assert (recipe.optimizer.epochs, recipe.optimizer.kernel_rate) == (7, 0.5)
    assert (recipe.optimizer.alpha_rate, recipe.network.width) == (0.25, 0.5)
    assert load_recipe(tmp_path / "base.toml").optimizer.epochs == 5


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('extends = "absent.toml"', r"absent\.toml: no such recipe"),
        ('extends = "absent"', "no recipe named 'absent'"),
        ("extends = 3", "extends is 3; it must be the name"),
        ('extends = "recipe.toml"', r"extends itself: recipe\.toml - recipe\.toml"),
        ('extends = "baseline_r18_hald"', "did you mean baseline_r18_half"),
    ],
)
def test_what_cannot_be_extended(tmp_path, line, message):
    with pytest.raises(RecipeError, match=message):
        load_recipe(_write(tmp_path, f'name = "a"\n{line}\n'))


def test_extends_follows_chains(tmp_path):
    (tmp_path / "first.toml").write_text(
        'name = "first"\nseed = 3\n[optimizer]\nepochs = 5\nkernel_rate = 0.5\n'
    )
    (tmp_path / "second.toml").write_text(
        'name = "second"\ndescription = "d"\nextends = "first.toml"\n[optimizer]\nepochs = 6\n'
    )
    path = _write(tmp_path, 'name = "a"\nextends = "second.toml"\n[network]\nwidth = 0.5\n')
    recipe = load_recipe(path)
    assert (recipe.name, recipe.description, recipe.seed) == ("a", "", 3)
    assert (recipe.optimizer.epochs, recipe.optimizer.kernel_rate) == (6, 0.5)


def test_two_files_that_extend_each_other(tmp_path):
    (tmp_path / "other.toml").write_text('name = "b"\nextends = "recipe.toml"\n')
    with pytest.raises(
        RecipeError, match=r"extends itself: recipe\.toml - other\.toml - recipe\.toml"
    ):
        load_recipe(_write(tmp_path, 'name = "a"\nextends = "other.toml"\n'))


@pytest.mark.parametrize("path", sorted(find_recipe("demo").parent.glob("*.toml")), ids=str)
def test_every_shipped_recipe_can_be_extended(tmp_path, path):
    extended = load_recipe(_write(tmp_path, f'name = "a"\nextends = "{path.stem}"\nseed = 7\n'))
    assert differences(extended, load_recipe(path)) <= ["description", "name", "seed"]
    assert extended.seed == 7


def test_keys_of_older_runs_are_read():
    document = {
        "name": "a",
        "task": "classification",
        "images_per_class": 5,
        "batch": {"sampling": "shuffled"},
        "loss": {"triplet_weight": 0.0},
    }
    assert parse_recipe(document, "source").classification.images_per_class == 5
    assert parse_recipe({"name": "a", "images_per_class": None}, "source").task == "reid"
    both = {**document, "classification": {"images_per_class": 30}}
    assert parse_recipe(both, "source").classification.images_per_class == 30
    with pytest.raises(RecipeError, match="source: classification"):
        parse_recipe({**document, "classification": 3}, "source")


def test_a_table_of_another_task_is_refused():
    with pytest.raises(RecipeError, match="classification is for task='classification' alone"):
        parse_recipe({"name": "a", "classification": {"images_per_class": 5}}, "source")


def test_an_unknown_task_is_refused_with_the_nearest():
    with pytest.raises(RecipeError, match=r"no task 'clasification'; did you mean classification"):
        parse_recipe({"name": "a", "task": "clasification"}, "source")


def test_a_name_is_not_inherited(tmp_path):
    with pytest.raises(RecipeError, match="name: Field required"):
        load_recipe(_write(tmp_path, 'extends = "baseline_r18_half"\n'))


# Teachers and students see the same people, in the same colours.
DISTILLED = {"network.precision", "loss.identity_weight", "distillation", "augmentation"}
SHIPPED = sorted(find_recipe("demo").parent.glob("*.toml"))


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_every_shipped_recipe_is_valid_and_named_after_its_file(path):
    assert load_recipe(path).name == path.stem


@pytest.mark.parametrize(
    ("base", "methods", "keys"),
    [
        (
            "baseline_r18_half",
            ["xnor_r18_half", "bireal_r18_half", "irnet_r18_half"],
            {"network.binarization"},
        ),
        (
            "baseline_r18_half",
            ["kernel_refining_r18_half", "feature_refining_r18_half", "bireid_r18_half"],
            {"kernel_refining", "feature_refining"},
        ),
        ("baseline_r18", ["xnor_r18", "bireal_r18", "irnet_r18"], {"network.binarization"}),
        (
            "baseline_r18",
            ["kernel_refining_r18", "feature_refining_r18", "bireid_r18"],
            {"kernel_refining", "feature_refining"},
        ),
        (
            "baseline_r18_half",
            ["distilled_r18_half", "distilled_r18_half_stage1"],
            DISTILLED,
        ),
        (
            "baseline_r18",
            ["distilled_r18", "distilled_r18_stage1"],
            DISTILLED,
        ),
        ("real_r18_half", ["teacher_r18_half"], {"augmentation"}),
        ("teacher_r18_half", ["distilled_r18_half"], DISTILLED - {"augmentation"} | {"optimizer"}),
        (
            "cifar_baseline",
            ["cifar_kernel_refining", "cifar_feature_refining", "cifar_bireid"],
            {"kernel_refining", "feature_refining"},
        ),
    ],
)
def test_compared_methods_differ_in_nothing_but_the_method(base, methods, keys):
    for method in methods:
        changed = differences(load_recipe(find_recipe(base)), load_recipe(find_recipe(method)))
        others = {key for key in changed if not key.startswith(tuple(keys))}
        assert others <= {"name", "description"}
        assert len(changed) > 2
