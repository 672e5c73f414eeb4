"""From a training run to a checked bundle: what `convert` and `demo` do."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from bireid_converters.convert import convert
from bireid_converters.errors import ParityError
from bireid_converters.named_model import named_model
from bireid_converters.parity import ParityThresholds
from bireid_runtime import Bundle, Extractor, InputSpec, OutputSpec
from bireid_runtime.backends import BACKENDS
from bireid_runtime.preprocess import Preprocess

from bireid_deploy.data.dataset import ReIdDataset
from bireid_deploy.data.synthetic.renderer import Renderer
from bireid_deploy.evaluation.protocol import EmbeddedDataset, Embedder, embed_dataset
from bireid_deploy.evaluation.ranking import rank
from bireid_deploy.evaluation.report import to_json
from bireid_deploy.reid_card import REID_CARD
from bireid_deploy.training.trained import TrainedRun

DEFAULT_LICENCES = {"weights": "not stated", "training_data": "not stated"}
SAMPLE_SEED = 20_000
SAMPLE_CROPS = 64

# Part (c) of the parity gate.
METRIC_TOLERANCE = 0.01
MIN_QUERIES = 100


def sample_crops(preprocess: Preprocess, count: int = SAMPLE_CROPS) -> list[np.ndarray]:
    """Crops of synthetic people, uint8 RGB; every second one is larger than the network's input.

    Conversions are checked on them and take their golden crops from them, since nobody's picture
    may travel inside a bundle.
    """
    sizes = (128, 64), (preprocess.height * 3 // 2, preprocess.width * 3 // 2)
    renderers = [Renderer(SAMPLE_SEED, 4, size) for size in sizes]
    return [
        np.asarray(renderers[index % 2].render(index // 2, index % 4, 0)) for index in range(count)
    ]


def convert_run(
    run: TrainedRun,
    out: Path,
    formats: Sequence[str],
    *,
    name: str,
    real_run: TrainedRun | None = None,
    dataset: ReIdDataset | None = None,
    licences: Mapping[str, str] = DEFAULT_LICENCES,
    verify: bool = True,
    on_progress: Callable[[str], None] = lambda stage: None,
) -> Bundle:
    """Convert a run into a bundle and check it.

    Args:
        run: Run to convert.
        out: Directory of the bundle.
        formats: Names of formats.
        name: Name of the network.
        real_run: Run of the real-valued counterpart, for the formats that hold it.
        dataset: Test data on which every engine must rank as Keras does.
        licences: `weights` and `training_data`.
        verify: Whether to run the parity gate.
        on_progress: Told what is being done.

    Raises:
        ParityError: A file computes or ranks otherwise than the trained network.
        ConversionError, UnsupportedModelError: As `bireid_converters.convert`.
    """
    on_progress("exporting and checking")

    def measure(bundle: Bundle) -> list[dict[str, Any]]:
        assert dataset is not None
        on_progress(f"ranking {dataset.name} with every engine")
        metrics = measure_engines(run, bundle, dataset)
        if verify:
            require_equal_ranking(metrics)
        return metrics

    return convert(
        run.network,
        out,
        formats,
        name=name,
        task="reid",
        inputs=(InputSpec.image("image", run.preprocess),),
        outputs=(OutputSpec.embedding(*_embedding_shape(run)),),
        card=REID_CARD,
        licences=licences,
        training={
            "recipe": run.recipe.model_dump(),
            "data": run.record["data"],
            "steps": run.record["steps"],
        },
        measure=measure if dataset is not None else None,
        real_network=None if real_run is None else real_run.network,
        candidates={"image": sample_crops(run.preprocess)},
        candidates_source="rendered people, nobody's picture",
        verify=verify,
    )


def _embedding_shape(run: TrainedRun) -> tuple[str, int]:
    ((name, (dim,)),) = named_model(run.network).output_shapes.items()
    return name, dim


def measure_engines(
    run: TrainedRun | None, bundle: Bundle, dataset: ReIdDataset
) -> list[dict[str, Any]]:
    """Rank a test set with Keras and with every exact back end that can run the bundle here.

    Returns:
        One record per engine: `engine`, `data`, `images_per_second` and the scores of
        `evaluation.report.to_json`. Keras, if a run is given, comes first. The records after the
        first have `agreeing_share` too: the share of the images, 0..1, whose embedding is that of
        the first engine within the tolerance of the parity gate.
    """
    embedders: dict[str, Embedder] = {} if run is None else {"keras": run}
    for backend in BACKENDS:
        runs_it = backend.format in bundle.formats and backend.unavailable_reason() is None
        if backend.exact and runs_it:
            embedders[backend.name] = Extractor.open(bundle, backend=backend.name)
    records: list[dict[str, Any]] = []
    reference: EmbeddedDataset | None = None
    for engine, embedder in embedders.items():
        embedded = embed_dataset(embedder, dataset)
        records.append(_record(engine, embedded, dataset))
        if reference is not None:
            records[-1]["agreeing_share"] = _agreeing_share(embedded, reference)
        reference = reference or embedded
    return records


def measure_embedder(engine: str, embedder: Embedder, dataset: ReIdDataset) -> dict[str, Any]:
    """Rank a test set with one embedder; a record as of `measure_engines`."""
    return _record(engine, embed_dataset(embedder, dataset), dataset)


def require_equal_ranking(metrics: Sequence[Mapping[str, Any]]) -> None:
    """Refuse engines whose mAP or rank-1 is more than a point from the first record's.

    Says nothing on fewer than 100 queries, where a point is less than two queries.

    Raises:
        ParityError: An engine ranks otherwise.
    """
    if not metrics or metrics[0]["valid_queries"] < MIN_QUERIES:
        return
    reference = metrics[0]
    for record in metrics[1:]:
        for key in ("mean_average_precision", "rank_1"):
            difference = abs(record[key] - reference[key])
            if difference > METRIC_TOLERANCE:
                raise ParityError(
                    f"{record['engine']}: {key} is {record[key]:.4f} on {record['data']}, "
                    f"{reference['engine']} has {reference[key]:.4f}; at most "
                    f"{METRIC_TOLERANCE} may lie between"
                )


def _record(engine: str, embedded: EmbeddedDataset, dataset: ReIdDataset) -> dict[str, Any]:
    return {
        "engine": engine,
        "data": dataset.name,
        "images_per_second": embedded.images_per_second,
        **to_json(rank(embedded.query, embedded.gallery)),
    }


def _agreeing_share(embedded: EmbeddedDataset, reference: EmbeddedDataset) -> float:
    found, expected = (
        np.concatenate([each.query.vectors, each.gallery.vectors]) for each in (embedded, reference)
    )
    close = np.abs(found - expected).max(axis=1) <= ParityThresholds().tolerance
    return float(close.mean())
