"""Writing what a search found: recipes and pictures."""

from bireid_models.backbones.cdnet_architecture import parse_architecture, write_architecture

from bireid_deploy.search.directory import SearchDirectory
from bireid_deploy.search.drawings import alphas_picture, architecture_picture
from bireid_deploy.search.found import random_architectures, recipe_text
from bireid_deploy.search.searcher import alphas_of
from bireid_deploy.training.recipe import Recipe

FOUND, PICTURE, ALPHAS = "found.toml", "architecture.svg", "alpha.svg"


def write_results(recipe: Recipe, directory: SearchDirectory, controls: int) -> list[str]:
    """Write `found.toml`, both pictures and `random-N.toml` of a search that is done.

    Args:
        recipe: What was searched.
        directory: Where its record is.
        controls: Random architectures of the found one's size.

    Returns:
        The names of the controls.

    Raises:
        TrainingError: There are not so many architectures of that size.
    """
    record = directory.read_record()
    found = parse_architecture(record["architecture"])
    base = recipe.search.train_recipe
    about = f"Found by {recipe.name}, seed {recipe.seed}"
    directory.write(FOUND, recipe_text("found", about, base, found))
    directory.write(PICTURE, architecture_picture(found))
    directory.write(ALPHAS, alphas_picture([alphas_of(each) for each in record["history"]]))
    names = []
    drawn = random_architectures(
        found, recipe.network.config(), recipe.search, controls, recipe.seed
    )
    for number, each in enumerate(drawn, start=1):
        about = f"Drawn, of the size of {write_architecture(found)}"
        names.append(f"random-{number}.toml")
        directory.write(names[-1], recipe_text(f"random-{number}", about, base, each))
    return names
