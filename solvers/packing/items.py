"""What is packed: item types and the sets of them that travel together."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Final

import numpy as np

from solvers.arrays import check_offsets, check_range, whole_numbers

if TYPE_CHECKING:
    import numpy.typing as npt

    Ints = npt.NDArray[np.int64]

MAX_EDGE_MM: Final = 20_000
MAX_WEIGHT_G: Final = 5_000_000
MAX_CENTS: Final = 10**9
MAX_UNITS_PER_SET: Final = 1_000

ORIENTATIONS: Final = ((0, 1, 2), (1, 0, 2), (0, 2, 1), (2, 0, 1), (1, 2, 0), (2, 1, 0))
"""Edge (0 length, 1 width, 2 height) that lies along x, y and z in each of the six orientations."""
ANY_ORIENTATION: Final = 0b111111
UPRIGHT: Final = 0b000011
"""The two orientations that keep the height vertical."""
NO_LOAD_LIMIT: Final = 2**62
"""A `max_load_g` that says: carries whatever lies on it."""


def orientation_mask(*, length_vertical: bool = True, width_vertical: bool = True, height_vertical: bool = True) -> int:
    """Give the orientation mask of an item from the edges that may stand vertical."""
    return 0b110000 * length_vertical | 0b001100 * width_vertical | 0b000011 * height_vertical


@dataclass(frozen=True, slots=True)
class ItemTypes:
    """What an item of each type is. Every array has one value per type.

    Parameters
    ----------
    length_mm, width_mm, height_mm
        Edges of the bare item.
    weight_g
        Weight of the bare item.
    orientation
        Bit k allows orientation k of `ORIENTATIONS`: bits 0 and 1 keep the height vertical, 2 and 3 the width, 4 and 5 the
        length.
    max_load_g
        What may rest on it, summed over all that lies above in proportion to contact; `NO_LOAD_LIMIT` for no limit, 0 for
        nothing at all.
    padding_mm
        Thickness of the protection on every side.
    protection_g, protection_cents
        Weight and price of that protection, a unit.
    hazard_class
        0 for none; two different classes never share a parcel.
    ships_alone
        1 where each unit travels in a parcel of its own.
    is_fragile
        1 where the item is fragile. A fragile item without a load limit of its own carries fragile items only; a stated
        `max_load_g` replaces that rule.

    Raises
    ------
    ValueError
        With the value out of range and its position.
    """

    length_mm: Ints
    width_mm: Ints
    height_mm: Ints
    weight_g: Ints
    orientation: Ints
    max_load_g: Ints
    padding_mm: Ints
    protection_g: Ints
    protection_cents: Ints
    hazard_class: Ints
    ships_alone: Ints
    is_fragile: Ints

    def __post_init__(self) -> None:
        for field in fields(self):
            object.__setattr__(self, field.name, whole_numbers(getattr(self, field.name), field.name))
            if getattr(self, field.name).size != self.length_mm.size:
                raise ValueError(
                    f"{field.name} has {getattr(self, field.name).size} values for {self.num_types} types."
                )
        for name in ("length_mm", "width_mm", "height_mm"):
            check_range(getattr(self, name), name, 1, MAX_EDGE_MM)
        check_range(self.weight_g, "weight_g", 0, MAX_WEIGHT_G)
        check_range(self.orientation, "orientation", 1, ANY_ORIENTATION)
        check_range(self.max_load_g, "max_load_g", 0, NO_LOAD_LIMIT)
        check_range(self.padding_mm, "padding_mm", 0, MAX_EDGE_MM)
        check_range(self.protection_g, "protection_g", 0, MAX_WEIGHT_G)
        check_range(self.protection_cents, "protection_cents", 0, MAX_CENTS)
        check_range(self.hazard_class, "hazard_class", 0, 2**31 - 1)
        check_range(self.ships_alone, "ships_alone", 0, 1)
        check_range(self.is_fragile, "is_fragile", 0, 1)

    @classmethod
    def of(
        cls, length_mm: npt.ArrayLike, width_mm: npt.ArrayLike, height_mm: npt.ArrayLike, **columns: npt.ArrayLike
    ) -> ItemTypes:
        """Build item types from their edges; what is not given is plain: weightless, any orientation, no limit, no protection."""
        size = np.asarray(length_mm).size
        plain = {"orientation": ANY_ORIENTATION, "max_load_g": NO_LOAD_LIMIT}
        rest = {f.name: np.full(size, plain.get(f.name, 0), dtype=np.int64) for f in fields(cls)[3:]}
        return cls(length_mm, width_mm, height_mm, **(rest | columns))  # type: ignore[arg-type]

    @property
    def num_types(self) -> int:
        """How many types there are."""
        return int(self.length_mm.size)


@dataclass(frozen=True, slots=True)
class ItemSets:
    """Item sets to pack: set s holds the entries `set_start[s]` to `set_start[s + 1]`.

    Parameters
    ----------
    set_start
        Offsets into the entries, one more than there are sets.
    entry_type, entry_quantity
        Item type of each entry and how many units of it.
    packaging
        Packaging id that the cartons of each set must carry; 0 for any carton. None for 0 everywhere.
    price_table
        Position in `Prices` of the freight table of each set. None for 0 everywhere.
    together
        Mark of each entry: entries of a set with the same mark above 0 go into one parcel, or none of them goes into any.
        None for 0 everywhere.

    Raises
    ------
    ValueError
        When the offsets do not cut the entries, or a value is out of range.
    """

    set_start: Ints
    entry_type: Ints
    entry_quantity: Ints
    packaging: Ints | None = None
    price_table: Ints | None = None
    together: Ints | None = None

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if value is None:
                size = self.entry_type.size if field.name == "together" else np.asarray(self.set_start).size - 1
                value = np.zeros(max(0, size), dtype=np.int64)
            object.__setattr__(self, field.name, whole_numbers(value, field.name))
        check_offsets(self.set_start, "set_start", self.entry_type.size)
        check_range(self.entry_quantity, "entry_quantity", 1, 2**31 - 1)
        if self.entry_quantity.size != self.entry_type.size:
            raise ValueError(f"{self.entry_type.size} entry types and {self.entry_quantity.size} entry quantities.")
        for name, size, what in (
            ("packaging", self.num_sets, "sets"),
            ("price_table", self.num_sets, "sets"),
            ("together", self.entry_type.size, "entries"),
        ):
            values = getattr(self, name)
            check_range(values, name, 0, 2**31 - 1)
            if values.size != size:
                raise ValueError(f"{name} has {values.size} values for {size} {what}.")

    @property
    def num_sets(self) -> int:
        """How many sets there are."""
        return int(self.set_start.size) - 1
