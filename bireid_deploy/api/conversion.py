"""`convert` and `verify` as functions."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bireid_converters.bundle import check_target
from bireid_converters.formats import FORMATS, configurations_of, find_format
from bireid_runtime import Bundle

from bireid_deploy.extras import require
from bireid_deploy.models_at_hand import task_of_bundle
from bireid_deploy.tasks import TASKS
from bireid_deploy.tasks.counts import count_data, say_data
from bireid_deploy.trained_run import Checkpoint, open_run, read_recipe
from bireid_deploy.training.run_directory import RunDirectory

if TYPE_CHECKING:
    from bireid_deploy.conversion import Check

DEFAULT_FORMATS = tuple(entry.name for entry in FORMATS if entry.default)
NOT_STATED = "not stated"


@dataclass(frozen=True)
class Verification:
    """What `verify` found.

    Attributes:
        checks: One per thing that was checked, in the order of their running.
        layers: With `explain`, every layer of every file against the trained one.
        counts: What the data set holds, and how much was left out by reason; None without one.
    """

    checks: tuple["Check", ...]
    layers: tuple[dict[str, Any], ...]
    counts: Mapping[str, Any] | None = None

    @property
    def failed(self) -> tuple["Check", ...]:
        """The checks that did not hold."""
        return tuple(check for check in self.checks if check.passed is False)

    def to_json(self) -> dict[str, Any]:
        """JSON-serialisable."""
        return {
            "passed": not self.failed,
            "checks": [asdict(check) for check in self.checks],
            "layers": list(self.layers),
            **({} if self.counts is None else {"data_set": dict(self.counts)}),
        }


def require_formats(formats: Sequence[str]) -> None:
    """See that the formats exist, and that the packages are there that write them.

    Raises:
        ConversionError: An unknown format.
        MissingPackageError: An extra is not installed.
    """
    extras = [find_format(name).extra for name in formats]
    for extra in ("train", *extras):
        if extra is not None:
            require(extra)


def convert(
    run: Path | str,
    out: Path | str,
    *,
    formats: Sequence[str] = DEFAULT_FORMATS,
    name: str | None = None,
    real: Path | str | None = None,
    checkpoint: Checkpoint = "last",
    data: Any = None,
    layout: str = "auto",
    licences: Mapping[str, str] | None = None,
    configuration: str | None = None,
    verify: bool = True,
    on_data: Callable[[Sequence[str], Mapping[str, Any]], None] = lambda lines, counts: None,
    on_progress: Callable[[str], None] = lambda stage: None,
) -> Bundle:
    """Convert a training run into a bundle, and refuse one that computes something else.

    Args:
        run: Run directory.
        out: Directory of the bundle; a bundle that lies there is replaced.
        formats: Files to write; names of `bireid_converters.formats.FORMATS`.
        name: Name of the network; None takes the recipe's.
        real: Run of the real-valued counterpart, for the formats that hold it.
        checkpoint: `last`, or `best`: of the run, the one that its validation kept.
        data: Folder of a test set on which every engine must score as Keras does, or a data set
            that the run's task has opened.
        layout: Layout of that folder.
        licences: `weights` and `training_data`; what is left out is "not stated".
        configuration: Of the formats that have several, such as the size of an accelerator; None
            takes the first one.
        verify: Whether to run the parity gate.
        on_data: Called with what the data set holds and what was left out, in words and as counts.
        on_progress: Told what is being done.

    Returns:
        The bundle, opened with all hashes verified.

    Raises:
        MissingPackageError: The extra `train`, or that of a format, is not installed.
        ParityError: A file computes something else; nothing is written.
        ConversionError: An unknown format or configuration, or the target is no bundle.
        UnsupportedModelError: The network, or a layer of it, does not exist in a format.
        TrainingError: Not a run, or its checkpoint is damaged.
        DatasetError: `data` is no data set of the run's task, or holds a broken image.
    """
    require_formats(formats)
    configurations_of([find_format(each) for each in formats], configuration)
    check_target(out)
    task = TASKS[read_recipe(RunDirectory(Path(run))).task]
    if isinstance(data, Path | str):
        data = task.open_dataset(Path(data), layout, use="test")
    if data is not None:
        on_data(say_data(task, data), count_data(task, data))
    from bireid_deploy.conversion import convert_run

    trained = open_run(Path(run), checkpoint)
    return convert_run(
        trained,
        Path(out),
        formats,
        name=name or trained.recipe.name,
        real_run=None if real is None else open_run(Path(real)),
        dataset=data,
        licences={"weights": NOT_STATED, "training_data": NOT_STATED, **(licences or {})},
        configuration=configuration,
        verify=verify,
        on_progress=on_progress,
    )


def verify(
    bundle: Path | str,
    *,
    run: Path | str | None = None,
    data: Path | str | None = None,
    layout: str = "auto",
    explain: bool = False,
    on_remark: Callable[[str], None] = lambda line: None,
) -> Verification:
    """Check a bundle: hashes, golden inputs on every engine, engines against each other.

    An engine that is not installed is skipped, and says so.

    Args:
        bundle: Bundle.
        run: The run that it came from: the parity gate is run again.
        data: Folder of a test set on which all engines must score alike.
        layout: Layout of that folder.
        explain: With `run`, compare every layer.
        on_remark: Called line by line with what the data set holds and what was left out.

    Returns:
        Every check, in the order of their running; a failed one is no exception.

    Raises:
        MissingPackageError: The extra `train` is not installed.
        BundleError, IntegrityError: The bundle is not what its manifest says.
        UnsupportedModelError: A task or a file that this version does not know.
        TrainingError: `run` is no run.
        DatasetError: `data` is no data set of the bundle's task.
    """
    opened = Bundle.open(bundle)
    task = task_of_bundle(opened)
    dataset = None if data is None else task.open_dataset(Path(data), layout, use="test")
    if dataset is not None:
        for line in say_data(task, dataset):
            on_remark(line)
    require("train")
    from bireid_deploy import conversion

    checks = conversion.verify_bundle(Path(bundle))
    layers: list[dict[str, Any]] = []
    trained = None
    if run is not None:
        trained = open_run(Path(run))
        against, layers = conversion.verify_against_run(Path(bundle), trained, explain)
        checks += against
    if dataset is not None:
        checks.append(conversion.verify_scores(Path(bundle), trained, dataset))
    counts = None if dataset is None else count_data(task, dataset)
    return Verification(tuple(checks), tuple(layers), counts)
