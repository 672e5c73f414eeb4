"""The parts of docs/results.md about experiments, from the records in studies/results."""

from typing import Any

from experiment_figures import figures_of
from experiment_records import Experiment
from markdown_table import markdown_table

from bireid_deploy.experiments.kinds import task_of
from bireid_deploy.experiments.summary import percent
from bireid_deploy.tasks import TASKS

_OLD_INT8 = (
    "In the int8 row the mean and the last batch normalisation are in 8 bits as well, which the "
    "exporter has left in float since."
)

# Heading of every experiment on the page, and what a reader must know beside the numbers.
EXPERIMENTS = {
    "ablation": (
        "Methods on synthetic people",
        "Rendered pedestrians: the numbers compare methods, and say nothing about real people. "
        f"{_OLD_INT8}",
    ),
    "binary_weights": (
        "1-bit kernels on real-valued activations",
        "Rendered pedestrians, as above; for accelerators that multiply 8-bit activations "
        "([chips.md](chips.md)). The int8 rows were quantised after training, without data of the "
        "test.",
    ),
    "full_width": (
        "The best recipe and its real-valued twin at full width",
        "Rendered pedestrians, as above.",
    ),
    "half_width": (
        "The best recipe and its real-valued twin at half width",
        "Rendered pedestrians, as above; the bundle in models/zoo was trained so until it learned "
        "colours.",
    ),
    "zoo": (
        "The bundle in models/zoo and its teacher",
        "Rendered pedestrians under six cameras.",
    ),
    "zoo@pku-training-half": (
        "The bundle in models/zoo on real people",
        "The training half of PKU-Reid, 37 real people under two cameras, 74 queries, nothing of "
        "it trained on. What is adapted has seen the same crops without their labels.",
    ),
    "zoo_detection": (
        "The detector in models/zoo beside its real-valued counterpart",
        "Persons in rendered streets: they say nothing about real ones. `models/zoo` has the row "
        "of one stage.",
    ),
    "zoo_tracking": (
        "The tracker in models/zoo and its teacher",
        "Rendered sequences of people: they say nothing about real ones.",
    ),
    "zoo_points": (
        "The classifier of point clouds in models/zoo and its teacher",
        "Ten rendered shapes, which are easy to tell apart.",
    ),
    "ablation_shapes": (
        "Methods on point clouds",
        "Ten rendered shapes. The runs are short, and equal but for the second of two stages, "
        "which comes on top of the first.",
    ),
    "ablation_pku": (
        "Methods on PKU-Reid, real people",
        "A subset of 74 people, two cameras, our own split (not a published protocol). Every run "
        "starts from the run of the same method and seed on synthetic people. "
        f"{_OLD_INT8}",
    ),
    "ablation_cifar": (
        "Methods on CIFAR-10",
        "Plain classification of 32x32 images, re-encoded as JPEG.",
    ),
    "sweeps": (
        "Weights of the kernel MSE and of the feature MSE",
        "The searches of Fig. 6.2 of the BNN book, on synthetic people: lambda on the baseline "
        "with KR-GAL, mu on the baseline with FR-GAL. The values in that figure are not readable, "
        "so there is nothing to set beside.",
    ),
}

# Rank-1 and mAP of Table 6.1, p. 157 of the BNN book, by the name of the run.
PAPER = {
    "xnor": (63.8, 40.1),
    "baseline": (74.9, 54.0),
    "kernel-refining": (80.0, 61.1),
    "feature-refining": (78.5, 58.1),
    "bireid": (84.1, 64.0),
}
_BESIDE_THE_PAPER = ("ablation", "ablation_pku")
_REFERENCE = "baseline"


def experiment(measured: Experiment) -> str:
    """Heading, sizes, table and figures of one experiment."""
    title, note = EXPERIMENTS[measured.name]
    parts = [f"## {title}\n\n{_sizes(measured)} {note}\n", _table(measured)]
    parts += [f"![{text}](figures/{name})\n" for name, text in figures_of(measured).items()]
    return "\n".join(parts)


def _sizes(measured: Experiment) -> str:
    first = measured.records[0]
    data, recipe = first["data"], first["recipe"]
    split = TASKS[task_of(data["kind"])].summary(data)
    network = recipe["network"]
    lengths = _lengths(measured)
    epochs = f"{lengths.pop()} epochs" if len(lengths) == 1 else "epochs as in the table"
    scatter = (
        "Mean over seeds ± half of the 95 % confidence interval (Student's t), in percent; "
        "differences are taken seed by seed."
        if measured.repeated
        else "One seed."
    )
    if measured.elsewhere:
        return f"The runs of `bireid-deploy experiment {measured.grid}`. {scatter}"
    return (
        f"{split}. {_backbone(network)}, {network['input_height']}x{network['input_width']}, width "
        f"{network['width']}, {epochs}. {scatter} `bireid-deploy experiment {measured.grid}` "
        "repeats it."
    )


def _backbone(network: dict[str, Any]) -> str:
    name: str = network["backbone"]
    return {"resnet18": "ResNet-18"}.get(name, f"`{name}`")


def _lengths(measured: Experiment) -> set[int]:
    return {record["epochs"] for record in measured.records}


def _table(measured: Experiment) -> str:
    epochs = len(_lengths(measured)) > 1
    columns = ["model", *(["epochs"] if epochs else []), "seeds", *measured.scores.values()]
    main, heading = next(iter(measured.scores.items()))
    against = bool(measured.of(_REFERENCE))
    if against:
        columns.append(f"{heading} against the baseline's")
    beside_the_paper = measured.name in _BESIDE_THE_PAPER
    if beside_the_paper:
        columns += ["paper's mAP, Market-1501", "paper's rank-1, Market-1501"]
    rows = []
    for summary in measured.summaries:
        row = [summary.label]
        row += [str(measured.of(summary.run)[0]["epochs"])] if epochs else []
        row += [str(len(summary.seeds))]
        row += [percent(summary.scores[name]) for name in measured.scores]
        if against:
            gain = measured.gain(summary.run, _REFERENCE, main)
            row.append("-" if gain is None else percent(gain, signed=True))
        if beside_the_paper:
            rank_1, mean_average_precision = PAPER.get(summary.run, ("-", "-"))
            row += [str(mean_average_precision), str(rank_1)]
        rows.append(row)
    return markdown_table(columns, rows)
