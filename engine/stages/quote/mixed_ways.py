"""Mixed ways: parcels of one candidate, some with a carrier of limited pickups and the others without it."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np
import numpy.typing as npt

from engine.stages.quote.rating import Rated, Ways
from solvers.arrays import ranges

Ints = npt.NDArray[np.int64]

_MOST_MIXED: Final = 8
"""Mixed ways between one way and another: an order of very many parcels must not fill the night with offers."""
_NEVER: Final = 2**62


def with_mixed_ways(rated: Rated) -> Rated:
    """Add, between each candidate's cheapest way and each without certain carriers, the best way for every number of parcels.

    To keep a carrier for so many parcels and no more, those keep it that would pay most for another; so of one limited
    carrier no way is lost.

    Parameters
    ----------
    rated
        The ways, each all with or all without.
    """
    candidates, variants, rows = [], [], []
    for way, without, cheapest, extra in _between(rated):
        # Dearest first, those that nobody else carries before all others.
        by_extra = np.argsort(-extra, kind="stable")
        least = max(1, int((extra == _NEVER).sum()))
        for kept in range(least, min(int((extra >= 0).sum()), least + _MOST_MIXED)):
            mixed = without.copy()
            mixed[by_extra[:kept]] = cheapest[by_extra[:kept]]
            candidates.append(rated.ways.candidate[way])
            variants.append(rated.ways.variant[way])
            rows.append(mixed)
    if not rows:
        return rated
    ways = Ways(
        np.append(rated.ways.candidate, np.array(candidates, np.int64)),
        np.append(rated.ways.variant, np.array(variants, np.int64)),
    )
    added = np.repeat(np.arange(len(rows)) + len(rated.ways.candidate), [len(mixed) for mixed in rows])
    return _sorted(rated, ways, np.append(rated.way, added), np.concatenate([np.arange(len(rated.way)), *rows]))


def _between(rated: Rated) -> list[tuple[int, Ints, Ints, Ints]]:
    """Give the ways that differ in two parcels or more from their candidate's cheapest: the way, its rows, the cheapest's.

    Last what each parcel costs more in it: -1 where it goes the same way in both, `_NEVER` where nobody else carries it.
    """
    variant, choice = rated.ways.variant, rated.choice
    count = np.bincount(rated.way, minlength=len(variant))
    start = np.cumsum(count) - count
    several = np.flatnonzero((variant > 0) & (count > 1))
    # The ways of a candidate stand side by side, the cheapest first.
    first = several - variant[several]
    without, cheapest = ranges(start[several], count[several]), ranges(start[first], count[several])
    lane = rated.lane[choice.option] if len(rated.lane) else choice.option
    extra = choice.total_cents[without] - choice.total_cents[cheapest]
    extra = np.where(lane[without] == lane[cheapest], -1, extra)
    extra = np.where(choice.is_feasible[without], extra, _NEVER)
    end = np.cumsum(count[several])
    found = []
    for way, begin, stop in zip(several.tolist(), (end - count[several]).tolist(), end.tolist(), strict=True):
        own = slice(begin, stop)
        if (extra[own] >= 0).sum() > 1 and choice.is_feasible[cheapest[own]].all():
            found.append((way, without[own], cheapest[own], extra[own]))
    return found


def _sorted(rated: Rated, ways: Ways, way: Ints, source: Ints) -> Rated:
    """Give ways side by side by candidate, and their rows, each as the row it is taken from."""
    order = np.argsort(ways.candidate, kind="stable")
    number = np.empty(len(order), np.int64)
    number[order] = np.arange(len(order))
    rows = np.argsort(number[way], kind="stable")
    taken = source[rows]
    choice = replace(
        rated.choice, **{name: getattr(rated.choice, name)[taken] for name in rated.choice.__dataclass_fields__}
    )
    return replace(
        rated,
        ways=Ways(ways.candidate[order], ways.variant[order]),
        way=number[way][rows],
        parcel=rated.parcel[taken],
        choice=choice,
    )
