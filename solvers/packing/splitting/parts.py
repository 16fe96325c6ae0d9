"""Parts of sets: each distinct one packed once as a single parcel, whichever sets it is a part of."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from solvers.arrays import ranges
from solvers.packing.kernels_price import NO_PRICE
from solvers.packing.kernels_sets import FEASIBLE, OPTIMAL, OutArrays, SetArrays

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    Ints = npt.NDArray[np.int64]
    _Pack = Callable[[SetArrays, OutArrays], None]

_ROW_BYTES: Final = 4 * 8


class Contents(NamedTuple):
    """What is in some parts: part i holds `times[start[i]:start[i + 1]]` items of the types `kind`, which rise within a part."""

    start: Ints
    kind: Ints
    times: Ints
    packaging: Ints
    price_table: Ints


class PackedParts(NamedTuple):
    """Parts as parcels: their rows of `OutArrays.parcels` and `OutArrays.placements`, item types in place of entries."""

    parcels: Ints
    placement_start: Ints
    placements: npt.NDArray[np.int32]


def new_out(sets: SetArrays) -> OutArrays:
    """Take the memory for what is found of some sets."""
    num_units, num_entries = int(sets.unit_start[-1]), sets.entry_type.size
    return OutArrays(
        sets=np.zeros((sets.set_start.size - 1, 5), np.int64),
        parcels=np.zeros((num_units, 7), np.int64),
        placements=np.zeros((num_units, 8), np.int32),
        left=np.zeros(num_entries, np.int64),
        reason=np.zeros(num_entries, np.int64),
    )


class Parts:
    """The parts packed so far.

    Parameters
    ----------
    pack_alone
        Packs every one of the sets it is given into a single parcel, if it can.
    in_earnest
        Does so with more effort; None where there is none.

    Attributes
    ----------
    price, bound
        Of each part, by its number: the price of its parcel, `NO_PRICE` where none was found, and a bound on any.
    """

    def __init__(self, pack_alone: _Pack, in_earnest: _Pack | None = None) -> None:
        self._pack_alone, self._in_earnest = pack_alone, in_earnest
        self._number: dict[bytes, int] = {}
        self._blocks: list[tuple[SetArrays, OutArrays]] = []
        self._block, self._row = np.zeros(0, np.int64), np.zeros(0, np.int64)
        self.price, self.bound = np.zeros(0, np.int64), np.zeros(0, np.int64)

    def adopt(self, sets: SetArrays, out: OutArrays, chosen: Ints) -> None:
        """Take sets that went into one parcel as parts already packed.

        Their rows in `out` are read when the parts are asked for, so they must not change until then.
        """
        status, num_parcels = out.sets[chosen, 0], out.sets[chosen, 3]
        rises = np.diff(sets.entry_type, prepend=-1) > 0
        rises[sets.set_start[:-1][np.diff(sets.set_start) > 0]] = True
        broken = np.r_[0, np.cumsum(~rises)]
        plain = broken[sets.set_start[1:]] == broken[sets.set_start[:-1]]
        chosen = chosen[((status == OPTIMAL) | (status == FEASIBLE)) & (num_parcels == 1) & plain[chosen]]
        size = np.diff(sets.set_start)[chosen]
        rows = ranges(sets.set_start[chosen], size)
        contents = Contents(
            np.r_[0, np.cumsum(size)],
            sets.entry_type[rows],
            sets.entry_quantity[rows],
            sets.packaging[chosen],
            sets.price_table[chosen],
        )
        number = [self._number.setdefault(key, len(self._number)) for key in _keys(contents)]
        _, first = np.unique(np.array(number, dtype=np.int64), return_index=True)
        self._append(sets, out, chosen[first])

    def numbers(self, contents: Contents) -> Ints:
        """Give the number of each part, packing those that are new."""
        keys = _keys(contents)
        known = len(self._number)
        number = np.array([self._number.setdefault(key, len(self._number)) for key in keys], dtype=np.int64)
        if len(self._number) > known:
            fresh, first = np.unique(number, return_index=True)
            self._pack(contents, first[fresh >= known])
        return number

    @property
    def can_improve(self) -> bool:
        """Whether there is more effort to be had."""
        return self._in_earnest is not None

    def improve(self, number: Ints) -> None:
        """Pack some parts, each named once, again in earnest; keep what is cheaper and what bounds better."""
        assert self._in_earnest is not None
        pieces = [(self._blocks[b][0], r) for b, r in zip(self._block[number], self._row[number], strict=True)]
        entries = [slice(int(sets.set_start[r]), int(sets.set_start[r + 1])) for sets, r in pieces]
        contents = Contents(
            np.cumsum([0, *(one.stop - one.start for one in entries)]),
            np.concatenate([sets.entry_type[one] for (sets, _), one in zip(pieces, entries, strict=True)]),
            np.concatenate([sets.entry_quantity[one] for (sets, _), one in zip(pieces, entries, strict=True)]),
            np.array([sets.packaging[r] for sets, r in pieces], dtype=np.int64),
            np.array([sets.price_table[r] for sets, r in pieces], dtype=np.int64),
        )
        sets = _as_sets(contents, np.arange(number.size, dtype=np.int64))
        out = new_out(sets)
        self._in_earnest(sets, out)
        price = np.where(out.sets[:, 3] == 1, out.sets[:, 1], NO_PRICE)
        better = np.flatnonzero(price < self.price[number])
        self.price[number[better]] = price[better]
        self._block[number[better]], self._row[number[better]] = len(self._blocks), better
        self.bound[number] = np.maximum(self.bound[number], out.sets[:, 2])
        self._blocks.append((sets, out))

    def packed(self, number: Ints) -> PackedParts:
        """Give the parcels of parts that have one, in the order asked for."""
        block, row = self._block[number], self._row[number]
        num_units = np.zeros(number.size, np.int64)
        parcels = np.zeros((number.size, 7), np.int64)
        for b, (sets, out) in enumerate(self._blocks):
            mine = np.flatnonzero(block == b)
            parcels[mine] = out.parcels[sets.unit_start[row[mine]]]
            num_units[mine] = parcels[mine, 6]
        start = np.r_[0, np.cumsum(num_units)]
        placements = np.zeros((int(start[-1]), 8), np.int32)
        for b, (sets, out) in enumerate(self._blocks):
            mine = np.flatnonzero(block == b)
            rows = out.placements[ranges(sets.unit_start[row[mine]], num_units[mine])]
            rows[:, 1] = sets.entry_type[rows[:, 1]]
            placements[ranges(start[mine], num_units[mine])] = rows
        return PackedParts(parcels, start, placements)

    def _pack(self, contents: Contents, chosen: Ints) -> None:
        sets = _as_sets(contents, chosen)
        out = new_out(sets)
        self._pack_alone(sets, out)
        self._append(sets, out, np.arange(chosen.size, dtype=np.int64))

    def _append(self, sets: SetArrays, out: OutArrays, rows: Ints) -> None:
        found = out.sets[rows, 3] == 1
        self.price = np.r_[self.price, np.where(found, out.sets[rows, 1], NO_PRICE)]
        self.bound = np.r_[self.bound, out.sets[rows, 2]]
        self._block = np.r_[self._block, np.full(rows.size, len(self._blocks))]
        self._row = np.r_[self._row, rows]
        self._blocks.append((sets, out))


def _as_sets(contents: Contents, chosen: Ints) -> SetArrays:
    """Give some parts as sets of their own."""
    size = np.diff(contents.start)[chosen]
    rows = ranges(contents.start[chosen], size)
    set_start = np.r_[0, np.cumsum(size)]
    units = np.r_[0, np.cumsum(contents.times[rows])][set_start]
    return SetArrays(
        set_start,
        contents.kind[rows],
        contents.times[rows],
        contents.packaging[chosen],
        contents.price_table[chosen],
        units,
    )


def _keys(contents: Contents) -> list[bytes]:
    """Give what tells parts apart: packaging, price table, and their items."""
    size = np.diff(contents.start)
    packaging, table = np.repeat(contents.packaging, size), np.repeat(contents.price_table, size)
    text = np.ascontiguousarray(np.stack([packaging, table, contents.kind, contents.times], axis=1)).tobytes()
    at = (contents.start * _ROW_BYTES).tolist()
    return [text[a:b] for a, b in pairwise(at)]
