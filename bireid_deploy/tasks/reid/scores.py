"""The scores of an evaluation as JSON and as a row of a table."""

from dataclasses import asdict
from typing import Any

from bireid_deploy.evaluation.bootstrap import RankingIntervals
from bireid_deploy.evaluation.ranking import RankingResult

REPORTED_RANKS = (1, 5, 10)

COLUMNS = ("mAP", *(f"rank-{rank}" for rank in REPORTED_RANKS), "mINP", "queries")


def to_json(result: RankingResult, intervals: RankingIntervals) -> dict[str, Any]:
    """Give the scores as values that `json.dumps` accepts; every share is in the range 0 to 1.

    Args:
        result: Scores of one evaluation.
        intervals: Their intervals over people.

    Returns:
        `mean_average_precision`, `rank_1`, `rank_5`, `rank_10` (those that the CMC reaches),
        `mean_inverse_negative_penalty`, `valid_queries`, `total_queries`,
        `average_precision_definition`, `reranking` with its settings or None, and
        `mean_average_precision_interval` and `rank_1_interval`, [low, high] at 95 %.
    """
    ranks = {
        f"rank_{rank}": float(result.cmc[rank - 1])
        for rank in REPORTED_RANKS
        if rank <= len(result.cmc)
    }
    return {
        "mean_average_precision": result.mean_average_precision,
        **ranks,
        "mean_inverse_negative_penalty": result.mean_inverse_negative_penalty,
        "valid_queries": result.valid_queries,
        "total_queries": result.total_queries,
        "average_precision_definition": result.average_precision_definition,
        "reranking": None if result.reranking is None else asdict(result.reranking),
        "mean_average_precision_interval": list(intervals.mean_average_precision),
        "rank_1_interval": list(intervals.rank_1),
    }


def cells(result: RankingResult) -> tuple[str, ...]:
    """Give the scores as text, under `COLUMNS`.

    Args:
        result: Scores of one evaluation.

    Returns:
        Percentages with one decimal, and "-" for a rank beyond the CMC.
    """
    ranks = (
        _percent(result.cmc[rank - 1]) if rank <= len(result.cmc) else "-"
        for rank in REPORTED_RANKS
    )
    return (
        _percent(result.mean_average_precision),
        *ranks,
        _percent(result.mean_inverse_negative_penalty),
        f"{result.valid_queries}/{result.total_queries}",
    )


def _percent(share: float) -> str:
    return f"{100 * share:.1f}"
