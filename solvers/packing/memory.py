"""The memory that threads work in: taken once for a problem, and again only where a set needs more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from solvers.packing.kernels_work import Group, Search, Work, make_group, make_search, make_work

if TYPE_CHECKING:
    from solvers.packing.kernels_work import CartonArrays

_FEWEST_UNITS: Final = 16


class Memory(NamedTuple):
    """What one thread works in."""

    group: Group
    work: Work
    search: Search


class Memories:
    """The memory of every thread, by the number of units that it serves.

    Parameters
    ----------
    most_entries
        Most entries of any set.
    cartons
        The cartons there are.
    """

    def __init__(self, most_entries: int, cartons: CartonArrays) -> None:
        self._most_entries = most_entries
        self._num_cartons, self._max_edge_mm = cartons.cost_cents.size, int(cartons.inner.max())
        self._known: dict[tuple[int, int], Memory] = {}

    def of_thread(self, thread: int, units: int) -> Memory:
        """Give the memory in which a thread packs sets of up to so many units."""
        # Sizes are doubled so that there are few, and little is larger than it needs to be.
        size = max(_FEWEST_UNITS, 1 << (units - 1).bit_length())
        key = (thread, size)
        if key not in self._known:
            self._known[key] = Memory(
                make_group(self._most_entries),
                make_work(size, self._most_entries, self._num_cartons, self._max_edge_mm),
                make_search(self._most_entries, self._max_edge_mm),
            )
        return self._known[key]
