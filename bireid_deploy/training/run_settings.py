"""How a run was started, beside its recipe: what `--resume` takes up again."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from bireid_runtime.files import atomic_file, read_text

from bireid_deploy.errors import TrainingError
from bireid_deploy.training.run_directory import RunDirectory

_FILE = "settings.json"


@dataclass(frozen=True)
class RunSettings:
    """The arguments of a training; paths are absolute.

    Attributes:
        data: Folder of the data set; None of one that was opened already.
        layout: Its layout.
        teacher: Run to learn from, or None.
    """

    data: str | None
    layout: str
    teacher: str | None

    @classmethod
    def of(cls, data: Path | str | None, layout: str, teacher: Path | str | None) -> "RunSettings":
        """With paths made absolute: a run may be continued from anywhere."""
        return cls(_absolute(data), layout, _absolute(teacher))

    def write(self, run: RunDirectory) -> None:
        """Keep them in the run directory, which is made."""
        run.path.mkdir(parents=True, exist_ok=True)
        with atomic_file(run.path / _FILE) as file:
            file.write(json.dumps(asdict(self), indent=1).encode() + b"\n")

    @classmethod
    def read(cls, run: RunDirectory) -> "RunSettings":
        """What `write` kept; nothing is known of a run of an older version.

        Raises:
            TrainingError: The file is damaged.
        """
        path = run.path / _FILE
        try:
            values = json.loads(read_text(path))
        except FileNotFoundError:
            return cls(None, "auto", None)
        except (OSError, ValueError, RecursionError) as error:
            raise TrainingError(f"{path}: damaged: {error}") from error
        kinds = {"data": (str, type(None)), "layout": (str,), "teacher": (str, type(None))}
        if not isinstance(values, dict) or values.keys() != kinds.keys():
            raise TrainingError(f"{path}: damaged: it must hold {', '.join(kinds)}")
        for name, kind in kinds.items():
            if not isinstance(values[name], kind):
                raise TrainingError(f"{path}: damaged: {name} is no text")
        return cls(**values)


def _absolute(path: Path | str | None) -> str | None:
    return None if path is None else str(Path(path).absolute())
