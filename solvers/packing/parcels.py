"""Parcels as arrays: what is in each, where each item lies, and what is left."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Parcels:
    """Parcels, where each item lies in them, and what is left, in the order of the sets.

    Parameters
    ----------
    set_status
        Position in `STATUSES` of each set. A set with units left out is judged on the rest; INFEASIBLE: proven that nothing
        of it can be packed as asked; NO_SOLUTION: nothing found, nothing proven.
    set_cost, set_bound
        Price of each set's parcels together, and a proven lower bound on it.
    parcel_set, parcel_carton, parcel_cost, parcel_weight_g
        Of each parcel; the weight is gross: items, protection and carton.
    billed_length_mm, billed_width_mm, billed_height_mm
        Outer size of each parcel.
    placement_parcel, placement_entry, placement_type, placement_step
        Of each placed unit: its parcel, its entry in the problem, its item type, and its turn in the parcel from 0. Steps go
        bottom up: when a unit's turn comes, nothing lies above its place.
    position_mm, size_mm
        Rows x, y, z and dx, dy, dz of the *padded* unit, from the carton's inner corner; x runs along its length.
    unpacked_entry, unpacked_quantity, unpacked_reason
        Units in no parcel, with a `Reason`.
    """

    set_status: Ints
    set_cost: Ints
    set_bound: Ints
    parcel_set: Ints
    parcel_carton: Ints
    parcel_cost: Ints
    parcel_weight_g: Ints
    billed_length_mm: Ints
    billed_width_mm: Ints
    billed_height_mm: Ints
    placement_parcel: Ints
    placement_entry: Ints
    placement_type: Ints
    placement_step: Ints
    position_mm: npt.NDArray[np.int32]
    size_mm: npt.NDArray[np.int32]
    unpacked_entry: Ints
    unpacked_quantity: Ints
    unpacked_reason: Ints

    @property
    def num_parcels(self) -> int:
        """How many parcels there are."""
        return int(self.parcel_set.size)
