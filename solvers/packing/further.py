"""Going on by the clock with sets in one parcel that is not proven to be the cheapest."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Final

from solvers.packing.kernels_carton import FITS, REFUTED
from solvers.packing.kernels_further import list_open, refute_open, try_open
from solvers.packing.kernels_sets import FEASIBLE, OPTIMAL
from solvers.packing.kernels_work import TOTAL_UNITS

if TYPE_CHECKING:
    from collections.abc import Callable

    from solvers.packing.memory import Memory
    from solvers.packing.splitting.partition import Arrays

_TRIES: Final = 1_000
"""Packings tried in a row, each a small change of the one before: some hundredths of a second."""
_MANY_UNITS: Final = 30
_FEWEST_TRIES: Final = 200
_SEED_STEP: Final = 7_919
_FIRST_PROOF: Final = 8
_PROOF_GROWTH: Final = 4
_FEWEST_NODES: Final = 1_000
_NODES_PER_SECOND: Final = 500_000
"""Fewer than are searched: the exact search does not look at the clock."""
_FEW_UNITS: Final = 14
"""So few items are searched patiently, and faster, as fewer distances between them are kept closed."""
_NODES_OF_FEW_PER_SECOND: Final = 700_000


@dataclass(slots=True)
class _Box:
    """A carton that may do for less: when it is next searched exactly, and how far."""

    carton: int
    price: int
    nodes: int
    turns: int = 0
    next_proof: int = _FIRST_PROOF


def go_on(s: int, arrays: Arrays, memory: Memory, seconds: float, clock: Callable[[], float]) -> bool:
    """Try one set in the cartons that cost less than its own until one of them is proven the cheapest or time is out.

    The dearest gets half of the tries, the next half of the rest, and so on: a step down is likelier than two. Each is
    also searched exactly, ever farther and ever less often.

    Parameters
    ----------
    s
        The set; nothing happens unless it is in one parcel and more parcels cannot cost less.
    arrays
        The problem, the effort spent so far and what was found, which is changed.
    memory
        Memory for one thread.
    seconds
        Time to spend.
    clock
        Gives the seconds.

    Returns
    -------
    bool
        Whether there was anything to try.
    """
    a, (group, work, search) = arrays, memory
    until = clock() + seconds
    num = list_open(s, group, work, a.items, a.rules, a.cartons, a.prices, a.sets, a.out)
    listed = zip(work.carton_turn[:num].tolist(), work.carton_key[:num].tolist(), strict=True)
    open_ = [_Box(carton, price, max(_FEWEST_NODES, a.rules.node_limit)) for carton, price in listed]
    units = int(group.total[TOTAL_UNITS])
    is_patient = units <= _FEW_UNITS
    tries = max(_FEWEST_TRIES, _TRIES * _MANY_UNITS // max(_MANY_UNITS, units))
    for turn in count(1):
        boxes = [box for box in open_ if a.cartons.is_flat[box.carton] == 0]
        left = until - clock()
        if not boxes or left <= 0:
            break
        if is_patient and len(open_) == 1:
            # A search of few items comes to its end now and then though it has stood still for long.
            is_patient = False
            nodes = int(left * _NODES_OF_FEW_PER_SECOND)
            if refute_open(open_[0].carton, nodes, group, work, search, a.cartons):
                open_.clear()
                break
        box = boxes[-min((turn & -turn).bit_length(), len(boxes))]
        rules = a.rules._replace(seed=a.rules.seed + _SEED_STEP * turn)
        nodes = _nodes(box, left)
        result = try_open(s, box.carton, tries, nodes, group, work, search, rules, a.cartons, a.prices, a.sets, a.out)
        if result == FITS:
            open_ = [other for other in open_ if other.price < a.out.sets[s, 1]]
        elif result == REFUTED:
            open_.remove(box)
    if num:
        _settle(s, a, min((box.price for box in open_), default=int(a.out.sets[s, 1])))
    return num > 0


def _nodes(box: _Box, left: float) -> int:
    """Give how many nodes of the exact search are due for a box; mostly none."""
    box.turns += 1
    if box.turns < box.next_proof:
        return 0
    box.next_proof *= _PROOF_GROWTH
    box.nodes *= _PROOF_GROWTH
    return min(box.nodes, int(left * _NODES_PER_SECOND))


def _settle(s: int, arrays: Arrays, least: int) -> None:
    """Note that a set has no parcel that costs less than `least`."""
    state = arrays.out.sets[s]
    state[2] = min(int(state[1]), max(int(state[2]), least))
    state[0] = OPTIMAL if state[2] == state[1] else FEASIBLE
