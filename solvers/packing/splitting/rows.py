"""What moves as one when a set is split: single units, and units that are kept together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from solvers.arrays import ranges
from solvers.packing.splitting.parts import Contents

if TYPE_CHECKING:
    import numpy.typing as npt

    from solvers.packing.kernels_sets import SetArrays
    from solvers.packing.kernels_work import ItemArrays

    Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of some sets, in the order of the sets: `quantity` times the same items each.

    Parameters
    ----------
    chosen
        The sets.
    start
        Rows of each set: `start[i]:start[i + 1]`.
    owner
        Position of each row's set in `chosen`.
    quantity, together
        How often there is each row, and the mark that keeps its units together; 0 where the row is a single unit.
    item_start, kind, count
        Items of each row: `count` items of type `kind`, types rising.
    packaging, price_table
        Of each set.
    weight_g, volume, cents, hazard, ships_alone
        Of each row; the hazard class is 0 for none.
    """

    chosen: Ints
    start: Ints
    owner: Ints
    quantity: Ints
    together: Ints
    item_start: Ints
    kind: Ints
    count: Ints
    packaging: Ints
    price_table: Ints
    weight_g: Ints
    volume: Ints
    cents: Ints
    hazard: Ints
    ships_alone: npt.NDArray[np.bool_]

    @classmethod
    def of(cls, sets: SetArrays, together: Ints, items: ItemArrays, chosen: Ints) -> Rows:
        """Gather the rows of the chosen sets; equal units of a set are one row."""
        size = np.diff(sets.set_start)[chosen]
        entry, owner = ranges(sets.set_start[chosen], size), np.repeat(np.arange(chosen.size), size)
        order = np.lexsort((sets.entry_type[entry], together[entry], owner))
        entry, owner = entry[order], owner[order]
        kind, mark = sets.entry_type[entry], together[entry]
        is_new_mark = np.diff(owner, prepend=-1).astype(bool) | np.diff(mark, prepend=-1).astype(bool)
        is_new_item = is_new_mark | (np.diff(kind, prepend=-1) != 0)
        first = np.flatnonzero(is_new_item)
        units = np.add.reduceat(sets.entry_quantity[entry], first) if first.size else first
        owner, kind, mark, begins = owner[first], kind[first], mark[first], is_new_mark[first]
        item_start = np.flatnonzero(begins | (mark == 0))
        is_single = mark[item_start] == 0
        count = np.where(mark == 0, 1, units)

        def total(values: Ints) -> Ints:
            return np.add.reduceat(values, item_start) if item_start.size else values

        hazard = items.hazard_class[kind]
        return cls(
            chosen=chosen,
            start=np.searchsorted(owner[item_start], np.arange(chosen.size + 1)).astype(np.int64),
            owner=owner[item_start],
            quantity=np.where(is_single, units[item_start], 1),
            together=mark[item_start],
            item_start=np.r_[item_start, kind.size],
            kind=kind,
            count=count,
            packaging=sets.packaging[chosen],
            price_table=sets.price_table[chosen],
            weight_g=total(count * items.weight_g[kind]),
            volume=total(count * items.edges[kind].prod(axis=1)),
            cents=total(count * items.protection_cents[kind]),
            hazard=np.maximum.reduceat(hazard, item_start) if item_start.size else hazard,
            ships_alone=total(items.ships_alone[kind]) > 0,
        )

    def of_set(self, position: int) -> slice:
        """Give the rows of the set at that position of `chosen`."""
        return slice(int(self.start[position]), int(self.start[position + 1]))

    def each_alone(self) -> Contents:
        """Give every row, once, as a part of its own."""
        return Contents(
            self.item_start, self.kind, self.count, self.packaging[self.owner], self.price_table[self.owner]
        )

    def contents(self, position: Ints, row_start: Ints, row: Ints, times: Ints) -> Contents:
        """Give the contents of parts.

        Parameters
        ----------
        position
            The set of each part, as a position in `chosen`.
        row_start, row, times
            Rows of each part, `row_start[i]:row_start[i + 1]`, and how often each is in it.
        """
        size = np.diff(self.item_start)[row]
        item = ranges(self.item_start[row], size)
        part = np.repeat(np.repeat(np.arange(position.size), np.diff(row_start)), size)
        kind, count = self.kind[item], self.count[item] * np.repeat(times, size)
        order = np.lexsort((kind, part))
        part, kind, count = part[order], kind[order], count[order]
        # An item may be in a part by itself and with what it is kept together with.
        first = np.flatnonzero((np.diff(part, prepend=-1) != 0) | (np.diff(kind, prepend=-1) != 0))
        return Contents(
            np.searchsorted(part[first], np.arange(position.size + 1)).astype(np.int64),
            kind[first],
            np.add.reduceat(count, first) if first.size else count,
            self.packaging[position],
            self.price_table[position],
        )
