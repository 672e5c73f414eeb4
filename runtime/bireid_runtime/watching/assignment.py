"""Exact assignment of least cost, in NumPy alone."""

import numpy as np


def assign(costs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pair rows with columns so that the sum of costs is least; all of the fewer ones are paired.

    Shortest augmenting paths with potentials (Jonker and Volgenant, Computing 38, 1987).

    Args:
        costs: float64 (N, M), finite.

    Returns:
        Rows in ascending order and their columns, int64 (min(N, M),) each.
    """
    if costs.shape[0] > costs.shape[1]:
        columns, rows = assign(costs.T)
        order = np.argsort(rows, kind="stable")
        return rows[order], columns[order]
    count, width = costs.shape
    # Position 0 stands for "none yet".
    padded = np.zeros((count + 1, width + 1))
    padded[1:, 1:] = costs
    of_row, of_column = np.zeros(count + 1), np.zeros(width + 1)
    owner = np.zeros(width + 1, np.int64)
    for row in range(1, count + 1):
        owner[0] = row
        came_from = np.zeros(width + 1, np.int64)
        slack = np.full(width + 1, np.inf)
        done = np.zeros(width + 1, bool)
        column = 0
        while owner[column] or column == 0:
            done[column] = True
            here = owner[column]
            reduced = padded[here] - of_row[here] - of_column
            nearer = ~done & (reduced < slack)
            slack[nearer], came_from[nearer] = reduced[nearer], column
            column = int(np.argmin(np.where(done, np.inf, slack)))
            step = slack[column]
            of_row[owner[done]] += step
            of_column[done] -= step
            slack[~done] -= step
        while column:
            owner[column] = owner[came_from[column]]
            column = int(came_from[column])
    columns = np.flatnonzero(owner[1:])
    rows = owner[1:][columns] - 1
    order = np.argsort(rows, kind="stable")
    return rows[order], columns[order]
