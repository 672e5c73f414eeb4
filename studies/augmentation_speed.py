"""Images per second of training with and without colours and the losses of cameras, as a ratio.

Batches are prepared beside the step, as in a training, from the same drawn people, and one network
learns from all of them, in interleaved rounds of one process. Run it with `make bench`; it prints
and writes studies/results/augmentation_speed.json.
"""

import json
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from bireid_deploy.recipes import find_recipe, load_recipe

RESULT = Path(__file__).parent / "results" / "augmentation_speed.json"
ROUNDS = 10
STEPS_PER_ROUND = 12
IDENTITIES = 240

# Rows of the table: what the recipe of the drawn people without any of them gets.
_COLOR = ("augmentation.color.probability=0.8", "augmentation.color.grey=0.1")
_LOSSES = tuple(f"augmentation.degradation.{key}=0.2" for key in ("resolution", "blur", "jpeg"))
SETTINGS = {"none": (), "color": _COLOR, "degradation": _LOSSES, "all": (*_COLOR, *_LOSSES)}

# The 1-bit network of the zoo, whose step is the quickest that colours are meant for.
_RECIPE = "baseline_r18_half"


@click.command()
def main() -> None:
    """Time all settings and write the ratios."""
    from bireid_deploy.cli.native_output import quiet_native_output

    with tempfile.TemporaryDirectory() as folder, quiet_native_output():
        speed = _measure(Path(folder))
    record = {
        "recipe": _RECIPE,
        "images_per_second": speed,
        "ratios": {name: each / speed["none"] for name, each in speed.items()},
        "rounds": ROUNDS,
    }
    RESULT.write_text(json.dumps(record, indent=1) + "\n")
    click.echo(json.dumps(record, indent=1))


def _measure(folder: Path) -> dict[str, float]:
    """Images per second by setting, median of the rounds."""
    rounds = _trainings(folder)
    seconds: dict[str, list[float]] = {name: [] for name in rounds}
    images = 0
    for number in range(ROUNDS + 1):
        for name, train in rounds.items():
            began = time.perf_counter()
            images = train(number)
            # The first round compiles the step.
            if number > 0:
                seconds[name].append(time.perf_counter() - began)
    return {name: images / statistics.median(times) for name, times in seconds.items()}


def _trainings(folder: Path) -> dict[str, Callable[[int], int]]:
    """By setting, what trains for some steps and gives the number of images."""
    from bireid_models.network import build_network

    from bireid_deploy.data.synthetic import write_synthetic
    from bireid_deploy.tasks import TASKS
    from bireid_deploy.training.repeatability import make_repeatable
    from bireid_deploy.training.step import TrainingStep

    write_synthetic(folder / "people", identities=IDENTITIES, test_fraction=0.1)
    recipes = {name: load_recipe(find_recipe(_RECIPE), each) for name, each in SETTINGS.items()}
    plain = recipes["none"]
    task = TASKS[plain.task]
    make_repeatable(plain.seed)
    network = build_network(plain.network.config())
    data = task.load_training_data(plain, task.open_dataset(folder / "people"), None)
    step = TrainingStep(network, task.step(plain, network, data), [], plain)

    def training(recipe: Any) -> Callable[[int], int]:
        batches = task.batches(recipe, data)

        def train(number: int) -> int:
            images = 0
            for batch in batches.epoch(number):
                step(batch.images, batch.targets, 0, batch.origins)
                images += len(batch.images)
                if batch.index + 1 == STEPS_PER_ROUND:
                    break
            return images

        return train

    return {name: training(recipe) for name, recipe in recipes.items()}


if __name__ == "__main__":
    main()
