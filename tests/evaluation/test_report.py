import json

import numpy as np
import pytest

from bireid_deploy.evaluation.bootstrap import RankingIntervals
from bireid_deploy.evaluation.ranking import RankingResult
from bireid_deploy.evaluation.reranking import ReRanking
from bireid_deploy.tasks.reid.scores import COLUMNS, cells, to_json


def result(max_rank=50, reranking=None):
    return RankingResult(
        mean_average_precision=0.640,
        cmc=np.minimum(np.linspace(0.5, 1.0, 50), 1)[:max_rank],
        mean_inverse_negative_penalty=0.1234,
        average_precisions=np.array([0.28, np.nan, 1.0]),
        first_ranks=np.array([2, np.nan, 1]),
        average_precision_definition="trapezoid",
        reranking=reranking,
    )


INTERVALS = RankingIntervals((0.28, 1.0), (0.0, 1.0))


def test_json_holds_fractions_under_plain_names():
    content = json.loads(json.dumps(to_json(result(), INTERVALS)))

    assert content == {
        "mean_average_precision": 0.64,
        "rank_1": 0.5,
        "rank_5": pytest.approx(0.5 + 0.5 * 4 / 49),
        "rank_10": pytest.approx(0.5 + 0.5 * 9 / 49),
        "mean_inverse_negative_penalty": 0.1234,
        "valid_queries": 2,
        "total_queries": 3,
        "average_precision_definition": "trapezoid",
        "reranking": None,
        "mean_average_precision_interval": [0.28, 1.0],
        "rank_1_interval": [0.0, 1.0],
    }


def test_json_holds_the_settings_of_the_reranking():
    content = json.loads(json.dumps(to_json(result(reranking=ReRanking()), INTERVALS)))

    assert content["reranking"] == {"k1": 20, "k2": 6, "original_distance_weight": 0.3}


def test_a_short_cmc_reports_no_rank_beyond_it():
    assert "rank_5" in to_json(result(max_rank=5), INTERVALS)
    assert "rank_10" not in to_json(result(max_rank=5), INTERVALS)
    assert cells(result(max_rank=5))[3] == "-"


def test_the_cells_of_a_table_are_percentages():
    assert COLUMNS == ("mAP", "rank-1", "rank-5", "rank-10", "mINP", "queries")
    assert cells(result()) == ("64.0", "50.0", "54.1", "59.2", "12.3", "2/3")
