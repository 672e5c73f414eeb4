"""What a report shows of a ranking: lists of crops, curves, tables of cameras and people."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from bireid_runtime.images import load_image

from bireid_deploy.data.dataset import ReIdDataset, Sample
from bireid_deploy.evaluation.pages import charts, crops
from bireid_deploy.evaluation.pages.document import section, table, tiles
from bireid_deploy.evaluation.ranked_lists import RankedLists, by_average_precision, evenly_spaced
from bireid_deploy.evaluation.ranking import RankingResult
from bireid_deploy.tasks.base import Attention
from bireid_deploy.tasks.reid.cameras import camera_name

# At most 8 * 11 + 2 * 5 * 11 + 2 * 10 = 218 crops of 64x128, 3 to 5 kB each in the page.
_LISTS, _EXTREMES, _NEAREST, _MAPS = 8, 5, 10, 10
_RANKS, _BINS, _WORST_PEOPLE, _PEOPLE = 20, 40, 10, 200


@dataclass(frozen=True)
class Ranking:
    """A test set, searched.

    Attributes:
        dataset: The images.
        lists: Queries and gallery.
        result: The scores.
        intervals: 95 % intervals of mAP and rank-1.
    """

    dataset: ReIdDataset
    lists: RankedLists
    result: RankingResult
    intervals: tuple[tuple[float, float], tuple[float, float]]


def page_of(ranking: Ranking, attention: Attention | None) -> list[str]:
    """The parts of the page, HTML."""
    order = by_average_precision(ranking.result)
    return [
        _summary(ranking),
        _curves(ranking),
        section(
            "lists",
            "Ranked lists",
            f"{min(_LISTS, len(order))} queries from the best average precision to the worst, and "
            f"the {_NEAREST} nearest of the gallery. Blue and \u2713: the query's person; orange, "
            "dashed and \u2717: somebody else. Below stands the cosine.",
            *(_list(ranking, index) for index in evenly_spaced(order, _LISTS).tolist()),
        ),
        section(
            "extremes",
            "Best and worst queries",
            "By average precision. The worst ones say what the network cannot do, or which labels "
            "are wrong.",
            "<h3>Worst</h3>",
            *(_list(ranking, index) for index in order[::-1][:_EXTREMES].tolist()),
            "<h3>Best</h3>",
            *(_list(ranking, index) for index in order[:_EXTREMES].tolist()),
        ),
        _cameras(ranking),
        _people(ranking),
        *([] if attention is None else [_maps(ranking, order, attention)]),
    ]


def _summary(ranking: Ranking) -> str:
    result, lists = ranking.result, ranking.lists
    people = len(set(lists.query.person_ids.tolist()))
    m_ap, rank_1 = ranking.intervals
    return tiles(
        [
            ("mAP", _percent(result.mean_average_precision), f"95 %: {_range(m_ap)}"),
            ("rank-1", _percent(result.cmc[0]), f"95 %: {_range(rank_1)}"),
            ("mINP", _percent(result.mean_inverse_negative_penalty), "rank of the last match"),
            ("queries", str(result.valid_queries), f"of {people} people"),
            ("gallery", str(len(lists.gallery)), f"images, {_camera_count(lists)} cameras"),
        ]
    )


def _curves(ranking: Ranking) -> str:
    edges, same, different = _similarities(ranking)
    shares = ranking.result.cmc[:_RANKS]
    return section(
        "curves",
        "How far down, and how far apart",
        "First, the share of queries with a right image among the first so many. Then the cosines "
        "of all pairs of query and gallery that take part: the less the two overlap, the better a "
        "single threshold tells people apart.",
        '<div class="charts">',
        charts.share_by_rank("Cumulative matching (CMC)", "rank", shares),
        charts.two_distributions(
            "Cosines of pairs",
            "cosine",
            ("same person", "different people"),
            edges,
            (same / max(1, same.sum()), different / max(1, different.sum())),
        ),
        "</div>",
    )


def _similarities(ranking: Ranking) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Edges (B + 1,), and how many pairs of one person and of two lie in each bin (B,)."""
    lists = ranking.lists
    edges = np.linspace(-1, 1, 10 * _BINS + 1)
    counts = np.zeros((2, len(edges) - 1))
    for index in range(len(lists.query)):
        similarities = lists.similarities(index)
        known = np.isfinite(similarities)
        same = lists.gallery.person_ids == lists.query.person_ids[index]
        for row, chosen in enumerate((known & same, known & ~same)):
            values = np.clip(similarities[chosen], -1, 1)
            counts[row] += np.histogram(values, edges)[0]
    # Counted finely first, since where the values lie is known only at the end.
    filled = np.flatnonzero(counts.sum(axis=0))
    step = max(1, -(-(filled[-1] - filled[0] + 1) // _BINS))
    starts = np.arange(filled[0], filled[-1] + 1, step)
    ends = np.minimum(starts + step, len(edges) - 1)
    binned = np.stack([counts[:, a:b].sum(axis=1) for a, b in zip(starts, ends, strict=True)])
    return np.append(edges[starts], edges[ends[-1]]), binned[:, 0], binned[:, 1]


def _list(ranking: Ranking, index: int) -> str:
    lists, dataset = ranking.lists, ranking.dataset
    person = lists.query.person_ids[index]
    average = ranking.result.average_precisions[index]
    query = dataset.query[index]
    parts = [crops.crop(load_image(query.path), "query", _said(query), f"AP {100 * average:.0f}")]
    for found, cosine in zip(*lists.nearest(index, _NEAREST), strict=True):
        sample = dataset.gallery[found]
        kind = "right" if lists.gallery.person_ids[found] == person else "wrong"
        parts.append(crops.crop(load_image(sample.path), kind, _said(sample), f"{cosine:.2f}"))
    return f'<div class="list">{"".join(parts)}</div>'


def _cameras(ranking: Ranking) -> str:
    query, gallery = ranking.lists.query, ranking.lists.gallery
    rows = []
    for camera in sorted({*query.camera_ids.tolist(), *gallery.camera_ids.tolist()}):
        scores = _scores(ranking, query.camera_ids == camera)
        images = str(int((gallery.camera_ids == camera).sum()))
        rows.append((camera_name(camera), *scores, images))
    columns = ("camera of the query", "queries", "mAP", "rank-1", "gallery images by it")
    note = "A camera that finds little, or whose images are hardly found, is worth a look."
    return section("cameras", "Cameras", note, table(columns, rows))


def _people(ranking: Ranking) -> str:
    query, gallery = ranking.lists.query, ranking.lists.gallery
    found = []
    for person in np.unique(query.person_ids).tolist():
        chosen = query.person_ids == person
        average = ranking.result.average_precisions[chosen]
        if not np.isnan(average).all():
            images = str(int((gallery.person_ids == person).sum()))
            row = (str(person), *_scores(ranking, chosen), images)
            found.append((float(np.nanmean(average)), row))
    found.sort(key=lambda each: each[0])
    shown = [row for _, row in found[:_PEOPLE]]
    columns = ("person", "queries", "mAP", "rank-1", "gallery images")
    rest = shown[_WORST_PEOPLE:]
    left = f"; {len(found) - _PEOPLE} more are left out" if len(found) > _PEOPLE else ""
    return section(
        "people",
        "People",
        f"Those whom the network finds worst come first, of {len(found)}{left}.",
        table(columns, shown[:_WORST_PEOPLE]),
        f"<details><summary>{len(rest)} more people</summary>{table(columns, rest)}</details>"
        if rest
        else "",
    )


def _scores(ranking: Ranking, chosen: np.ndarray) -> tuple[str, str, str]:
    """Queries, mAP and rank-1 of a part of the queries; only those with a true match count."""
    averages = ranking.result.average_precisions[chosen]
    valid = ~np.isnan(averages)
    if not valid.any():
        return "0", "-", "-"
    first = ranking.result.first_ranks[chosen][valid] == 1
    return str(int(valid.sum())), _percent(averages[valid].mean()), _percent(first.mean())


def _maps(ranking: Ranking, order: np.ndarray, attention: Attention) -> str:
    samples = [ranking.dataset.query[index] for index in evenly_spaced(order, _MAPS).tolist()]
    images = [load_image(sample.path) for sample in samples]
    return section(
        "attention",
        "Where the last map is active",
        f"{attention.description} Bright is strong, each crop by its own range. It shows where the "
        "network responds, not why it decides.",
        f'<div class="pairs">{"".join(_pairs(samples, images, attention))}</div>',
    )


def _pairs(
    samples: Sequence[Sample], images: Sequence[np.ndarray], attention: Attention
) -> list[str]:
    return [
        f'<div class="pair">{crops.crop(image, "query", _said(sample), "")}'
        f"{crops.crop(crops.heat(image, strength), 'query', 'activation', '')}</div>"
        for sample, image, strength in zip(samples, images, attention.maps(images), strict=True)
    ]


def _camera_count(lists: RankedLists) -> int:
    return len({*lists.query.camera_ids.tolist(), *lists.gallery.camera_ids.tolist()})


def _said(sample: Sample) -> str:
    return f"person {sample.person_id}, {camera_name(sample.camera_id)}, {sample.path.name}"


def _percent(share: float) -> str:
    return f"{100 * share:.1f}"


def _range(interval: tuple[float, float]) -> str:
    return f"{100 * interval[0]:.1f} to {100 * interval[1]:.1f}"
