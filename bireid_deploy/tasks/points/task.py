"""Classification of point clouds: overall and mean class accuracy."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from bireid_runtime.clouds import CloudPreprocess
from bireid_runtime.errors import UnsupportedModelError
from bireid_runtime.inputs import InputSpec
from bireid_runtime.outputs import OutputSpec

from bireid_deploy.data.use import Use
from bireid_deploy.errors import DatasetError
from bireid_deploy.tasks.base import (
    Candidates,
    Deployment,
    Generator,
    Progress,
    Report,
    Run,
    TaskDefaults,
)
from bireid_deploy.tasks.points.card import CARD
from bireid_deploy.tasks.points.section import PointsSection, ShapesSection
from bireid_deploy.tasks.predictors import ItemPredictor
from bireid_deploy.tasks.supervised import LossSection, check_supervision
from bireid_deploy.training.methods.base import Term
from bireid_deploy.training.recipe import Recipe
from bireid_deploy.training.recipe_sections import Section

if TYPE_CHECKING:
    from bireid_deploy.data.clouds.dataset import CloudDataset
    from bireid_deploy.tasks.points.data import CloudBatches, CloudData
    from bireid_deploy.tasks.predictors import Predictor
    from bireid_deploy.tasks.supervised import ClassifierStep

_MIN_CLOUDS = 100
"""With fewer, a point of accuracy is less than a cloud."""


class Points(TaskDefaults):
    """The row of `TASKS`."""

    sections: ClassVar[dict[str, type[Section]]] = {"loss": LossSection, "points": PointsSection}
    terms = (Term("identity"), Term("accuracy", is_loss=False))
    scores: ClassVar[dict[str, str]] = {"overall": "overall", "mean_class": "mean class"}
    title = "classification of point clouds"
    card = CARD
    samples_source = "generated shapes"

    @property
    def generators(self) -> dict[str, Generator]:
        """Clouds of ten shapes."""
        return {"point_shapes": Generator(ShapesSection, "point_shapes", _write_shapes)}

    def check(self, recipe: Recipe) -> None:
        """There are no identities and no images."""
        loss, augmentation = recipe.section(LossSection), recipe.augmentation
        if recipe.batch.sampling != "shuffled" or loss.triplet_weight > 0:
            raise ValueError(
                "clouds have no identities: set batch.sampling='shuffled' and loss.triplet_weight=0"
            )
        if augmentation.flip or augmentation.pad or augmentation.erasing:
            raise ValueError(
                "clouds are changed by the table [points]: set augmentation.flip=0.0, "
                "augmentation.pad=0 and augmentation.erasing=0.0"
            )
        if recipe.network.input_width != 1:
            raise ValueError("a cloud is a column of points: set network.input_width=1")
        check_supervision(recipe, teaches=loss.identity_weight > 0)

    def inputs(self, recipe: Recipe) -> tuple[InputSpec, ...]:
        """One cloud."""
        return (InputSpec.points("points", self._preprocess(recipe)),)

    def open_dataset(
        self, root: Path, layout: str = "auto", recipe: Recipe | None = None, use: Use = "all"
    ) -> "CloudDataset":
        """List the clouds of a folder in ModelNet's layout; there is no other."""
        from bireid_deploy.data.clouds.dataset import open_cloud_dataset

        if layout != "auto":
            raise DatasetError(
                f"layout {layout!r}: data sets of clouds have one layout; leave out --layout"
            )
        return open_cloud_dataset(root, use)

    def describe(self, dataset: "CloudDataset") -> dict[str, Any]:
        """Classes, and clouds of both splits."""
        from bireid_deploy.data.clouds.dataset import labels_of

        return {
            "name": dataset.name,
            "train": {"classes": len(dataset.classes), "clouds": len(labels_of(dataset.train))},
            "test": {"clouds": len(labels_of(dataset.test))},
            "remarks": list(dataset.remarks),
        }

    def summary(self, description: Mapping[str, Any]) -> str:
        """Clouds to train, clouds to test."""
        train, test = description["train"], description["test"]["clouds"]
        classes = f"clouds of {train['classes']} classes"
        counts = f"{train['clouds']} {classes} to train"
        if not train["clouds"]:
            counts = f"{test} {classes} to test"
        elif test:
            counts += f", {test} to test"
        return "; ".join([counts, *description["remarks"]])

    def load_training_data(
        self, recipe: Recipe, dataset: "CloudDataset", on_progress: Progress | None = None
    ) -> "CloudData":
        """Read and prepare the training clouds; every class must keep one."""
        from bireid_deploy.tasks.points.data import load_cloud_data

        return load_cloud_data(dataset, self._preprocess(recipe), on_progress)

    def batches(self, recipe: Recipe, data: "CloudData") -> "CloudBatches":
        """Shuffled batches."""
        from bireid_deploy.data.sampling import ShuffledSampler
        from bireid_deploy.tasks.points.data import CloudBatches

        sampler = ShuffledSampler(len(data.labels), recipe.batch.images, recipe.seed)
        return CloudBatches(data, sampler, recipe.section(PointsSection), recipe.seed)

    def step(self, recipe: Recipe, network: Any, data: "CloudData") -> "ClassifierStep":
        """Cross-entropy over classes."""
        from bireid_deploy.tasks.points.step import classifier_step

        classes = len(data.description["classes"])
        return classifier_step(network, classes, recipe.section(LossSection))

    def deployment(self, run: Run) -> Deployment:
        """The network with its classifier, and the shift of its maximum folded away."""
        from bireid_models.folding import fold_max_shift

        from bireid_deploy.tasks.supervised_deployment import classes_of, classifier_model

        output = OutputSpec.logits("logits", classes_of(run))
        model = classifier_model(run, fold_max_shift(run.network), output)
        return Deployment(run.network.config, model, run.inputs, (output,))

    def samples(self, inputs: Sequence[InputSpec], count: int) -> Candidates:
        """Clouds of ten shapes; some have more points than the network takes, some fewer."""
        from bireid_deploy.tasks.points.samples import sample_clouds

        (taken,) = inputs
        assert taken.cloud is not None
        return {taken.name: sample_clouds(taken.cloud, count)}

    def evaluate(
        self,
        predictor: "Predictor",
        dataset: "CloudDataset",
        outputs: Sequence[OutputSpec],
        options: Mapping[str, Any],
        on_progress: Progress | None = None,
    ) -> Report:
        """Overall and mean class accuracy, and that of every class."""
        from bireid_deploy.tasks.points.evaluation import evaluate_clouds

        found = [output for output in outputs if output.kind == "logits"]
        if len(found) != 1 or not isinstance(predictor, ItemPredictor):
            raise UnsupportedModelError(
                f"clouds need a network with one output of logits; this one has {len(found)}"
            )
        return evaluate_clouds(predictor, found[0], dataset, on_progress)

    def comparable(self, scores: Mapping[str, Any]) -> dict[str, float]:
        """Overall accuracy, on 100 clouds or more."""
        return {"overall": scores["overall"]} if scores["clouds"] >= _MIN_CLOUDS else {}

    def _preprocess(self, recipe: Recipe) -> CloudPreprocess:
        return CloudPreprocess(recipe.network.input_height, recipe.section(PointsSection).up_axis)


def _write_shapes(section: ShapesSection, folder: Path, on_progress: Progress | None) -> None:
    from bireid_deploy.data.clouds.write_shapes import write_shapes

    write_shapes(
        folder, train=section.train, test=section.test, size=section.size, on_progress=on_progress
    )
