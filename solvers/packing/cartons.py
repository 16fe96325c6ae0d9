"""What it is packed into, and what a parcel costs."""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import IntEnum
from typing import TYPE_CHECKING, Final

import numpy as np

from solvers.arrays import check_offsets, check_range, whole_numbers
from solvers.packing.items import MAX_CENTS, MAX_EDGE_MM, MAX_WEIGHT_G

if TYPE_CHECKING:
    import numpy.typing as npt

    Ints = npt.NDArray[np.int64]

NO_STOCK_LIMIT: Final = 2**62
"""An `on_hand` that says: there are always enough."""


class CartonKind(IntEnum):
    """How a carton takes its shape."""

    BOX = 0
    """Rigid: the inner edges hold, and the outer size is what is billed."""
    MAILER = 1
    """Flat until filled: contents of L by W by H go in when L + H and W + H stay within its inner length and width."""
    BAG = 2
    """As a mailer."""


class Objective(IntEnum):
    """What packing minimises."""

    COST = 0
    """Carton, protection and freight, in cents."""
    VOLUME = 1
    """Outer volume of the parcels, in cubic millimetres."""
    CARTONS = 2
    """Number of parcels."""


@dataclass(frozen=True, slots=True)
class Cartons:
    """The cartons there are. Every array has one value per carton.

    Parameters
    ----------
    kind
        A `CartonKind`.
    inner_length_mm, inner_width_mm, inner_height_mm
        Inner size. Contents of a mailer or bag with a bounding box of L by W by H (L and W along its sides) go in when
        L + H <= inner length, W + H <= inner width and H <= inner height.
    outer_length_mm, outer_width_mm, outer_height_mm
        Billed size of a box. A mailer or bag is billed as the bounding box of its contents plus outer less inner on each axis.
    tare_g
        Empty weight.
    max_weight_g
        Heaviest parcel, tare included.
    cost_cents
        Price of the carton.
    packaging
        Packaging id; 0 for plain.
    on_hand
        How many there are; `NO_STOCK_LIMIT` for enough.

    Raises
    ------
    ValueError
        When there is none, or with the value out of range and its position.
    """

    kind: Ints
    inner_length_mm: Ints
    inner_width_mm: Ints
    inner_height_mm: Ints
    outer_length_mm: Ints
    outer_width_mm: Ints
    outer_height_mm: Ints
    tare_g: Ints
    max_weight_g: Ints
    cost_cents: Ints
    packaging: Ints
    on_hand: Ints

    def __post_init__(self) -> None:
        for field in fields(self):
            object.__setattr__(self, field.name, whole_numbers(getattr(self, field.name), field.name))
            if getattr(self, field.name).size != self.kind.size:
                raise ValueError(
                    f"{field.name} has {getattr(self, field.name).size} values for {self.num_cartons} cartons."
                )
        if self.num_cartons == 0:
            raise ValueError("there are no cartons; give at least one.")
        check_range(self.kind, "kind", 0, len(CartonKind) - 1)
        for axis in ("length_mm", "width_mm", "height_mm"):
            inner, outer = getattr(self, f"inner_{axis}"), getattr(self, f"outer_{axis}")
            check_range(inner, f"inner_{axis}", 1, MAX_EDGE_MM)
            check_range(outer, f"outer_{axis}", 1, MAX_EDGE_MM)
            check_range(outer - inner, f"outer_{axis} less inner_{axis}", 0, MAX_EDGE_MM)
        check_range(self.tare_g, "tare_g", 0, MAX_WEIGHT_G)
        check_range(self.max_weight_g, "max_weight_g", 1, 2**62)
        check_range(self.cost_cents, "cost_cents", 0, MAX_CENTS)
        check_range(self.packaging, "packaging", 0, 2**31 - 1)
        check_range(self.on_hand, "on_hand", 0, NO_STOCK_LIMIT)

    @classmethod
    def of(
        cls,
        inner_length_mm: npt.ArrayLike,
        inner_width_mm: npt.ArrayLike,
        inner_height_mm: npt.ArrayLike,
        **columns: npt.ArrayLike,
    ) -> Cartons:
        """Build cartons from their inner size; what is not given is plain: a free box with no walls, no limits, no packaging."""
        inner = {
            "inner_length_mm": inner_length_mm,
            "inner_width_mm": inner_width_mm,
            "inner_height_mm": inner_height_mm,
        }
        outer = {name.replace("inner", "outer"): values for name, values in inner.items()}
        size = np.asarray(inner_length_mm).size
        plain = {"max_weight_g": 2**62, "on_hand": NO_STOCK_LIMIT}
        rest = {f.name: np.full(size, plain.get(f.name, 0), dtype=np.int64) for f in fields(cls)}
        return cls(**(rest | inner | outer | columns))  # type: ignore[arg-type]

    @property
    def num_cartons(self) -> int:
        """How many cartons there are."""
        return int(self.kind.size)


@dataclass(frozen=True, slots=True)
class Prices:
    """What a parcel costs, as one or more freight tables that step upwards with billable weight.

    Billable grams = the larger of weight and outer volume / divisor, rounded up to a weight step; the price is that of the
    first step whose `up_to_g` reaches it. A parcel heavier than the last step cannot be sent.

    Parameters
    ----------
    objective
        What is minimised. Freight counts for `Objective.COST` only.
    table_start
        Offsets of the tables into the steps.
    up_to_g, price_cents
        Steps of each table; both rise within a table.
    dim_divisor_cm3_per_kg
        Of each table; 0 where volume does not count.
    dim_from_cm3
        Volume counts for parcels larger than this.
    weight_step_g
        What billable grams are rounded up to.

    Raises
    ------
    ValueError
        When a table is empty or falls, or a value is out of range.
    """

    objective: Objective
    table_start: Ints
    up_to_g: Ints
    price_cents: Ints
    dim_divisor_cm3_per_kg: Ints
    dim_from_cm3: Ints
    weight_step_g: Ints

    def __post_init__(self) -> None:
        for field in fields(self)[1:]:
            object.__setattr__(self, field.name, whole_numbers(getattr(self, field.name), field.name))
        check_offsets(self.table_start, "table_start", self.up_to_g.size)
        check_range(np.diff(self.table_start), "steps of a table", 1, 2**31 - 1)
        check_range(self.up_to_g, "up_to_g", 0, 2**62)
        check_range(self.price_cents, "price_cents", 0, MAX_CENTS)
        check_range(self.dim_divisor_cm3_per_kg, "dim_divisor_cm3_per_kg", 0, 10**9)
        check_range(self.dim_from_cm3, "dim_from_cm3", 0, 2**40)
        check_range(self.weight_step_g, "weight_step_g", 1, MAX_WEIGHT_G)
        if self.price_cents.size != self.up_to_g.size:
            raise ValueError(f"{self.up_to_g.size} values of up_to_g and {self.price_cents.size} of price_cents.")
        for name in ("dim_divisor_cm3_per_kg", "dim_from_cm3", "weight_step_g"):
            if getattr(self, name).size != self.num_tables:
                raise ValueError(f"{name} has {getattr(self, name).size} values for {self.num_tables} tables.")
        inside = np.ones(max(0, self.up_to_g.size - 1), dtype=bool)
        inside[self.table_start[1:-1] - 1] = False
        for name, least in (("up_to_g", 1), ("price_cents", 0)):
            if np.any(np.diff(getattr(self, name))[inside] < least):
                raise ValueError(f"{name} must rise within a table; it is {getattr(self, name)[:10]}…")

    @classmethod
    def without_freight(cls, objective: Objective) -> Prices:
        """Give the prices where nothing is paid for carriage."""
        one, zero = np.ones(1, np.int64), np.zeros(1, np.int64)
        return cls(objective, np.array([0, 1]), one * 2**62, zero, zero, zero, one)

    @property
    def num_tables(self) -> int:
        """How many freight tables there are."""
        return int(self.table_start.size) - 1
