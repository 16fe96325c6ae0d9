"""What is wrong with the layout of one container, recomputed from the raw problem without the kernels."""

from __future__ import annotations

from itertools import permutations
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from solvers.packing.container.problem import ContainerProblem

    Ints = npt.NDArray[np.int64]

_ROWS_AT_ONCE: Final = 256
_MOST_LISTED: Final = 20


def layout_violations(problem: ContainerProblem, item_type: Ints, position_mm: Ints, size_mm: Ints) -> list[str]:
    """List what is wrong with items placed in one container; quantities are not looked at.

    Parameters
    ----------
    problem
        The container, the items and the support that is asked.
    item_type
        (num_items,) type of each placed item.
    position_mm, size_mm
        (num_items, 3) low corner and extent of each.

    Returns
    -------
    list of str
        One sentence each, at most twenty; empty when all is well.
    """
    found = _outside(problem, position_mm, size_mm)
    found += _turned_wrongly(problem, item_type, size_mm)
    found += _overlaps(position_mm, size_mm)
    if problem.support_share > 0:
        found += _hanging(problem.support_share, position_mm, size_mm)
    return found[:_MOST_LISTED]


def _outside(problem: ContainerProblem, position_mm: Ints, size_mm: Ints) -> list[str]:
    end = position_mm + size_mm
    bad = np.flatnonzero(np.any((position_mm < 0) | (end > np.asarray(problem.container_mm)), axis=1))
    return [f"item {i} reaches from {position_mm[i]} to {end[i]}, outside {problem.container_mm}." for i in bad]


def _turned_wrongly(problem: ContainerProblem, item_type: Ints, size_mm: Ints) -> list[str]:
    assert problem.vertical is not None
    allowed = np.zeros(item_type.size, np.bool_)
    for order in permutations(range(3)):
        same = np.all(problem.edge_mm[item_type][:, order] == size_mm, axis=1)
        allowed |= same & problem.vertical[item_type, order[2]]
    return [
        f"item {i} of type {item_type[i]} lies as {size_mm[i]}, which its edges {problem.edge_mm[item_type[i]]} do not allow."
        for i in np.flatnonzero(~allowed)
    ]


def _overlaps(position_mm: Ints, size_mm: Ints) -> list[str]:
    found: list[str] = []
    end = position_mm + size_mm
    for start in range(0, len(position_mm), _ROWS_AT_ONCE):
        rows = slice(start, start + _ROWS_AT_ONCE)
        meets = np.all((position_mm[rows, None] < end[None]) & (position_mm[None] < end[rows, None]), axis=2)
        for i, j in np.argwhere(meets):
            if start + i < j:
                found.append(f"items {start + i} and {j} overlap.")
    return found


def _hanging(share: float, position_mm: Ints, size_mm: Ints) -> list[str]:
    """Items whose base rests on less than a share; each is measured against the tops at exactly its level."""
    found: list[str] = []
    end = position_mm + size_mm
    for i in np.flatnonzero(position_mm[:, 2] > 0):
        below = np.flatnonzero(end[:, 2] == position_mm[i, 2])
        low = np.maximum(position_mm[below, :2], position_mm[i, :2])
        high = np.minimum(end[below, :2], end[i, :2])
        rests = int(np.prod(np.maximum(high - low, 0), axis=1).sum())
        base = int(size_mm[i, 0] * size_mm[i, 1])
        if rests < share * base:
            found.append(f"item {i} rests on {rests} of {base} square millimetres; it needs {share:.0%}.")
    return found
