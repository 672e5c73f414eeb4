"""`import` of an ONNX file as a function."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from bireid_converters.bundle import check_target

from bireid_deploy.api.conversion import NOT_STATED
from bireid_deploy.api.importing import ImportedBundle
from bireid_deploy.data.reference import Reference
from bireid_deploy.extras import require
from bireid_deploy.tasks import TASKS
from bireid_deploy.tasks.counts import count_data, say_data


def import_onnx(
    path: Path | str,
    out: Path | str,
    *,
    size: tuple[int, int] | None = None,
    preprocess: Mapping[str, Any] | None = None,
    output: str | None = None,
    name: str | None = None,
    reference: Path | str | None = None,
    data: Any = None,
    layout: str = "auto",
    licences: Mapping[str, str] | None = None,
    on_data: Callable[[Sequence[str], Mapping[str, Any]], None] = lambda lines, counts: None,
    on_progress: Callable[[str], None] = lambda stage: None,
) -> ImportedBundle:
    """Turn an ONNX file whose output is an embedding into a bundle for ONNX Runtime.

    The graph stays as it is; it is run only if it is made of operators whose work follows from its
    sizes (`bireid_runtime.onnx_operators`).

    Args:
        path: The file, untrusted.
        out: Directory of the bundle; a bundle that lies there is replaced.
        size: Height and width of its images in pixels; None for those that it declares.
        preprocess: Fields of `bireid_runtime.preprocess.Preprocess` besides the size; what is left
            out is bilinear, ImageNet's mean and deviation.
        output: Name of its embedding; None if there is one output alone.
        name: Name of the network; None takes that of the file.
        reference: `.npz` of images and features that the user's own code computed.
        data: Folder of a test set to measure it on, or an opened one.
        layout: Layout of that folder.
        licences: `weights` and `training_data`; what is left out is "not stated".
        on_data: Called with what the data set holds and what was left out.
        on_progress: Told what is being done.

    Returns:
        The bundle and what was found in the file.

    Raises:
        MissingPackageError: The extra `train` is not installed.
        UnsupportedModelError: It is no network that takes one image and gives one embedding, or
            ONNX Runtime refuses it.
        ParityError: It differs from the reference; nothing is written.
        ConversionError: The target is no bundle.
        DatasetError: `data` is no data set of people, or the reference is of no use.
    """
    require("train")
    check_target(out)
    from bireid_deploy.conversion import import_onnx as importing
    from bireid_deploy.conversion.measure import measure_engines

    task = TASKS[importing.TASK]
    if isinstance(data, Path | str):
        data = task.open_dataset(Path(data), layout, use="test")
    if data is not None:
        on_data(say_data(task, data), count_data(task, data))
    source = Path(path)
    bundle = importing.import_onnx(
        source,
        Path(out),
        name=name or source.stem,
        licences={"weights": NOT_STATED, "training_data": NOT_STATED, **(licences or {})},
        size=size,
        preprocess=preprocess or {},
        output=output,
        reference=None if reference is None else Reference.load(Path(reference)),
        measure=None if data is None else lambda bundle: measure_engines(bundle, data),
        on_progress=on_progress,
    )
    return ImportedBundle(bundle, importing.describe(bundle))
