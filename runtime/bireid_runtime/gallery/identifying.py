"""Whether a query is one of a gallery's people: its cosine with the mean of each one's entries."""

import sqlite3

import numpy as np

from bireid_runtime.calibration import Calibration
from bireid_runtime.gallery.code_table import CodeTable
from bireid_runtime.gallery.finding import Finder
from bireid_runtime.gallery.records import Match, Verdict
from bireid_runtime.search import products

# People whose means are compared: those with the nearest entries.
_CANDIDATES = 20


def match_people(
    database: sqlite3.Connection,
    table: CodeTable,
    finder: Finder,
    queries: np.ndarray,
    same: float,
    different: float,
    calibration: Calibration | None,
) -> list[Match]:
    """See `Gallery.match`.

    The mean over several entries tells people apart better than the best single entry; it is taken
    of those people whose entries are nearest.
    """
    allowed = table.allowed(None, None, None, enrolled=True)
    means: dict[int, np.ndarray] = {}
    matches = []
    for query in queries:
        nearest = finder.nearest(query, _CANDIDATES, allowed, one_per_person=True)
        people = [int(table.people[row]) for row, _ in nearest]
        for person in people:
            if person not in means:
                means[person] = finder.mean_of(table.people == person)
        if not people:
            matches.append(Match("different", None, None, -1.0))
            continue
        scores = products(np.stack([means[person] for person in people]), query)
        best = int(np.argmax(scores))
        (label,) = database.execute(
            "SELECT label FROM person WHERE id = ?", (people[best],)
        ).fetchone()
        score = float(scores[best])
        rate = None if calibration is None else calibration.rate(score)
        matches.append(Match(_verdict(score, same, different), people[best], label, score, rate))
    return matches


def _verdict(score: float, same: float, different: float) -> Verdict:
    if score >= same:
        return "same"
    return "different" if score < different else "undecided"
