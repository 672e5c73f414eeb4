"""`import` as a function."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bireid_converters.bundle import check_target
from bireid_converters.checkpoints import read_checkpoint
from bireid_converters.checkpoints.configs import read_settings
from bireid_converters.checkpoints.families import find_family
from bireid_converters.formats import REAL_FORMATS
from bireid_runtime import Bundle

from bireid_deploy.api.conversion import NOT_STATED, require_formats
from bireid_deploy.data.reference import Reference
from bireid_deploy.tasks import TASKS
from bireid_deploy.tasks.counts import count_data, say_data


@dataclass(frozen=True)
class ImportedBundle:
    """What `import` made.

    Attributes:
        bundle: The bundle, opened with all hashes verified.
        found: What was found in the checkpoint: `family`, `network`, `assumed`, `dropped`,
            `skipped`.
    """

    bundle: Bundle
    found: Mapping[str, Any]


def import_checkpoint(
    checkpoint: Path | str,
    out: Path | str,
    *,
    formats: Sequence[str] = REAL_FORMATS,
    family: str | None = None,
    size: tuple[int, int] | None = None,
    last_stride: int | None = None,
    preprocess: Mapping[str, Any] | None = None,
    config: Path | str | None = None,
    name: str | None = None,
    reference: Path | str | None = None,
    data: Any = None,
    layout: str = "auto",
    licences: Mapping[str, str] | None = None,
    on_data: Callable[[Sequence[str], Mapping[str, Any]], None] = lambda lines, counts: None,
    on_progress: Callable[[str], None] = lambda stage: None,
) -> ImportedBundle:
    """Turn a checkpoint of another project into a checked bundle. PyTorch is not needed.

    Args:
        checkpoint: File of PyTorch or safetensors, untrusted: nothing of it is run.
        out: Directory of the bundle; a bundle that lies there is replaced.
        formats: Files to write; of those that hold a real-valued network.
        family: Its kind, a name of `bireid_converters.checkpoints.families.FAMILIES`; None to find
            out.
        size: Height and width of its images in pixels; None for the family's.
        last_stride: Of a ResNet's last stage; None for the family's.
        preprocess: Fields of `bireid_runtime.preprocess.Preprocess` besides the size that are other
            than the family's, such as `{"resize": "bicubic"}`.
        config: The framework's own configuration, YAML, which says what the checkpoint cannot;
            `size`, `last_stride` and `preprocess` count more.
        name: Name of the network; None takes that of the file.
        reference: `.npz` of images and features that the user's own code computed, which the
            network must give to a cosine of 0.9999.
        data: Folder of a test set to measure all engines on, or an opened one.
        layout: Layout of that folder.
        licences: `weights` and `training_data`; what is left out is "not stated".
        on_data: Called with what the data set holds and what was left out, in words and as counts.
        on_progress: Told what is being done.

    Raises:
        MissingPackageError: The extra `train` is not installed.
        CheckpointError: The file is damaged, hostile or no checkpoint, or so is `config`; or that
            contradicts it.
        UnsupportedModelError: Of no architecture that is known, or with layers that are not built.
        ParityError: A file, or the reference, differs; nothing is written.
        ConversionError: An unknown format, or the target is no bundle.
        DatasetError: `data` is no data set of people, or holds a broken image; or the reference is
            of no use.
    """
    require_formats(formats)
    check_target(out)
    path = Path(checkpoint)
    told = None if config is None else read_settings(config)
    # Its kind and all that is read beside it, before TensorFlow is loaded.
    with read_checkpoint(path) as opened:
        kind = find_family(list(opened.tensors), family)
        task = TASKS[kind.task]
        if isinstance(data, Path | str):
            data = task.open_dataset(Path(data), layout, use="test")
        if data is not None:
            on_data(say_data(task, data), count_data(task, data))
        held_to = None if reference is None else Reference.load(Path(reference))
        from bireid_converters.rebuild import ImportSettings, rebuild
        from bireid_models.framework import keras

        from bireid_deploy.comparison.file_trial import measure_file, try_file
        from bireid_deploy.conversion.import_checkpoint import describe, import_network

        on_progress("reading the checkpoint")
        # Names of layers, which are in the files, begin anew.
        keras.backend.clear_session()
        settings = ImportSettings(family, size, last_stride, preprocess or {}, told)
        read = rebuild(opened, kind, settings)
    bundle = import_network(
        path,
        Path(out),
        read,
        formats,
        trial=try_file,
        measure_file=measure_file,
        name=name or path.stem,
        licences={"weights": NOT_STATED, "training_data": NOT_STATED, **(licences or {})},
        reference=held_to,
        dataset=data,
        on_progress=on_progress,
    )
    return ImportedBundle(bundle, describe(read))
