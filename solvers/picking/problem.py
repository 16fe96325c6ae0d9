"""One warehouse block, a cart, and shipments to pick: what is to be batched and walked."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from solvers.arrays import check_offsets, check_range, whole_numbers
from solvers.picking.kernels import KEY_BITS, Integers

MAX_MM = 10**7
MAX_AISLES = 100_000
NO_LIMIT = 10**15
MAX_LOAD = 10**12


@dataclass(frozen=True, slots=True)
class Block:
    """Parallel aisles between a front and a back cross-aisle, the depot at the front of one of them.

    Positions are counted from the front; both sides of an aisle are reached from its middle, and shelf levels cost no
    walking.

    Parameters
    ----------
    num_aisles, num_positions
        Aisles, and positions in each of them.
    aisle_pitch_mm
        Distance between the middles of neighbouring aisles.
    position_pitch_mm
        Distance between neighbouring positions of an aisle.
    front_to_first_mm, back_to_last_mm
        Distance of the cross-aisles from the nearest position.
    depot_aisle
        The aisle, from 0, at whose front every walk starts and ends.

    Raises
    ------
    ValueError
        When a value is outside its range.
    """

    num_aisles: int
    num_positions: int
    aisle_pitch_mm: int
    position_pitch_mm: int
    front_to_first_mm: int
    back_to_last_mm: int
    depot_aisle: int = 0

    def __post_init__(self) -> None:
        ranges = {
            "num_aisles": (1, MAX_AISLES),
            "num_positions": (1, MAX_AISLES),
            "aisle_pitch_mm": (0, MAX_MM),
            "position_pitch_mm": (0, MAX_MM),
            "front_to_first_mm": (0, MAX_MM),
            "back_to_last_mm": (0, MAX_MM),
            "depot_aisle": (0, self.num_aisles - 1),
        }
        for name, (low, high) in ranges.items():
            value = getattr(self, name)
            if not low <= value <= high:
                raise ValueError(f"{name} must lie in {low}..{high}; it is {value}.")
        if self.length_mm >= 1 << (KEY_BITS - 1):
            raise ValueError(f"an aisle may be {(1 << (KEY_BITS - 1)) - 1} mm long at most; it is {self.length_mm} mm.")

    @property
    def length_mm(self) -> int:
        """Length of an aisle from cross-aisle to cross-aisle."""
        return self.front_to_first_mm + (self.num_positions - 1) * self.position_pitch_mm + self.back_to_last_mm

    def offsets_mm(self, position: Integers) -> Integers:
        """Give the distance of positions from the front cross-aisle, in the shape of `position`."""
        return self.front_to_first_mm + position * self.position_pitch_mm

    def keys(self, aisle: Integers, position: Integers) -> Integers:
        """Give one sortable number for each place: aisle first, then distance from the front."""
        return (aisle << KEY_BITS) | self.offsets_mm(position)

    @property
    def depot_key(self) -> int:
        """The depot as a place."""
        return self.depot_aisle << KEY_BITS


@dataclass(frozen=True, slots=True)
class Cart:
    """What one pick list may hold; None for no limit.

    A shipment that alone exceeds the cart is picked on a list of its own.

    Parameters
    ----------
    max_shipments
        Compartments: one shipment each.
    max_units, max_volume_cm3
        Units and volume of all shipments together.

    Raises
    ------
    ValueError
        When a limit is below 1.
    """

    max_shipments: int | None = None
    max_units: int | None = None
    max_volume_cm3: int | None = None

    def __post_init__(self) -> None:
        for name in ("max_shipments", "max_units", "max_volume_cm3"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise ValueError(f"{name} must be at least 1, or None for no limit; it is {value}.")

    @property
    def limits(self) -> Integers:
        """The limits in the order of `PickingProblem.loads`, (3,)."""
        limits = (self.max_shipments, self.max_units, self.max_volume_cm3)
        return np.array([NO_LIMIT if one is None else min(one, NO_LIMIT) for one in limits], np.int64)


@dataclass(frozen=True, eq=False)
class PickingProblem:
    """Which shipments share a walk, and in what order each walk visits its places.

    Parameters
    ----------
    block, cart
        Where the goods lie, and what a list may hold.
    stop_start
        (shipments + 1,) where the stops of each shipment begin.
    stop_aisle, stop_position
        (stops,) places from 0; a place may repeat.
    units, volume_cm3
        (shipments,) load of each shipment.

    Raises
    ------
    ValueError
        When lengths differ or a place lies outside the block.
    """

    block: Block
    cart: Cart
    stop_start: Integers
    stop_aisle: Integers
    stop_position: Integers
    units: Integers
    volume_cm3: Integers

    def __post_init__(self) -> None:
        for name in ("stop_start", "stop_aisle", "stop_position", "units", "volume_cm3"):
            object.__setattr__(self, name, whole_numbers(getattr(self, name), name))
        check_offsets(self.stop_start, "stop_start", self.stop_aisle.size)
        for name, size in (
            ("stop_position", self.stop_aisle.size),
            ("units", self.num_shipments),
            ("volume_cm3", self.num_shipments),
        ):
            if getattr(self, name).size != size:
                raise ValueError(f"{name} must have {size} values; it has {getattr(self, name).size}.")
        check_range(self.stop_aisle, "stop_aisle", 0, self.block.num_aisles - 1)
        check_range(self.stop_position, "stop_position", 0, self.block.num_positions - 1)
        check_range(self.units, "units", 0, MAX_LOAD)
        check_range(self.volume_cm3, "volume_cm3", 0, MAX_LOAD)

    @property
    def num_shipments(self) -> int:
        """Number of shipments."""
        return int(self.stop_start.size) - 1

    @cached_property
    def shipment_of_stop(self) -> Integers:
        """(stops,) the shipment of each stop."""
        return np.repeat(np.arange(self.num_shipments), np.diff(self.stop_start))

    @cached_property
    def loads(self) -> Integers:
        """(shipments, 3) compartments, units and volume each shipment takes."""
        return np.stack((np.ones(self.num_shipments, np.int64), self.units, self.volume_cm3), axis=1)

    @cached_property
    def is_oversize(self) -> np.typing.NDArray[np.bool_]:
        """(shipments,) whether the shipment alone exceeds the cart."""
        return np.asarray((self.loads > self.cart.limits).any(axis=1), np.bool_)

    @cached_property
    def places(self) -> tuple[Integers, Integers]:
        """Offsets (shipments + 1,) and the distinct places of each shipment as sorted keys."""
        keys = self.block.keys(self.stop_aisle, self.stop_position)
        order = np.lexsort((keys, self.shipment_of_stop))
        keys, owner = keys[order], self.shipment_of_stop[order]
        is_first = np.ones(keys.size, np.bool_)
        is_first[1:] = (np.diff(keys) != 0) | (np.diff(owner) != 0)
        counts = np.bincount(owner[is_first], minlength=self.num_shipments)
        return np.concatenate(([0], np.cumsum(counts))).astype(np.int64), keys[is_first]
