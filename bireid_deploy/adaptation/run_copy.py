"""A run with other batch-normalisation statistics, and all else as it was."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from bireid_runtime.files import atomic_file
from bireid_runtime.npz import write_npz

from bireid_deploy.training.checkpoint import DEPLOYED, array_names, read_arrays
from bireid_deploy.training.run_directory import RunDirectory

KEY = "adaptation"
"""In the record of a run: what was changed after its training, in order."""


def copy_run(
    source: RunDirectory,
    target: RunDirectory,
    statistics: Mapping[str, np.ndarray],
    note: Mapping[str, Any],
) -> None:
    """Write a run that differs in some variables of its network.

    Args:
        source: The run.
        target: A new one.
        statistics: Values by the names of their variables.
        note: What was done, JSON types; added to what the record says already.

    Raises:
        TrainingError: The source is damaged or of another network, or the target exists already.
    """
    record = source.read_record()
    present = array_names(source.checkpoint)
    # What was estimated is the deployed network, which may have values of its own.
    changed = {
        f"{DEPLOYED if DEPLOYED + name in present else 'network/'}{name}": values
        for name, values in statistics.items()
    }
    read_arrays(source.checkpoint, list(changed))
    arrays = read_arrays(source.checkpoint, sorted(present))
    target.create()
    with atomic_file(target.checkpoint) as file:
        write_npz(file, arrays | changed)
    record.pop("schema_version")
    target.write_record({**record, KEY: [*record.get(KEY, []), dict(note)]})
