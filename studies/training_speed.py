"""Images per second of the plain cross-entropy step and of the full BiRe-ID step, as a ratio.

Both steps train the same network on the same batch in one process, in interleaved rounds. Run it
with `make bench`; it prints and writes studies/results/training_speed.json.
"""

import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import numpy as np

from bireid_deploy.recipes import parse_recipe
from bireid_deploy.training.recipe import Recipe

RESULT = Path(__file__).parent / "results" / "training_speed.json"
ROUNDS = 8
STEPS_PER_ROUND = 3
IDENTITIES = 500

# Width, input height, batch: the demo's network, and the paper's at its usual input.
NETWORKS = ((0.5, 128, 64), (1.0, 256, 32))


@click.command()
def main() -> None:
    """Time both steps on each network and write the ratios."""
    records = [_measure(*network) for network in NETWORKS]
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(records, indent=1) + "\n")
    click.echo(json.dumps(records, indent=1))


def _measure(width: float, height: int, batch: int) -> dict[str, Any]:
    from bireid_deploy.cli.native_output import quiet_native_output

    with quiet_native_output():
        steps = {name: _compiled(name, width, height, batch) for name in ("plain", "bireid")}
    seconds: dict[str, list[float]] = {name: [] for name in steps}
    for _ in range(ROUNDS):
        for name, run in steps.items():
            began = time.perf_counter()
            for _ in range(STEPS_PER_ROUND):
                run()
            seconds[name].append((time.perf_counter() - began) / STEPS_PER_ROUND)
    speed = {name: batch / statistics.median(times) for name, times in seconds.items()}
    return {
        "network": {"width": width, "input": [height, height // 2], "batch": batch},
        "images_per_second": speed,
        "ratio": speed["bireid"] / speed["plain"],
        "rounds": ROUNDS,
    }


def _recipe(name: str, width: float, height: int, batch: int) -> Recipe:
    full = name == "bireid"
    document = {
        "name": name,
        "network": {"width": width, "input_height": height, "input_width": height // 2},
        "batch": {"identities": batch // 4, "images_per_identity": 4},
        "loss": {"triplet_weight": 1.0 if full else 0.0},
        "kernel_refining": {"enabled": full},
        "feature_refining": {"enabled": full},
    }
    return parse_recipe(document, source="benchmark")


def _compiled(name: str, width: float, height: int, batch: int) -> Callable[[], object]:
    """A function that runs one compiled and warmed-up training step."""
    from bireid_models.network import build_network

    from bireid_deploy.tasks import TASKS
    from bireid_deploy.tasks.supervised import LabelledImages
    from bireid_deploy.training.methods import enabled_methods
    from bireid_deploy.training.methods.base import MethodContext
    from bireid_deploy.training.repeatability import make_repeatable
    from bireid_deploy.training.step import TrainingStep

    recipe = _recipe(name, width, height, batch)
    make_repeatable(recipe.seed)
    network = build_network(recipe.network.config())
    people = LabelledImages(np.empty((IDENTITIES, 0), np.uint8), np.arange(IDENTITIES), {})
    context = MethodContext(recipe, network, people.description)
    methods = [method.build(context) for method in enabled_methods(recipe)]
    task = TASKS[recipe.task].step(recipe, network, people)
    step = TrainingStep(network, task, methods, recipe)
    step.optimizers.set_factor(0.0)
    images = np.random.default_rng(0).normal(size=(batch, height, height // 2, 3))
    labels = np.repeat(np.arange(batch // 4), 4).astype(np.int32)
    arguments = images.astype(np.float32), labels, 0
    step(*arguments)
    return lambda: step(*arguments)


if __name__ == "__main__":
    main()
