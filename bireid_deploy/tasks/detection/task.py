"""Detection: learn where things are, deploy a map of boxes, measure average precision."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from bireid_runtime.errors import UnsupportedModelError
from bireid_runtime.inputs import InputSpec
from bireid_runtime.outputs import OutputSpec
from bireid_runtime.preprocess import Preprocess

from bireid_deploy.data.use import Use
from bireid_deploy.tasks.base import (
    Candidates,
    Deployment,
    Generator,
    Progress,
    Report,
    Run,
    TaskDefaults,
)
from bireid_deploy.tasks.detection.card import CARD
from bireid_deploy.tasks.detection.section import DetectionSection, StreetSection
from bireid_deploy.training.methods.base import Term
from bireid_deploy.training.recipe import Recipe
from bireid_deploy.training.recipe_sections import Section

if TYPE_CHECKING:
    from bireid_deploy.data.annotated import AnnotatedDataset
    from bireid_deploy.tasks.detection.data import DetectionBatches, DetectionData
    from bireid_deploy.tasks.detection.step import DetectionStep
    from bireid_deploy.tasks.predictors import Predictor

_MIN_BOXES = 100
"""With fewer, a point of average precision is about a box."""


class Detection(TaskDefaults):
    """The row of `TASKS`."""

    sections: ClassVar[dict[str, type[Section]]] = {"detection": DetectionSection}
    terms = (Term("score"), Term("box"), Term("mean_iou", is_loss=False))
    scores: ClassVar[dict[str, str]] = {"ap": "AP", "ap_50": "AP50", "ap_75": "AP75"}
    title = "detection"
    card = CARD
    samples_source = "rendered streets, nobody's picture"

    @property
    def generators(self) -> dict[str, Generator]:
        """Rendered frames of a street."""
        return {"street": Generator(StreetSection, "street", _write_street)}

    def check(self, recipe: Recipe) -> None:
        """There are no identities, and images are changed together with their boxes."""
        options, network = recipe.section(DetectionSection), recipe.network
        if recipe.batch.sampling != "shuffled":
            raise ValueError("detection has no identities: set batch.sampling='shuffled'")
        if recipe.augmentation.pad or recipe.augmentation.erasing:
            raise ValueError(
                "detection changes images by its own table: set augmentation.pad=0 and "
                "augmentation.erasing=0.0"
            )
        if options.classes is not None and len(options.classes) != network.classes:
            raise ValueError(
                f"detection.classes names {len(options.classes)}: set "
                f"network.classes={len(options.classes)}"
            )

    def inputs(self, recipe: Recipe) -> tuple[InputSpec, ...]:
        """One image, fitted as the recipe says."""
        network, fit = recipe.network, recipe.section(DetectionSection).fit
        preprocess = Preprocess(network.input_height, network.input_width, fit=fit)
        return (InputSpec.image("image", preprocess),)

    def open_dataset(
        self, root: Path, layout: str = "auto", recipe: Recipe | None = None, use: Use = "all"
    ) -> "AnnotatedDataset":
        """List images and boxes of PASCAL VOC or COCO."""
        from bireid_deploy.data.annotated import open_annotated

        classes = None if recipe is None else recipe.section(DetectionSection).classes
        return open_annotated(root, layout, classes, use)

    def describe(self, dataset: "AnnotatedDataset") -> dict[str, Any]:
        """Images and boxes of both splits, and what was left out."""
        return {
            "name": dataset.name,
            "classes": len(dataset.classes),
            **{
                split: {
                    "images": len(images),
                    "boxes": int(sum((~image.ignored).sum() for image in images)),
                }
                for split, images in (("train", dataset.train), ("test", dataset.test))
            },
            "remarks": list(dataset.remarks),
        }

    def summary(self, description: Mapping[str, Any]) -> str:
        """Images and boxes to train, to test; what was left out."""
        train, test = description["train"], description["test"]
        classes = description["classes"]
        of = f"boxes of {classes} class{'' if classes == 1 else 'es'} in"
        counts = f"{train['boxes']} {of} {train['images']} images to train"
        if not train["images"]:
            counts = f"{test['boxes']} {of} {test['images']} images to test"
        elif test["images"]:
            counts += f", {test['boxes']} in {test['images']} to test"
        return "; ".join([counts, *description["remarks"]])

    def load_training_data(
        self, recipe: Recipe, dataset: "AnnotatedDataset", on_progress: Progress | None = None
    ) -> "DetectionData":
        """Decode the training images."""
        from bireid_deploy.tasks.detection.data import load_detection_data

        return load_detection_data(dataset, self._preprocess(recipe), on_progress)

    def batches(self, recipe: Recipe, data: "DetectionData") -> "DetectionBatches":
        """Shuffled batches."""
        from bireid_deploy.data.sampling import ShuffledSampler
        from bireid_deploy.tasks.detection.augmentation import BoxAugmentation
        from bireid_deploy.tasks.detection.data import DetectionBatches

        options = recipe.section(DetectionSection)
        return DetectionBatches(
            data,
            ShuffledSampler(len(data.pixels), recipe.batch.images, recipe.seed),
            BoxAugmentation(
                recipe.augmentation.flip,
                options.scale,
                options.shift,
                recipe.augmentation.color.jitter(),
                recipe.augmentation.degradation.losses(),
            ),
            self._preprocess(recipe),
            recipe.seed,
        )

    def step(self, recipe: Recipe, network: Any, data: "DetectionData") -> "DetectionStep":
        """Scores by quality focal loss, boxes by GIoU."""
        from bireid_deploy.tasks.detection.step import DetectionStep

        classes = len(data.description["classes"])
        return DetectionStep(network, classes, recipe.section(DetectionSection))

    def deployment(self, run: Run) -> Deployment:
        """The network as it is; what follows its map stands in the manifest."""
        from bireid_deploy.tasks.detection.deployment import deploy

        return deploy(run)

    def samples(self, inputs: Sequence[InputSpec], count: int) -> Candidates:
        """Rendered frames; every second one is larger than the network's input."""
        from bireid_deploy.tasks.detection.samples import sample_frames

        (image,) = inputs
        assert image.preprocess is not None
        return {image.name: sample_frames(image.preprocess, count)}

    def evaluate(
        self,
        predictor: "Predictor",
        dataset: "AnnotatedDataset",
        outputs: Sequence[OutputSpec],
        options: Mapping[str, Any],
        on_progress: Progress | None = None,
    ) -> Report:
        """Average precision of COCO and VOC, overall and by class."""
        from bireid_deploy.tasks.detection.evaluation import evaluate_boxes

        found = [output for output in outputs if output.kind == "boxes"]
        if len(found) != 1:
            raise UnsupportedModelError(
                f"detection needs one output of boxes; the network has {len(found)}"
            )
        return evaluate_boxes(predictor, found[0], dataset, on_progress)

    def comparable(self, scores: Mapping[str, Any]) -> dict[str, float]:
        """AP50, on 100 boxes or more."""
        return {"ap_50": scores["ap_50"]} if scores["boxes"] >= _MIN_BOXES else {}

    def _preprocess(self, recipe: Recipe) -> Preprocess:
        (image,) = self.inputs(recipe)
        assert image.preprocess is not None
        return image.preprocess


def _write_street(section: StreetSection, folder: Path, on_progress: Progress | None) -> None:
    from bireid_deploy.data.synthetic.write_street import write_street

    write_street(
        folder,
        train=section.train,
        test=section.test,
        size=(section.height, section.width),
        on_progress=on_progress,
    )
