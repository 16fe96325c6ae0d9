"""A tariff, the parcels to rate and the lanes to choose on, as arrays that check themselves."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING

import numpy as np

from solvers.arrays import check_offsets, check_range, whole_numbers
from solvers.tariff.kernels import Columns, Tables

if TYPE_CHECKING:
    from solvers.tariff.kernels import Integers

NO_LIMIT = 10**15
"""Stands for a limit that a service does not have."""
MAX_EDGE_MM = 100_000
MAX_CENTS = 10**10
MAX_G = 10**10
MAX_PREFERENCE = 10**9
MAX_BASIS_POINTS = 10**8
MAX_THRESHOLD = 10**15
MAX_SURCHARGES_PER_SET = 64


class Basis(IntEnum):
    """What the amount of a surcharge means."""

    FLAT = 0
    """Cents."""
    PER_CENT = 1
    """Basis points (hundredths of a per cent) of freight and flat surcharges together."""


class Trigger(IntEnum):
    """The value that is compared with a surcharge's threshold; it applies where the value is greater."""

    ALWAYS = 0
    WEIGHT_G = 1
    BILLABLE_G = 2
    LONGEST_MM = 3
    SECOND_LONGEST_MM = 4
    LENGTH_PLUS_GIRTH_MM = 5
    VOLUME_CM3 = 6
    ZONE = 7


@dataclass(frozen=True, eq=False)
class Tariff:
    """What carriers charge on one day.

    Rates and surcharges that are valid on the day are the caller's to choose: a rate group holds the weight breaks of
    one service, zone and validity; a surcharge set what one service adds. A request names both.

    Parameters
    ----------
    dim_divisor_cm3_per_kg
        (services,) divisor of the dimensional weight; 0 where the service bills actual weight only.
    dim_from_cm3
        (services,) dimensional weight counts for volumes above this.
    weight_step_g
        (services,) billable weight is rounded up to a multiple of this.
    max_weight_g, max_length_mm, max_length_plus_girth_mm
        (services,) largest actual weight, longest edge, and longest edge plus twice the other two; `NO_LIMIT` for none.
    preference
        (services,) among equally cheap services the lower wins.
    rate_start
        (groups + 1,) where the breaks of each rate group begin.
    rate_up_to_g, rate_price_cents
        (breaks,) a break carries billable weights up to and including `rate_up_to_g`, which rises within a group.
    zone
        (groups,) zone number of the group, for surcharges that depend on it.
    set_start
        (sets + 1,) where the surcharges of each set begin.
    surcharge_group
        (surcharges,) only the dearest surcharge that applies of a group in a set is charged; 0 for no group.
    surcharge_basis, surcharge_trigger
        (surcharges,) codes of `Basis` and `Trigger`.
    surcharge_amount
        (surcharges,) cents or basis points.
    surcharge_threshold
        (surcharges,) in the unit of the trigger.

    Raises
    ------
    ValueError
        When lengths differ, a value is outside its range, breaks do not rise, or a group mixes flat and per cent.
    """

    dim_divisor_cm3_per_kg: Integers
    dim_from_cm3: Integers
    weight_step_g: Integers
    max_weight_g: Integers
    max_length_mm: Integers
    max_length_plus_girth_mm: Integers
    preference: Integers
    rate_start: Integers
    rate_up_to_g: Integers
    rate_price_cents: Integers
    zone: Integers
    set_start: Integers
    surcharge_group: Integers
    surcharge_basis: Integers
    surcharge_amount: Integers
    surcharge_trigger: Integers
    surcharge_threshold: Integers
    surcharge_order: Integers = field(init=False)
    """Position of each surcharge in the order in which the kernels meet them."""
    tables: Tables = field(init=False)
    """The same tariff as the kernels read it."""

    def __post_init__(self) -> None:
        for name in self.__dataclass_fields__:
            if name not in ("surcharge_order", "tables"):
                object.__setattr__(self, name, whole_numbers(getattr(self, name), name))
        self._check_services()
        self._check_rates()
        self._check_surcharges()
        order = np.lexsort(
            (-self.surcharge_amount, self.surcharge_group, self.surcharge_basis, self._set_of_each_surcharge())
        )
        object.__setattr__(self, "surcharge_order", order.astype(np.int64))
        object.__setattr__(self, "tables", self._tables())

    @property
    def num_services(self) -> int:
        """Number of services."""
        return int(self.weight_step_g.size)

    @property
    def num_rate_groups(self) -> int:
        """Number of rate groups."""
        return int(self.zone.size)

    @property
    def num_surcharge_sets(self) -> int:
        """Number of surcharge sets."""
        return int(self.set_start.size) - 1

    @property
    def most_surcharges_in_a_set(self) -> int:
        """Length of the longest surcharge set."""
        return int(np.diff(self.set_start).max(initial=0))

    def _check_services(self) -> None:
        num_services = self.num_services
        lowest = {"weight_step_g": 1, "preference": -MAX_PREFERENCE}
        highest = {"dim_from_cm3": 10**12, "weight_step_g": MAX_G, "preference": MAX_PREFERENCE}
        for name in (
            "dim_divisor_cm3_per_kg",
            "dim_from_cm3",
            "weight_step_g",
            "max_weight_g",
            "max_length_mm",
            "max_length_plus_girth_mm",
            "preference",
        ):
            _check_length(getattr(self, name), name, num_services, "services")
            check_range(getattr(self, name), name, lowest.get(name, 0), highest.get(name, NO_LIMIT))

    def _check_rates(self) -> None:
        check_offsets(self.rate_start, "rate_start", self.rate_up_to_g.size)
        _check_length(self.rate_price_cents, "rate_price_cents", self.rate_up_to_g.size, "breaks")
        _check_length(self.zone, "zone", self.rate_start.size - 1, "rate groups")
        check_range(self.rate_up_to_g, "rate_up_to_g", 0, NO_LIMIT)
        check_range(self.rate_price_cents, "rate_price_cents", 0, MAX_CENTS)
        group_of = np.repeat(np.arange(self.num_rate_groups), np.diff(self.rate_start))
        falls = np.flatnonzero((np.diff(self.rate_up_to_g) <= 0) & (np.diff(group_of) == 0))
        if falls.size:
            at = int(falls[0])
            raise ValueError(
                f"rate_up_to_g must rise within a rate group; group {group_of[at]} has {self.rate_up_to_g[at]} followed "
                f"by {self.rate_up_to_g[at + 1]}. Sort the breaks and remove repeated ones."
            )

    def _check_surcharges(self) -> None:
        num_surcharges = int(self.surcharge_amount.size)
        check_offsets(self.set_start, "set_start", num_surcharges)
        if self.most_surcharges_in_a_set > MAX_SURCHARGES_PER_SET:
            raise ValueError(
                f"a surcharge set may have {MAX_SURCHARGES_PER_SET} surcharges at most; "
                f"one has {self.most_surcharges_in_a_set}."
            )
        for name in ("surcharge_group", "surcharge_basis", "surcharge_trigger", "surcharge_threshold"):
            _check_length(getattr(self, name), name, num_surcharges, "surcharges")
        check_range(self.surcharge_group, "surcharge_group", 0, NO_LIMIT)
        check_range(self.surcharge_basis, "surcharge_basis", 0, len(Basis) - 1)
        check_range(self.surcharge_trigger, "surcharge_trigger", 0, len(Trigger) - 1)
        check_range(self.surcharge_threshold, "surcharge_threshold", -MAX_THRESHOLD, MAX_THRESHOLD)
        check_range(self.surcharge_amount, "surcharge_amount", 0, MAX_CENTS)
        per_cent = self.surcharge_amount[self.surcharge_basis == Basis.PER_CENT]
        check_range(per_cent, "surcharge_amount of per cent surcharges (basis points)", 0, MAX_BASIS_POINTS)
        self._check_groups()

    def _check_groups(self) -> None:
        grouped = np.flatnonzero(self.surcharge_group)
        keys = np.stack(
            (self._set_of_each_surcharge()[grouped], self.surcharge_group[grouped], self.surcharge_basis[grouped]),
            axis=1,
        )
        distinct = np.unique(keys, axis=0)
        mixed = np.flatnonzero((np.diff(distinct[:, :2], axis=0) == 0).all(axis=1))
        if mixed.size:
            surcharge_set, group, _ = distinct[mixed[0]]
            raise ValueError(
                f"group {group} of surcharge set {surcharge_set} mixes flat and per cent surcharges, so the dearest is not "
                f"defined. Give the per cent surcharges a group of their own."
            )

    def _set_of_each_surcharge(self) -> Integers:
        return np.repeat(np.arange(self.num_surcharge_sets), np.diff(self.set_start))

    def _tables(self) -> Tables:
        order = self.surcharge_order
        trigger = self.surcharge_trigger[order]
        # Volumes are compared in mm3, so that a parcel of 1000.5 cm3 is above a threshold of 1000.
        scale = np.where(trigger == Trigger.VOLUME_CM3, 1000, 1)
        return Tables(
            divisor=self.dim_divisor_cm3_per_kg,
            dim_from_mm3=self.dim_from_cm3 * 1000,
            step_g=self.weight_step_g,
            max_weight_g=self.max_weight_g,
            max_length_mm=self.max_length_mm,
            max_length_plus_girth_mm=self.max_length_plus_girth_mm,
            preference=self.preference,
            rate_start=self.rate_start,
            rate_up_to_g=self.rate_up_to_g,
            rate_price_cents=self.rate_price_cents,
            zone=self.zone,
            rule_start=self.set_start,
            rule_group=self.surcharge_group[order],
            rule_is_per_cent=self.surcharge_basis[order],
            rule_amount=self.surcharge_amount[order],
            rule_value=trigger,
            rule_threshold=self.surcharge_threshold[order] * scale,
        )


@dataclass(frozen=True, eq=False)
class Parcels:
    """Outer sizes and gross weights of parcels.

    Parameters
    ----------
    length_mm, width_mm, height_mm
        (parcels,) outer edges in any order, at most 100 m.
    weight_g
        (parcels,) gross weight, carton and protection included.

    Raises
    ------
    ValueError
        When lengths differ or a value is outside its range.
    """

    length_mm: Integers
    width_mm: Integers
    height_mm: Integers
    weight_g: Integers

    def __post_init__(self) -> None:
        for name in self.__dataclass_fields__:
            values = whole_numbers(getattr(self, name), name)
            object.__setattr__(self, name, values)
            _check_length(values, name, self.length_mm.size, "parcels")
            is_weight = name == "weight_g"
            check_range(values, name, 0 if is_weight else 1, MAX_G if is_weight else MAX_EDGE_MM)

    def __len__(self) -> int:
        return int(self.length_mm.size)

    @property
    def columns(self) -> Columns:
        """The same parcels as the kernels read them."""
        return Columns(self.length_mm, self.width_mm, self.height_mm, self.weight_g)


@dataclass(frozen=True, eq=False)
class Lanes:
    """The services that may carry a parcel, lane by lane.

    Parameters
    ----------
    start
        (lanes + 1,) where the options of each lane begin.
    service, rate_group, surcharge_set
        (options,) positions in the tariff.
    extra_cents
        (options,) what else the choice costs, such as lateness; negative for a rebate.

    Raises
    ------
    ValueError
        When lengths differ or a value is outside its range.
    """

    start: Integers
    service: Integers
    rate_group: Integers
    surcharge_set: Integers
    extra_cents: Integers

    def __post_init__(self) -> None:
        for name in self.__dataclass_fields__:
            object.__setattr__(self, name, whole_numbers(getattr(self, name), name))
        check_offsets(self.start, "start", self.service.size)
        for name in ("rate_group", "surcharge_set", "extra_cents"):
            _check_length(getattr(self, name), name, self.service.size, "options")
        check_range(self.extra_cents, "extra_cents", -NO_LIMIT, NO_LIMIT)

    def __len__(self) -> int:
        return int(self.start.size) - 1


def _check_length(values: Integers, name: str, expected: int, of: str) -> None:
    if values.size != expected:
        raise ValueError(f"{name} must have one value for each of the {expected} {of}; it has {values.size}.")
