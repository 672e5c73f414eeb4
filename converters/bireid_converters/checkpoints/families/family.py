"""What is known of a kind of checkpoint."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any

from bireid_models.imported import Weights
from bireid_runtime.preprocess import Preprocess

Mark = str | tuple[str, ...]
Options = Callable[[Collection[str]], dict[str, Any]]
Colours = Callable[[Weights], dict[str, tuple[float, ...]]]

RE_IDENTIFICATION = "reid"
"""What these projects are for."""

TRAINED_ON_256 = Preprocess(256, 128)
CLASSIFIER = ("classifier.*",)
CLASSIFIER_MATRIX = ("classifier.weight",)


@dataclass(frozen=True)
class Family:
    """One kind of checkpoint.

    Attributes:
        name: What a person types after `--arch`.
        help: One line on it.
        marks: Keys that all its checkpoints have; several in one place where versions of a project
            have named it otherwise.
        strangers: Beginnings of keys that mean a variant which is not built.
        architecture: Builder, `module:function`.
        options: What the builder is told, given the keys.
        dropped: Patterns of keys that only training needs.
        classifier: Keys of the matrix that made logits of the features in training, a bias of the
            same name beside it or not; the first that a checkpoint has counts. Empty if its logits
            were no linear function of them.
        preprocess: What it was trained with.
        assumed: What the weights do not say, as a sentence for the user.
        colours: Mean and deviation of its images, on the scale 0 to 1, if a checkpoint has them.
        task: What its networks are for.
    """

    name: str
    help: str
    marks: tuple[Mark, ...]
    architecture: str
    preprocess: Preprocess
    assumed: str
    dropped: tuple[str, ...] = ()
    classifier: tuple[str, ...] = ()
    strangers: tuple[str, ...] = ()
    options: Options = field(default=lambda keys: {})
    task: str = RE_IDENTIFICATION
    colours: Colours = field(default=lambda weights: {})

    def fits(self, keys: Collection[str]) -> bool:
        """Whether a checkpoint with these keys is of this kind."""
        return not self.missing(keys)

    def missing(self, keys: Collection[str]) -> list[str]:
        """Marks that are not among these keys, each by its newest name."""
        names = [(mark,) if isinstance(mark, str) else mark for mark in self.marks]
        return [each[0] for each in names if not any(name in keys for name in each)]

    def foreign(self, keys: Collection[str]) -> str | None:
        """A key that says that it is a variant which is not built, or None."""
        return next((key for key in keys if key.startswith(self.strangers)), None)
