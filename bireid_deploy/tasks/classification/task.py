"""Image classification: learn plain classes, deploy logits, measure top-1 and top-5."""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from bireid_runtime.errors import UnsupportedModelError
from bireid_runtime.outputs import OutputSpec

from bireid_deploy.data.use import Use
from bireid_deploy.errors import DatasetError
from bireid_deploy.tasks.base import Deployment, Progress, Report, Run, TaskDefaults
from bireid_deploy.tasks.classification.card import CARD
from bireid_deploy.tasks.classification.section import ClassificationSection
from bireid_deploy.tasks.supervised import (
    LabelledImages,
    LossSection,
    check_supervision,
    image_batches,
)
from bireid_deploy.training.methods.base import Term
from bireid_deploy.training.recipe import Recipe
from bireid_deploy.training.recipe_sections import Section

if TYPE_CHECKING:
    from bireid_deploy.data.class_folders import ClassificationDataset
    from bireid_deploy.tasks.predictors import Predictor
    from bireid_deploy.tasks.supervised import ClassifierStep
    from bireid_deploy.training.batches import ImageBatches

_MIN_IMAGES = 100
"""With fewer, a point of accuracy is less than an image."""


class Classification(TaskDefaults):
    """The row of `TASKS`."""

    sections: ClassVar[dict[str, type[Section]]] = {
        "loss": LossSection,
        "classification": ClassificationSection,
    }
    terms = (Term("identity"), Term("accuracy", is_loss=False))
    scores: ClassVar[dict[str, str]] = {"top_1": "top-1", "top_5": "top-5"}
    moved_keys: ClassVar[dict[str, tuple[str, str]]] = {
        "images_per_class": ("classification", "images_per_class")
    }
    title = "image classification"
    card = CARD

    def check(self, recipe: Recipe) -> None:
        """There are no identities to sample or to pull together."""
        loss = recipe.section(LossSection)
        if recipe.batch.sampling != "shuffled" or loss.triplet_weight > 0:
            raise ValueError(
                "classification has no identities: set batch.sampling='shuffled' and "
                "loss.triplet_weight=0"
            )
        check_supervision(recipe, teaches=loss.identity_weight > 0)

    def open_dataset(
        self, root: Path, layout: str = "auto", recipe: Recipe | None = None, use: Use = "all"
    ) -> "ClassificationDataset":
        """List the images of `<split>/<class>/*` or of archives of that; one layout."""
        from bireid_deploy.data.class_folders import SPLITS, Split, open_classification_dataset

        if layout != "auto":
            raise DatasetError(
                f"layout {layout!r}: data sets of classes have one layout; leave out --layout"
            )
        per_class = (
            None if recipe is None else recipe.section(ClassificationSection).images_per_class
        )
        splits: Sequence[Split] = SPLITS if use == "all" else (use,)
        return open_classification_dataset(root, per_class, splits)

    def describe(self, dataset: "ClassificationDataset") -> dict[str, Any]:
        """Classes, and images of both splits."""
        return {
            "name": dataset.name,
            "train": {"classes": len(dataset.classes), "images": len(dataset.train)},
            "test": {"images": len(dataset.test)},
        }

    def summary(self, description: Mapping[str, Any]) -> str:
        """Images to train, with `images_per_class` how many of each; images to test."""
        train, test = description["train"], description["test"]["images"]
        classes = f"images of {train['classes']} classes"
        if not train["images"]:
            return f"{test} {classes} to test"
        tested = f", {test} to test" if test else ""
        per_class = train.get("images_per_class")
        if per_class is None:
            return f"{train['images']} {classes} to train{tested}"
        return f"{train['images']} {classes}, up to {per_class} of each to train{tested}"

    def load_training_data(
        self, recipe: Recipe, dataset: "ClassificationDataset", on_progress: Progress | None = None
    ) -> LabelledImages:
        """Decode the training images; every class must keep one.

        Raises:
            DatasetError: A class has no image that can be decoded.
        """
        from bireid_deploy.data.class_folders import read_image
        from bireid_deploy.data.images import decode_images

        network = recipe.network
        decoded = decode_images(
            [(image.path, partial(read_image, image)) for image in dataset.train],
            network.input_height,
            network.input_width,
            on_progress,
        )
        labels = np.array([dataset.train[each].label for each in decoded.positions], np.int64)
        readable = set(labels.tolist())
        for label, name in enumerate(dataset.classes):
            if label not in readable:
                raise DatasetError(
                    f"{dataset.root}: none of the training images of class {name!r} can be "
                    "decoded; restore them or remove the class"
                )
        return LabelledImages(
            decoded.pixels,
            labels,
            {
                "name": dataset.name,
                "classes": list(dataset.classes),
                "images": len(labels),
                "skipped": len(decoded.skipped),
            },
            decoded.skipped,
        )

    def batches(self, recipe: Recipe, data: LabelledImages) -> "ImageBatches":
        """Shuffled batches."""
        return image_batches(recipe, data)

    def step(self, recipe: Recipe, network: Any, data: LabelledImages) -> "ClassifierStep":
        """Cross-entropy over classes."""
        from bireid_deploy.tasks.supervised import ClassifierStep

        return ClassifierStep(network, data.classes, recipe.section(LossSection))

    def deployment(self, run: Run) -> Deployment:
        """The network with its classifier behind the neck: logits by class."""
        from bireid_deploy.tasks.supervised_deployment import classes_of, classifier_model

        classes = classes_of(run)
        output = OutputSpec.logits("logits", classes)
        model = classifier_model(run, run.network, output)
        return Deployment(run.network.config, model, run.inputs, (output,))

    def evaluate(
        self,
        predictor: "Predictor",
        dataset: "ClassificationDataset",
        outputs: Sequence[OutputSpec],
        options: Mapping[str, Any],
        on_progress: Progress | None = None,
    ) -> Report:
        """Top-1 and top-5 accuracy, overall and by class."""
        from bireid_deploy.tasks.classification.evaluation import evaluate_logits

        found = [output for output in outputs if output.kind == "logits"]
        if len(found) != 1:
            raise UnsupportedModelError(
                f"classification needs one output of logits; the network has {len(found)}"
            )
        return evaluate_logits(predictor, found[0], dataset, on_progress)

    def comparable(self, scores: Mapping[str, Any]) -> dict[str, float]:
        """Top-1 accuracy, on 100 images or more."""
        return {"top_1": scores["top_1"]} if scores["images"] >= _MIN_IMAGES else {}
