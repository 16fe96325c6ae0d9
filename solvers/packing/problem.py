"""The packing problem: item sets, the cartons they may go into, what a parcel costs, and the rules inside it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from solvers.arrays import check_range
from solvers.packing.cartons import Cartons, Objective, Prices
from solvers.packing.items import ItemSets, ItemTypes


class Split(StrEnum):
    """When a set goes into more than one parcel."""

    WHEN_NEEDED = "WHEN_NEEDED"
    """Only when one parcel will not do: fewest parcels first, then the objective."""
    WHEN_CHEAPER = "WHEN_CHEAPER"
    """Also when several parcels cost less than one."""
    NEVER = "NEVER"
    """Items kept together: one parcel or none."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What must hold inside every parcel.

    Parameters
    ----------
    support_share
        Least share of an item's base that rests on the floor or on items; above 0 its centre is supported as well (it lies
        within the convex hull of the contact areas). 0 asks for no support at all.
    centred_from_g
        Contents of a box at least this heavy have their centre of gravity within the middle half of its length and width.
        None for never.
    split
        When a set goes into more than one parcel.
    balance_weights
        Whether the parcels of a set that needs several are evened out by weight, at the same cartons.
    """

    support_share: float = 0.7
    centred_from_g: int | None = None
    split: Split = Split.WHEN_NEEDED
    balance_weights: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.support_share <= 1:
            raise ValueError(f"support_share must lie in 0..1; it is {self.support_share}.")
        if self.centred_from_g is not None and self.centred_from_g < 0:
            raise ValueError(f"centred_from_g must not be negative; it is {self.centred_from_g}.")

    @property
    def support_per_10000(self) -> int:
        """The support share in ten-thousandths, rounded up to stay on the safe side."""
        return -int(-round(self.support_share * 1e6) // 100)


@dataclass(frozen=True, slots=True)
class PackingProblem:
    """Item sets to pack into cartons at the least price.

    Positions are those of the *padded* item: edge + 2 x padding on every axis. Protection is a thing that takes up space,
    so padded items neither overlap each other nor cross the carton's inner walls.

    Parameters
    ----------
    items, sets, cartons, prices
        What is packed, into what, at what price.
    rules
        What must hold inside every parcel.

    Raises
    ------
    ValueError
        When the parts refer to a type or price table that does not exist.
    """

    items: ItemTypes
    sets: ItemSets
    cartons: Cartons
    prices: Prices = field(default_factory=lambda: Prices.without_freight(Objective.COST))
    rules: Rules = field(default_factory=Rules)

    def __post_init__(self) -> None:
        check_range(self.sets.entry_type, "entry_type", 0, self.items.num_types - 1)
        assert self.sets.price_table is not None
        check_range(self.sets.price_table, "price_table", 0, self.prices.num_tables - 1)
