"""The stock ledger as a problem: stocks, their movements, and the period to measure."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING

import numpy as np

from solvers.arrays import check_range, whole_numbers
from solvers.inventory.ledger import kernels_ledger, kernels_log

if TYPE_CHECKING:
    import numpy.typing as npt

    from solvers.inventory.ledger.kernels_log import Codes, Indices, Integers

AGE_LIMITS_DAYS = (30, 60, 90, 180, 365)
"""Age classes of stock: 0 to 30 days, 31 to 60, …, over 365."""
NO_COST = -1
"""Stands for a movement whose unit cost is not stated."""
NO_LINK = -1
"""Stands for a movement that belongs to no other."""


class Movement(IntEnum):
    """Why stock changed; movements of one instant count in this order, so that goods come in before they go out."""

    RECEIPT = kernels_log.RECEIPT
    TRANSFER_OUT = kernels_log.TRANSFER_OUT
    TRANSFER_IN = kernels_log.TRANSFER_IN
    ADJUSTMENT = kernels_log.ADJUSTMENT
    SALE = kernels_log.SALE
    RETURN = kernels_log.RETURN
    WRITE_OFF = kernels_log.WRITE_OFF


def narrow(values: npt.ArrayLike, name: str, dtype: type[np.int32 | np.int8]) -> npt.NDArray[np.signedinteger]:
    """Give whole numbers in a narrower type, refusing values that do not fit: twenty million movements stay small.

    Raises
    ------
    ValueError
        When a value does not fit the type.
    """
    array = np.asarray(values)
    if array.dtype == dtype and array.ndim == 1:
        return np.ascontiguousarray(array)
    wide = whole_numbers(array, name)
    info = np.iinfo(dtype)
    check_range(wide, name, int(info.min), int(info.max))
    return wide.astype(dtype)


@dataclass(frozen=True, eq=False)
class StockHistory:
    """Stocks tonight and the movements that led there.

    Parameters
    ----------
    article
        (stocks,) position of the article of each stock; rises, so that the warehouses of an article stand together.
    on_hand
        (stocks,) units tonight; may be negative. What was there before the first movement follows from it.
    unit_cost_cents
        (stocks,) purchase cost of a unit, which values the opening and movements of unknown cost.
    stock
        (movements,) position of the stock that moved.
    moved_at_us
        (movements,) microseconds since 1970 UTC, none after the night.
    quantity
        (movements,) units, signed.
    kind
        (movements,) codes of `Movement`.
    movement_cost_cents
        (movements,) stated cost of a unit; `NO_COST` where none is.
    link
        (movements,) what a sale and its returns, or a transfer's two ends, have in common: a number from 0, the same for
        movements of one article only; `NO_LINK` for movements on their own. Empty where nothing is linked.
    last_day
        The day of the night, in days since 1970.
    period_days
        Days measured, the last included.

    Raises
    ------
    ValueError
        When lengths differ, a position or code does not exist, or units leave the range that is exact in 64 bits.
    """

    article: Integers
    on_hand: Integers
    unit_cost_cents: Integers
    stock: Indices
    moved_at_us: Integers
    quantity: Indices
    kind: Codes
    movement_cost_cents: Integers
    link: Indices
    last_day: int
    period_days: int
    num_articles: int = field(init=False)
    num_links: int = field(init=False)

    def __post_init__(self) -> None:
        for name in ("article", "on_hand", "unit_cost_cents", "moved_at_us", "movement_cost_cents"):
            object.__setattr__(self, name, whole_numbers(getattr(self, name), name))
        for name in ("stock", "quantity", "link"):
            object.__setattr__(self, name, narrow(getattr(self, name), name, np.int32))
        object.__setattr__(self, "kind", narrow(self.kind, "kind", np.int8))
        object.__setattr__(self, "num_articles", int(self.article[-1]) + 1 if self.article.size else 0)
        object.__setattr__(self, "num_links", int(self.link.max()) + 1 if self.link.size else 0)
        self._check_lengths()
        self._check_values()

    @property
    def first_day(self) -> int:
        """First day measured, in days since 1970."""
        return self.last_day - self.period_days + 1

    def _check_lengths(self) -> None:
        for name, like in (("on_hand", "article"), ("unit_cost_cents", "article")):
            self._check_same(name, like)
        for name in ("moved_at_us", "quantity", "kind", "movement_cost_cents"):
            self._check_same(name, "stock")
        if self.link.size:
            self._check_same("link", "stock")

    def _check_same(self, name: str, like: str) -> None:
        sizes = getattr(self, name).size, getattr(self, like).size
        if sizes[0] != sizes[1]:
            raise ValueError(f"{name} must be as long as {like}; their lengths are {sizes[0]} and {sizes[1]}.")

    def _check_values(self) -> None:
        if not 1 <= self.period_days <= kernels_ledger.MAX_DAYS:
            raise ValueError(f"period_days must lie in 1..{kernels_ledger.MAX_DAYS}; it is {self.period_days}.")
        if self.article.size and (self.article[0] < 0 or bool(np.any(np.diff(self.article) < 0))):
            raise ValueError("article must rise from 0; sort the stocks by article.")
        check_range(self.on_hand, "on_hand", -kernels_log.MAX_UNITS, kernels_log.MAX_UNITS)
        check_range(self.unit_cost_cents, "unit_cost_cents", 0, kernels_ledger.MAX_CENTS)
        if self.stock.size == 0:
            return
        for name, low, high in (
            ("stock", 0, self.article.size - 1),
            ("kind", 0, len(Movement) - 1),
            ("movement_cost_cents", NO_COST, kernels_ledger.MAX_CENTS),
        ):
            values = getattr(self, name)
            if values.min() < low or values.max() > high:
                raise ValueError(f"{name} must lie in {low}..{high}; it spans {values.min()}..{values.max()}.")
        if self.moved_at_us.max() >= (self.last_day + 1) * kernels_log.DAY_US:
            raise ValueError("moved_at_us holds a movement after the last day; leave it out.")
        if self.num_links:
            linked = np.flatnonzero(self.link != NO_LINK)
            owner = np.zeros(self.num_links, np.int64)
            owner[self.link[linked]] = self.article[self.stock[linked]]
            if bool(np.any(owner[self.link[linked]] != self.article[self.stock[linked]])):
                raise ValueError("link holds a number that movements of two articles share; number them apart.")


@dataclass(frozen=True, eq=False)
class StockPositions:
    """What the ledger measures of each stock over the period; every array has the length of the stocks.

    Parameters
    ----------
    measures
        (stocks, measures) whole numbers, named by `solvers.inventory.ledger.kernels_ledger.MEASURES`.
    age_units, age_value_cents
        (stocks, classes) stock by age; the values add up to the value of the stock.
    """

    measures: Integers
    age_units: Integers
    age_value_cents: Integers

    def of(self, name: str) -> Integers:
        """Give one measure of every stock.

        Raises
        ------
        KeyError
            When there is no such measure.
        """
        if name not in kernels_ledger.MEASURES:
            raise KeyError(f"no measure {name}; there are {', '.join(kernels_ledger.MEASURES)}.")
        column: Integers = self.measures[:, kernels_ledger.MEASURES.index(name)]
        return column

    def violations(self, history: StockHistory) -> list[str]:
        """List what contradicts the raw history: units that do not add up, ages that do not cover the stock."""
        found = []
        flow = self.of("received_units") - self.of("sale_units") + self.of("returned_units")
        flow = flow + self.of("transferred_in_units") - self.of("transferred_out_units")
        flow = flow + self.of("adjusted_units") - self.of("written_off_units")
        if not np.array_equal(self.of("opening_units") + flow, self.of("closing_units")):
            found.append("opening and movements do not add up to the closing stock")
        if not np.array_equal(self.of("closing_units"), history.on_hand):
            found.append("the closing stock is not what is on hand")
        if not np.array_equal(self.age_units.sum(axis=1), np.maximum(history.on_hand, 0)):
            found.append("the ages do not cover the stock")
        value = np.where(history.on_hand > 0, self.of("closing_value_cents"), 0)
        if not np.array_equal(self.age_value_cents.sum(axis=1), value):
            found.append("the value by age is not the value of the stock")
        return found


@dataclass(frozen=True, eq=False)
class MovementValues:
    """What each movement did to the value of its stock; arrays have the length of the movements, in their order.

    Parameters
    ----------
    value_cents
        Cost of the units, signed as the quantity.
    revaluation_cents
        What covering a negative stock adds to the cost of the units that had left before they came.
    units_after, value_after_cents
        The stock after the movement: value after = value before + value_cents - revaluation_cents.
    """

    value_cents: Integers
    revaluation_cents: Integers
    units_after: Integers
    value_after_cents: Integers
