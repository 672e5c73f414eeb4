"""Person re-identification: learn identities, deploy an embedding, measure rankings."""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from bireid_runtime.errors import ArgumentError, UnsupportedModelError
from bireid_runtime.inputs import InputSpec
from bireid_runtime.outputs import OutputSpec

from bireid_deploy.data.use import Use
from bireid_deploy.evaluation.embedding_file import SUFFIXES
from bireid_deploy.tasks.base import (
    Attention,
    Candidates,
    Deployment,
    Generator,
    Progress,
    Report,
    Run,
    TaskDefaults,
)
from bireid_deploy.tasks.options import Option
from bireid_deploy.tasks.reid.card import CARD
from bireid_deploy.tasks.reid.section import SyntheticPeople
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
    from bireid_deploy.data.dataset import ReIdDataset, SplitName, SplitSummary
    from bireid_deploy.tasks.predictors import Predictor
    from bireid_deploy.tasks.reid.step import ReIdStep
    from bireid_deploy.training.batches import ImageBatches

_SPLITS: dict[Use, tuple["SplitName", ...]] = {
    "all": ("train", "query", "gallery"),
    "train": ("train",),
    "test": ("query", "gallery"),
}
_MIN_QUERIES = 100
"""With fewer, a point of rank-1 is less than a query."""


class ReId(TaskDefaults):
    """The row of `TASKS`."""

    sections: ClassVar[dict[str, type[Section]]] = {"loss": LossSection}
    terms = (Term("identity"), Term("triplet"), Term("accuracy", is_loss=False))
    scores: ClassVar[dict[str, str]] = {
        "mean_average_precision": "mAP",
        "rank_1": "rank-1",
        "mean_inverse_negative_penalty": "mINP",
    }
    options: ClassVar[dict[str, Option]] = {
        "rerank": Option("Re-rank with k-reciprocal encoding."),
        "average_precision": Option(
            "Definition of average precision.", choices=("non-interpolated", "trapezoid")
        ),
        "gallery_cameras": Option(
            "Search in the gallery of any camera, or of others than the query's.",
            choices=("any", "other"),
        ),
        "same_camera": Option(
            "Gallery images of the query's person and camera: drop them, as the protocol does, or "
            "keep them as matches (data of one camera).",
            choices=("drop", "keep"),
        ),
        "save": Option("Keep the embeddings (.npz or .jsonl).", takes_path=True),
        "draw": Option("Picture of ranked lists (.png).", takes_path=True),
    }
    saved_suffixes = frozenset(SUFFIXES)
    title = "person re-identification"
    card = CARD
    samples_source = "rendered people, nobody's picture"

    @property
    def generators(self) -> dict[str, Generator]:
        """Rendered pedestrians."""
        return {"synthetic": Generator(SyntheticPeople, "people", _write_people)}

    @property
    def baselines(self) -> dict[str, Any]:
        """What colour alone can tell."""
        from bireid_deploy.tasks.reid.histogram import HistogramBaseline

        return {"histogram": HistogramBaseline}

    def check(self, recipe: Recipe) -> None:
        """The triplet loss needs pairs, and something must teach."""
        loss, batch = recipe.section(LossSection), recipe.batch
        if loss.triplet_weight > 0 and (
            batch.images_per_identity < 2 or batch.sampling != "identity"
        ):
            raise ValueError(
                "the triplet loss needs batch.sampling='identity' and at least 2 "
                "batch.images_per_identity; or set loss.triplet_weight=0"
            )
        check_supervision(recipe, teaches=loss.identity_weight > 0 or loss.triplet_weight > 0)

    def open_dataset(
        self, root: Path, layout: str = "auto", recipe: Recipe | None = None, use: Use = "all"
    ) -> "ReIdDataset":
        """List the images of a folder in one of the layouts."""
        from bireid_deploy.data.layouts import open_dataset

        return open_dataset(root, layout, _SPLITS[use])

    def describe(self, dataset: "ReIdDataset") -> dict[str, Any]:
        """People, images and cameras of every split that was opened."""
        return {
            "name": dataset.name,
            **{split: _counts(found) for split, found in dataset.summary().items()},
            "remarks": list(dataset.remarks),
        }

    def summary(self, description: Mapping[str, Any]) -> str:
        """People to train, people to test."""
        parts = []
        if train := description.get("train"):
            people = f"{train['identities']} people with {train['images']} images"
            parts.append(f"{people}{_cameras(train)} to train")
        if query := description.get("query"):
            gallery = description["gallery"]
            others = "other people" if parts else "people"
            parts.append(
                f"{query['identities']} {others}, {query['images']} queries{_cameras(query)} and "
                f"{gallery['images']} gallery images{_cameras(gallery)}{_junk(gallery)} to test"
            )
        return "; ".join(parts)

    def hold_out(
        self, dataset: "ReIdDataset", fraction: float
    ) -> tuple["ReIdDataset", "ReIdDataset"]:
        """Training people with all of their images."""
        from bireid_deploy.data.held_out import hold_out_people

        return hold_out_people(dataset, fraction)

    def load_training_data(
        self, recipe: Recipe, dataset: "ReIdDataset", on_progress: Progress | None = None
    ) -> LabelledImages:
        """Decode the training people."""
        from bireid_runtime.images import load_image

        from bireid_deploy.data.dataset import class_labels
        from bireid_deploy.data.images import decode_images

        network = recipe.network
        decoded = decode_images(
            [(sample.path, partial(load_image, sample.path)) for sample in dataset.train],
            network.input_height,
            network.input_width,
            on_progress,
        )
        # After skipping, so that a person whose images are all broken leaves no empty class.
        labels = class_labels([dataset.train[position] for position in decoded.positions])
        return LabelledImages(
            decoded.pixels,
            labels,
            {
                "name": dataset.name,
                "identities": int(labels.max()) + 1,
                "images": len(labels),
                "skipped": len(decoded.skipped),
            },
            decoded.skipped,
            tuple(
                dataset.train[position].path.relative_to(dataset.root).as_posix()
                for position in decoded.positions
            ),
        )

    def batches(self, recipe: Recipe, data: LabelledImages) -> "ImageBatches":
        """P x K batches, or shuffled ones."""
        return image_batches(recipe, data)

    def step(self, recipe: Recipe, network: Any, data: LabelledImages) -> "ReIdStep":
        """Cross-entropy over identities, and batch-hard triplets."""
        from bireid_deploy.tasks.reid.step import ReIdStep

        return ReIdStep(network, data.classes, recipe.section(LossSection))

    def deployment(self, run: Run) -> Deployment:
        """The embedding; the classifier of the training people stays at home."""
        network = run.network
        output = OutputSpec.embedding("embedding", network.model.output_shape[-1])
        return Deployment(network.config, network.model, run.inputs, (output,))

    def samples(self, inputs: Sequence[InputSpec], count: int) -> Candidates:
        """Rendered people; every second crop is larger than the network's input."""
        from bireid_deploy.tasks.reid.samples import sample_crops

        (image,) = inputs
        assert image.preprocess is not None
        return {image.name: sample_crops(image.preprocess, count)}

    def check_options(self, options: Mapping[str, Any]) -> None:
        """Embeddings are saved as `.npz` or `.jsonl`, ranked lists drawn as `.png`."""
        from bireid_deploy.evaluation.drawn_ranks import require_drawable
        from bireid_deploy.evaluation.embedding_file import require_writable

        if options.get("same_camera") == "keep" and options.get("gallery_cameras") == "other":
            raise ArgumentError("same_camera keep contradicts gallery_cameras other; leave out one")
        if options.get("save") is not None:
            require_writable(Path(options["save"]))
        if options.get("draw") is not None:
            require_drawable(Path(options["draw"]))
            if options.get("rerank"):
                raise ArgumentError("draw shows plain distances; leave out rerank")

    def evaluate(
        self,
        predictor: "Predictor",
        dataset: "ReIdDataset",
        outputs: Sequence[OutputSpec],
        options: Mapping[str, Any],
        on_progress: Progress | None = None,
    ) -> Report:
        """CMC, mAP and mINP on query and gallery."""
        from bireid_deploy.tasks.reid.evaluation import evaluate_embeddings

        name = _embedding_of(outputs)
        return evaluate_embeddings(predictor, name, dataset, options, on_progress)

    def evaluate_saved(
        self, path: Path, options: Mapping[str, Any], on_progress: Progress | None = None
    ) -> Report:
        """CMC, mAP and mINP of saved embeddings."""
        from bireid_deploy.tasks.reid.evaluation import evaluate_saved

        return evaluate_saved(path, options, on_progress)

    def page(
        self, report: Report, dataset: "ReIdDataset", attention: Attention | None
    ) -> Sequence[str]:
        """Ranked lists, curves, cameras, people, and where the network is active."""
        from bireid_deploy.tasks.reid.evaluation import ranking_of
        from bireid_deploy.tasks.reid.page import page_of

        return page_of(ranking_of(report, dataset), attention)

    def comparable(self, scores: Mapping[str, Any]) -> dict[str, float]:
        """MAP and rank-1, on 100 queries or more."""
        if scores["valid_queries"] < _MIN_QUERIES:
            return {}
        return {name: scores[name] for name in ("mean_average_precision", "rank_1")}


def _junk(gallery: Mapping[str, int]) -> str:
    return f" ({junk} junk aside)" if (junk := gallery.get("junk")) else ""


def _counts(split: "SplitSummary") -> dict[str, int]:
    """As a record holds it; what only a gallery may have is left out where there is none."""
    found = {
        "identities": split.identities,
        "images": split.images,
        "cameras": split.cameras,
        "distractors": split.distractors,
        "junk": split.junk,
    }
    return {name: count for name, count in found.items() if count or name == "images"}


def _cameras(split: Mapping[str, int]) -> str:
    """Older records do not say."""
    count = split.get("cameras")
    return "" if count is None else f" under {count} camera{'' if count == 1 else 's'}"


def _embedding_of(outputs: Sequence[OutputSpec]) -> str:
    found = [output.name for output in outputs if output.kind == "embedding"]
    if len(found) != 1:
        raise UnsupportedModelError(
            f"re-identification needs one embedding; the network has {len(found)} among its "
            f"outputs ({', '.join(output.name for output in outputs)})"
        )
    return found[0]


def _write_people(section: SyntheticPeople, folder: Path, on_progress: Progress | None) -> None:
    from bireid_deploy.data.synthetic import write_synthetic

    write_synthetic(
        folder,
        identities=section.identities,
        cameras=section.cameras,
        images_per_camera=section.images_per_camera,
        size=(section.height, section.width),
        test_fraction=section.test_fraction,
        styles=section.styles,
        on_progress=on_progress,
    )
