"""Upper bounds on what a container holds: conservative scales of the edges (dual feasible functions).

A dual feasible function maps the edges along an axis so that items which fit side by side still do. The product of one
function per axis gives each item a weight such that every loading weighs at most one container. See Fekete and Schepers
(2004), "A general framework for bounds for higher-dimensional orthogonal packing problems", and Fekete, Schepers and van der
Veen (2007), "An exact algorithm for higher-dimensional orthogonal packing".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from solvers.packing.container.problem import ContainerProblem

    Ints = npt.NDArray[np.int64]
    Floats = npt.NDArray[np.float64]

_MAX_CELLS: Final = 2_000_000
_MOST_SCALES: Final = 14
_SAFETY: Final = 1e-9


def reachable_mm(edges: Ints, counts: Ints, length_mm: int) -> int:
    """Give the greatest length up to ``length_mm`` that items in a row fill exactly.

    Parameters
    ----------
    edges, counts
        (n,) edge lengths that may lie along the axis and how many items offer each.
    """
    reached = 1
    everything = (1 << (length_mm + 1)) - 1
    for edge, count in zip(edges.tolist(), counts.tolist(), strict=True):
        most = min(count, length_mm // edge)
        part = 1
        while most > 0:
            # doubling parts: every number of copies up to `most` is a sum of them
            take = min(part, most)
            reached |= (reached << (take * edge)) & everything
            most -= take
            part *= 2
    return reached.bit_length() - 1


def reachable_container(problem: ContainerProblem) -> tuple[int, int, int]:
    """Give the part of the container that items pushed together can reach; every loading fits into it."""
    size, item = problem.oriented()
    usable = problem.usable_quantity
    out = []
    for axis, length in enumerate(problem.container_mm):
        pairs = np.unique(np.column_stack([size[:, axis], item]), axis=0)
        out.append(reachable_mm(pairs[:, 0], usable[pairs[:, 1]], length))
    return out[0], out[1], out[2]


def _scales(edges: Ints, length: int, most: int) -> Floats:
    """Scaled edges (functions, n) as shares of the axis: the plain share, thresholds and roundings."""
    rows = [edges / length]
    for parts in (1, 2, 3, 4):
        # u^(k): an edge counts by how many of k + 1 equal parts it surely covers
        scaled = (parts + 1) * edges
        exact = scaled % length == 0
        rows.append(np.where(exact, edges / length, (scaled // length) / parts))
    distinct = np.unique(edges[2 * edges <= length])
    wanted = max(most - len(rows), 0) // 2
    if distinct.size > wanted > 0:
        distinct = distinct[np.linspace(0, distinct.size - 1, wanted).astype(np.int64)]
    for low in distinct.tolist() if wanted else []:
        # U^(e): long edges count whole, those shorter than e not at all
        rows.append(np.where(edges > length - low, 1.0, np.where(edges < low, 0.0, edges / length)))
        # phi^(e): as many pieces of length e as an edge holds
        pieces = length // low
        rows.append(
            np.where(
                2 * edges > length,
                1.0 - ((length - edges) // low) / pieces,
                np.where(2 * edges == length, 0.5, (edges // low) / pieces),
            )
        )
    return np.unique(np.vstack(rows[:most]), axis=0)


def item_weights(problem: ContainerProblem) -> Floats:
    """Weigh each item type by many products of scales; the items of any one loading weigh at most 1 by each.

    Returns
    -------
    array
        (num_scalings, num_types) weight of one item, the least over its orientations; 0 for types that do not fit.
    """
    size, item = problem.oriented()
    if item.size == 0:
        return np.zeros((1, problem.num_types))
    room = np.maximum(np.asarray(reachable_container(problem)), 1)
    most = int(np.clip((_MAX_CELLS / item.size) ** (1 / 3), 1, _MOST_SCALES))
    x, y, z = (_scales(size[:, axis], int(room[axis]), most) for axis in range(3))
    products = x[:, None, None, :] * y[None, :, None, :] * z[None, None, :, :]
    flat = products.reshape(-1, item.size)
    start = np.flatnonzero(np.r_[True, item[1:] != item[:-1]])
    weights = np.zeros((flat.shape[0], problem.num_types))
    weights[:, item[start]] = np.minimum.reduceat(flat, start, axis=1)
    return np.unique(weights, axis=0)


def value_bound(problem: ContainerProblem) -> int:
    """Give a value that no loading exceeds.

    The least over all scalings of the fractional knapsack of one container's weight.
    """
    assert problem.value is not None
    usable = problem.usable_quantity
    total = sum(int(v) * int(n) for v, n in zip(problem.value, usable, strict=True))
    weights = item_weights(problem)
    value = problem.value.astype(np.float64)
    count = usable.astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        density = np.where(weights > 0, value / weights, np.inf)
    order = np.argsort(-density, axis=1, kind="stable")
    weight = np.take_along_axis(weights, order, axis=1)
    all_weight = weight * count[order]
    before = np.cumsum(all_weight, axis=1) - all_weight
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(all_weight > 0, np.clip((1.0 - before) / all_weight, 0.0, 1.0), 1.0)
    best = float((share * (value * count)[order]).sum(axis=1).min(initial=np.inf))
    bound = min(total, int(best * (1 + _SAFETY) + _SAFETY))
    if np.array_equal(problem.value, problem.item_volume_mm3):
        # exact where the scalings are rounded up
        length, width, height = reachable_container(problem)
        bound = min(bound, length * width * height)
    return bound


def bins_bound(problem: ContainerProblem) -> int:
    """Give a number of containers below which the items of the problem do not fit.

    The largest over all scalings of the total weight; see also Martello, Pisinger and Vigo (2000), "The three-dimensional bin
    packing problem", whose bounds these contain.
    """
    assert problem.quantity is not None
    if not problem.quantity.any():
        return 0
    weights = item_weights(problem)
    heaviest = float((weights @ problem.quantity.astype(np.float64)).max())
    return max(1, int(np.ceil(heaviest * (1 - _SAFETY) - _SAFETY)))
