"""Tracking: learn to find a target again, deploy a map, measure success, precision and overlap."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from bireid_runtime.errors import UnsupportedModelError
from bireid_runtime.inputs import InputSpec
from bireid_runtime.outputs import OutputSpec
from bireid_runtime.preprocess import Preprocess

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
from bireid_deploy.tasks.tracking.card import CARD
from bireid_deploy.tasks.tracking.section import TrackingSection, WalksSection
from bireid_deploy.training.methods.base import Term
from bireid_deploy.training.recipe import Recipe
from bireid_deploy.training.recipe_sections import Section

if TYPE_CHECKING:
    from bireid_deploy.data.sequences import SequenceDataset
    from bireid_deploy.tasks.predictors import Predictor
    from bireid_deploy.tasks.tracking.batches import PairBatches
    from bireid_deploy.tasks.tracking.pairs import TrackingData
    from bireid_deploy.tasks.tracking.step import TrackingStep

_MIN_FRAMES = 1000
"""With fewer, one target lost a little earlier is a point of success."""


class Tracking(TaskDefaults):
    """The row of `TASKS`."""

    sections: ClassVar[dict[str, type[Section]]] = {"tracking": TrackingSection}
    terms = (Term("match"), Term("hits", is_loss=False))
    scores: ClassVar[dict[str, str]] = {"success": "success", "precision": "prec@20", "ao": "AO"}
    title = "tracking of one target"
    card = CARD
    samples_source = "crops of rendered targets, nobody's picture"

    @property
    def generators(self) -> dict[str, Generator]:
        """Rendered people and things on their way."""
        return {"walks": Generator(WalksSection, "walks", _write_walks)}

    def check(self, recipe: Recipe) -> None:
        """There are no identities, and crops are changed in pairs."""
        if recipe.batch.sampling != "shuffled":
            raise ValueError("tracking has no identities: set batch.sampling='shuffled'")
        if recipe.augmentation.pad or recipe.augmentation.erasing:
            raise ValueError(
                "tracking changes crops by its own table: set augmentation.pad=0 and "
                "augmentation.erasing=0.0"
            )
        if recipe.network.input_height != recipe.network.input_width:
            raise ValueError(
                "tracking looks at squares: set network.input_height=network.input_width"
            )

    def open_dataset(
        self, root: Path, layout: str = "auto", recipe: Recipe | None = None, use: Use = "all"
    ) -> "SequenceDataset":
        """List sequences of OTB or GOT-10k."""
        from bireid_deploy.data.sequences import open_sequences

        return open_sequences(root, layout, use)

    def describe(self, dataset: "SequenceDataset") -> dict[str, Any]:
        """Sequences and frames of both splits."""
        return {
            "name": dataset.name,
            **{
                split: {
                    "sequences": len(sequences),
                    "frames": sum(len(each.frames) for each in sequences),
                }
                for split, sequences in (("train", dataset.train), ("test", dataset.test))
            },
        }

    def summary(self, description: Mapping[str, Any]) -> str:
        """Sequences and frames to train with, to test on."""
        train, test = description["train"], description["test"]
        parts = [
            f"{split['frames']} frames of {split['sequences']} sequences to {what}"
            for split, what in ((train, "train"), (test, "test"))
            if split["sequences"]
        ]
        return ", ".join(parts)

    def load_training_data(
        self, recipe: Recipe, dataset: "SequenceDataset", on_progress: Progress | None = None
    ) -> "TrackingData":
        """Decode frames of the training sequences."""
        from bireid_deploy.tasks.tracking.pairs import load_tracking_data

        if not dataset.train:
            raise DatasetError(f"{dataset.root}: holds no sequence to train with")
        side, options = recipe.network.input_height, recipe.section(TrackingSection)
        return load_tracking_data(dataset, side, options, on_progress)

    def batches(self, recipe: Recipe, data: "TrackingData") -> "PairBatches":
        """Pairs of every sequence, shuffled."""
        from bireid_deploy.data.sampling import ShuffledSampler
        from bireid_deploy.tasks.tracking.batches import PairBatches

        options = recipe.section(TrackingSection)
        rows = data.sequences * options.pairs_per_sequence
        return PairBatches(
            data,
            ShuffledSampler(rows, recipe.batch.images, recipe.seed),
            options,
            self._preprocess(recipe),
            recipe.augmentation.color.jitter(),
            recipe.augmentation.degradation.losses(),
            recipe.augmentation.flip,
            recipe.seed,
        )

    def step(self, recipe: Recipe, network: Any, data: "TrackingData") -> "TrackingStep":
        """Responses by balanced cross-entropy."""
        from bireid_deploy.tasks.tracking.step import TrackingStep

        return TrackingStep(network, recipe.batch.images, recipe.section(TrackingSection))

    def deployment(self, run: Run) -> Deployment:
        """The network as it is; what is done with its maps stands in the manifest."""
        from bireid_deploy.tasks.tracking.deployment import deploy

        return deploy(run)

    def samples(self, inputs: Sequence[InputSpec], count: int) -> Candidates:
        """Crops of rendered targets; every second one is larger than the network's input."""
        from bireid_deploy.tasks.tracking.samples import sample_crops

        (image,) = inputs
        assert image.preprocess is not None
        return {image.name: sample_crops(image.preprocess, count)}

    def evaluate(
        self,
        predictor: "Predictor",
        dataset: "SequenceDataset",
        outputs: Sequence[OutputSpec],
        options: Mapping[str, Any],
        on_progress: Progress | None = None,
    ) -> Report:
        """Success and precision of OTB, average overlap of GOT-10k; one pass over each sequence."""
        from bireid_deploy.tasks.tracking.evaluation import evaluate_sequences

        found = [output for output in outputs if output.kind == "correlation"]
        if len(found) != 1:
            raise UnsupportedModelError(
                f"tracking needs one output to correlate; the network has {len(found)}"
            )
        return evaluate_sequences(predictor, found[0], dataset, on_progress)

    def comparable(self, scores: Mapping[str, Any]) -> dict[str, float]:
        """Success, on 1000 frames or more."""
        return {"success": scores["success"]} if scores["frames"] >= _MIN_FRAMES else {}

    def _preprocess(self, recipe: Recipe) -> Preprocess:
        (image,) = self.inputs(recipe)
        assert image.preprocess is not None
        return image.preprocess


def _write_walks(section: WalksSection, folder: Path, on_progress: Progress | None) -> None:
    from bireid_deploy.data.synthetic.write_walks import write_walks

    write_walks(
        folder,
        train=section.train,
        test=section.test,
        frames=section.frames,
        size=(section.height, section.width),
        on_progress=on_progress,
    )
