"""Who gets the cartons of which there are too few: those to whom doing without them costs most."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from solvers.arrays import ranges
from solvers.packing.cartons import NO_STOCK_LIMIT
from solvers.packing.kernels_sets import FEASIBLE, OPTIMAL, OutArrays, SetArrays
from solvers.packing.solution import Reason

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    Ints = npt.NDArray[np.int64]
    Flags = npt.NDArray[np.bool_]

_PER_UNIT: Final = 2.0**60


def ration(on_hand: Ints, sets: SetArrays, out: OutArrays, pack_without: Callable[[Flags, Ints], None]) -> None:
    """Hand out cartons of which there are too few; the sets that get none are packed without them.

    One kind of carton after another, the one most in excess first: every set that uses it is packed without it, too, and it
    goes to those that would leave most units behind or pay most for each carton saved. A set packed anew keeps the bound it
    had with all cartons. In the end, what was given up and is left over goes back to those that lost it.

    Parameters
    ----------
    on_hand
        How many there are of each carton.
    sets, out
        The sets, and what was found with all cartons; changed in place.
    pack_without
        Packs sets anew without some cartons.
    """
    limited = on_hand < NO_STOCK_LIMIT
    if not limited.any():
        return
    closed = np.zeros(on_hand.size, np.bool_)
    lost: list[tuple[_Kept, Flags]] = []
    while True:
        use = _uses(sets, out, on_hand.size)
        excess = np.where(limited, use.total - on_hand, 0)
        if excess.max() <= 0:
            break
        scarce = int(np.argmax(excess))
        closed[scarce] = True
        owner, count = use.of(scarce)
        kept = _Kept(sets, out, owner)
        pack_without(closed, owner)
        kept.mark()
        regret = kept.regret()
        wins = _winners(regret / count, count, int(on_hand[scarce]))
        kept.restore(wins)
        left = int(on_hand[scarce] - count[wins].sum())
        for at in np.flatnonzero(~wins & (regret >= _PER_UNIT)):
            left -= kept.restore_some(int(at), scarce, left)
        lost.append((kept, ~wins))

    def current(s: int) -> Ints:
        first = int(sets.unit_start[s])
        return np.asarray(out.parcels[first : first + int(out.sets[s, 3]), 0])

    _give_back(on_hand, use.total, lost, current)


def _winners(regret: npt.NDArray[np.float64], count: Ints, left: int) -> Flags:
    """Choose who keeps a carton: the greatest regret for each carton first, as long as they last."""
    wins = np.zeros(count.size, np.bool_)
    for at in np.argsort(-regret, kind="stable"):
        if count[at] <= left:
            wins[at] = True
            left -= int(count[at])
    return wins


class _Uses(NamedTuple):
    """How many cartons of each kind sets use: `times` of `carton` by `owner`, in the order of the sets; and in all."""

    owner: Ints
    carton: Ints
    times: Ints
    total: Ints

    def of(self, carton: int) -> tuple[Ints, Ints]:
        mine = self.carton == carton
        return self.owner[mine], self.times[mine]


def _uses(sets: SetArrays, out: OutArrays, num_cartons: int) -> _Uses:
    num = out.sets[:, 3]
    carton = out.parcels[ranges(sets.unit_start[:-1], num), 0]
    key, count = np.unique(np.repeat(np.arange(num.size), num) * num_cartons + carton, return_counts=True)
    return _Uses(key // num_cartons, key % num_cartons, count, np.bincount(carton, minlength=num_cartons))


class _Kept:
    """What was found of some sets, to be put back."""

    def __init__(self, sets: SetArrays, out: OutArrays, owner: Ints) -> None:
        self._sets, self._out, self.owner = sets, out, owner
        units, entries = self._rows(owner)
        self.state, self._left, self._reason = out.sets[owner], out.left[entries], out.reason[entries]
        self._parcels, self._placements = out.parcels[units], out.placements[units]
        self._first = np.r_[0, np.cumsum(np.diff(sets.unit_start)[owner])]
        self.units_left = _units_left(sets, out, owner)

    def _rows(self, owner: Ints) -> tuple[Ints, Ints]:
        sets = self._sets
        units = ranges(sets.unit_start[owner], np.diff(sets.unit_start)[owner])
        return units, ranges(sets.set_start[owner], np.diff(sets.set_start)[owner])

    def cartons(self, at: int) -> Ints:
        """Give the carton of each parcel of one of the sets."""
        first = int(self._first[at])
        return np.asarray(self._parcels[first : first + int(self.state[at, 3]), 0])

    def restore(self, wins: Flags) -> None:
        """Put back what was found of those sets."""
        out, owner = self._out, self.owner[wins]
        units, entries = self._rows(owner)
        of_unit = np.repeat(wins, np.diff(self._sets.unit_start)[self.owner])
        of_entry = np.repeat(wins, np.diff(self._sets.set_start)[self.owner])
        out.sets[owner] = self.state[wins]
        out.parcels[units], out.placements[units] = self._parcels[of_unit], self._placements[of_unit]
        out.left[entries], out.reason[entries] = self._left[of_entry], self._reason[of_entry]

    def restore_some(self, at: int, carton: int, most: int) -> int:
        """Put back one set with at most so many of a carton where that leaves fewer units behind; give how many it takes."""
        out, s, first = self._out, int(self.owner[at]), int(self._first[at])
        parcels = self._parcels[first : first + int(self.state[at, 3])]
        placements = self._placements[first : first + int(self.state[at, 4])]
        using = np.flatnonzero(parcels[:, 0] == carton)
        dropped = using[np.argsort(-parcels[using, 6], kind="stable")[most:]]
        stays = np.isin(np.arange(len(parcels)), dropped, invert=True)
        entries = np.arange(self._sets.set_start[s], self._sets.set_start[s + 1])
        begin = int(np.diff(self._sets.set_start)[self.owner[:at]].sum())
        before = self._left[begin : begin + entries.size]
        placed = stays[placements[:, 0]]
        more = np.bincount(placements[~placed, 1] - entries[0], minlength=entries.size)
        if most == 0 or not stays.any() or (before + more).sum() >= out.left[entries].sum():
            return 0
        kept = placements[placed]
        kept[:, 0] = (np.cumsum(stays) - 1)[kept[:, 0]]
        unit = int(self._sets.unit_start[s])
        out.parcels[unit : unit + int(stays.sum())] = parcels[stays]
        out.placements[unit : unit + len(kept)] = kept
        out.left[entries] = before + more
        out.reason[entries] = np.where(more > 0, Reason.OUT_OF_CARTONS, self._reason[begin : begin + entries.size])
        out.sets[s] = [FEASIBLE, parcels[stays, 1].sum(), 0, stays.sum(), len(kept)]
        return min(most, using.size)

    def regret(self) -> npt.NDArray[np.float64]:
        """Give what is lost by what was found of the sets since: units left behind above all, then price."""
        more_left = _units_left(self._sets, self._out, self.owner) - self.units_left
        dearer = self._out.sets[self.owner, 1] - self.state[:, 1]
        return np.asarray(more_left * _PER_UNIT + dearer, dtype=np.float64)

    def regret_of(self, at: int) -> float:
        """Give what one of the sets has lost since."""
        s = self.owner[at]
        left = int(self._out.left[self._sets.set_start[s] : self._sets.set_start[s + 1]].sum())
        dearer = int(self._out.sets[s, 1] - self.state[at, 1])
        return (left - int(self.units_left[at])) * _PER_UNIT + dearer

    def mark(self) -> None:
        """Say of what is left behind since that cartons ran out, and keep the bounds there were."""
        out = self._out
        entries = self._rows(self.owner)[1]
        more = out.left[entries] > self._left
        out.reason[entries[more]] = Reason.OUT_OF_CARTONS
        state = out.sets[self.owner]
        packed = (state[:, 0] == OPTIMAL) | (state[:, 0] == FEASIBLE)
        bound = np.where(packed, np.minimum(self.state[:, 2], state[:, 1]), state[:, 2])
        out.sets[self.owner, 2] = bound
        out.sets[self.owner[packed], 0] = np.where(bound == state[:, 1], OPTIMAL, FEASIBLE)[packed]


def _units_left(sets: SetArrays, out: OutArrays, owner: Ints) -> Ints:
    before = np.r_[0, np.cumsum(out.left)]
    return np.asarray(before[sets.set_start[owner + 1]] - before[sets.set_start[owner]])


def _give_back(on_hand: Ints, use: Ints, lost: list[tuple[_Kept, Flags]], current: Callable[[int], Ints]) -> None:
    """Put back what sets gave up where there are cartons enough after all, the dearest loss first."""
    losses = [(loss, k, int(at)) for k, (kept, lose) in enumerate(lost) for at, loss in _losses(kept, lose)]
    free = on_hand - use
    if not losses or free[on_hand < NO_STOCK_LIMIT].max() <= 0:
        return
    for _, k, at in sorted(losses, key=lambda loss: (-loss[0], *loss[1:])):
        kept = lost[k][0]
        again = np.bincount(kept.cartons(at), minlength=on_hand.size)
        left = free + np.bincount(current(int(kept.owner[at])), minlength=on_hand.size) - again
        if left.min() >= 0 and kept.regret_of(at) > 0:
            kept.restore(np.arange(kept.owner.size) == at)
            free = left


def _losses(kept: _Kept, lose: Flags) -> list[tuple[int, float]]:
    regret = kept.regret()
    return [(int(at), float(regret[at])) for at in np.flatnonzero(lose & (regret > 0))]
