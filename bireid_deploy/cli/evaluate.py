"""`bireid-deploy evaluate`."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bireid_deploy.cli.console import emit_json, emit_table, message, progress
from bireid_deploy.cli.native_output import load_tensorflow, quiet_native_output
from bireid_deploy.cli.output_file import check_output_file
from bireid_deploy.errors import EmbeddingsError

if TYPE_CHECKING:
    from bireid_deploy.evaluation.embeddings import EmbeddingsPair
    from bireid_deploy.evaluation.protocol import Embedder
    from bireid_deploy.evaluation.ranking import AveragePrecision


@click.command()
@click.argument("model", type=click.Path(path_type=Path))
@click.option("--data", type=click.Path(path_type=Path), help="Data set folder.")
@click.option("--layout", default="auto", show_default=True, help="Layout of the data set.")
@click.option("--backend", default="auto", show_default=True, help="Back end that runs a bundle.")
@click.option("--threads", default=1, show_default=True, type=click.IntRange(1), help="Threads.")
@click.option("--rerank", is_flag=True, help="Re-rank with k-reciprocal encoding.")
@click.option(
    "--average-precision",
    type=click.Choice(["non-interpolated", "trapezoid"]),
    default="non-interpolated",
    show_default=True,
    help="Definition of average precision.",
)
@click.option("--save", type=click.Path(path_type=Path), help="Keep the embeddings (.npz).")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def command(
    model: Path,
    data: Path | None,
    layout: str,
    backend: str,
    threads: int,
    rerank: bool,
    average_precision: "AveragePrecision",
    save: Path | None,
    as_json: bool,
) -> None:
    """Measure CMC, mAP and mINP of MODEL on the query and gallery of a data set.

    MODEL is a run directory, a bundle, a .npz file that --save wrote (then --data is not needed),
    or the word `histogram` for the colour-histogram baseline. A run that was trained to classify is
    measured by its top-1 and top-5 accuracy.
    """
    from bireid_deploy.evaluation import report
    from bireid_deploy.evaluation.embeddings import save_pair
    from bireid_deploy.evaluation.ranking import rank
    from bireid_deploy.evaluation.reranking import ReRanking

    if _task(model) == "classification":
        _refuse_ranking_options()
        _classify(model, data, as_json)
        return
    if save is not None:
        check_output_file(save, (".npz",))
    pair, facts = _embeddings(model, data, layout, backend, threads)
    if save is not None:
        save_pair(save, pair.query, pair.gallery, pair.fingerprint)
        message(f"embeddings saved to {save}")
    with progress("ranking") as on_progress:
        result = rank(
            pair.query,
            pair.gallery,
            average_precision=average_precision,
            rerank=ReRanking() if rerank else None,
            on_progress=on_progress,
        )
    if as_json:
        emit_json({**facts, **report.to_json(result)})
        return
    rows = report.table_rows({facts["engine"]: result})
    emit_table(f"{facts['model']} on {facts['data']}", report.TABLE_HEADER, rows)


def open_embedder(
    model: Path, backend: str = "auto", threads: int = 1
) -> "tuple[Embedder, str, str]":
    """Open a run or a bundle; returns what embeds, the engine's name and the fingerprint."""
    is_run = (model / "run.json").exists()
    if backend != "auto" and (is_run or str(model) == "histogram"):
        raise click.UsageError(f"--backend {backend}: only a bundle has back ends to choose from")
    if str(model) == "histogram":
        from bireid_deploy.evaluation.histogram import HistogramEmbedder

        return HistogramEmbedder(), "colour histogram", ""
    if is_run:
        load_tensorflow()
        from bireid_deploy.training.trained import open_run

        with quiet_native_output():
            return open_run(model), "keras", ""
    from bireid_runtime import Extractor

    with quiet_native_output():
        extractor = Extractor.open(model, backend=backend, threads=threads)
    return extractor, extractor.backend, extractor.fingerprint


def _task(model: Path) -> str:
    """What the recipe of a run says; a bundle or a file of embeddings can only be of Re-ID."""
    if not (model / "run.json").exists():
        return "reid"
    from bireid_deploy.training.run_directory import RunDirectory

    return RunDirectory(model).read_recipe().task


def _refuse_ranking_options() -> None:
    context = click.get_current_context()
    for name in ("layout", "backend", "threads", "rerank", "average_precision", "save"):
        if context.get_parameter_source(name) is not click.core.ParameterSource.DEFAULT:
            option = name.replace("_", "-")
            raise click.UsageError(f"--{option}: the run classifies; there is no ranking")


def _classify(model: Path, data: Path | None, as_json: bool) -> None:
    from bireid_deploy.data.classification import open_classification_dataset

    if data is None:
        raise click.UsageError("Missing option '--data': a model is evaluated on a data set.")
    dataset = open_classification_dataset(data)
    load_tensorflow()
    from bireid_deploy.evaluation.classification import classify_dataset, open_classifier

    with quiet_native_output():
        classifier = open_classifier(model)
    with progress("classifying") as on_progress:
        result = classify_dataset(classifier, dataset, on_progress)
    if as_json:
        facts = {"model": model.name, "data": dataset.name, "engine": "keras"}
        emit_json({**facts, **result.to_json()})
        return
    accuracies = [*result.per_class.items(), ("all classes", result.overall)]
    rows = [
        (name, f"{100 * each.top_1:.1f}", f"{100 * each.top_5:.1f}", str(each.images))
        for name, each in accuracies
    ]
    title = f"{model.name} on {dataset.name}"
    emit_table(title, ("class", "top-1", "top-5", "images"), rows)


def _embeddings(
    model: Path, data: Path | None, layout: str, backend: str, threads: int
) -> "tuple[EmbeddingsPair, dict[str, Any]]":
    from bireid_deploy.data.layouts import open_dataset
    from bireid_deploy.evaluation.embeddings import EmbeddingsPair, load_pair
    from bireid_deploy.evaluation.protocol import embed_dataset

    if model.suffix == ".npz":
        if data is not None:
            raise EmbeddingsError(f"{model} holds embeddings already; leave out --data")
        return load_pair(model), {"model": model.name, "data": "its own", "engine": "embeddings"}
    if data is None:
        raise click.UsageError("Missing option '--data': a model is evaluated on a data set.")
    dataset = open_dataset(data, layout)
    embedder, engine, fingerprint = open_embedder(model, backend, threads)
    with progress("embedding") as on_progress:
        embedded = embed_dataset(embedder, dataset, on_progress)
    facts = {
        "model": model.name,
        "data": dataset.name,
        "engine": engine,
        "images_per_second": embedded.images_per_second,
    }
    return EmbeddingsPair(embedded.query, embedded.gallery, fingerprint), facts
