"""The night's assignment problem: orders, their pieces, the ways to ship them, and what they share."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Int64Array = NDArray[np.int64]
Int32Array = NDArray[np.int32]

UNLIMITED_UNITS = 2**60
"""Capacity of a warehouse, or amount of a resource, that is not limited."""
UNLIMITED_SHIPMENTS = 2**31 - 1
"""Number of shipments of an order that is not limited."""
MAX_PIECES = 62
"""Most pieces an order may have: a mask has one bit a piece and stays a non-negative int64."""
MILLICENTS = 1000
"""Price units in a cent: prices are published as integers in thousandths of a cent."""
_LARGEST = 2**62


def _integers(name: str, values: object, dtype: type[np.integer], ndim: int) -> NDArray[np.integer]:
    """Coerce to a contiguous, writable integer array, refusing what would be cut off.

    Columns of a frame arrive read-only, and a read-only array compiles its own copy of every kernel.
    """
    array = np.asarray(values)
    if array.size == 0:
        array = array.astype(np.int64)
    if array.dtype.kind not in "iu":
        raise TypeError(f"{name} must hold integers; dtype: {array.dtype}. Round before building the problem.")
    if array.ndim != ndim:
        raise ValueError(f"{name} must have {ndim} dimension(s); shape: {array.shape}.")
    info = np.iinfo(dtype)
    if array.size and (int(array.min()) < info.min or int(array.max()) > info.max):
        raise ValueError(f"{name} holds values beyond {dtype.__name__}; largest: {int(np.abs(array).max())}.")
    whole = np.ascontiguousarray(array, dtype=dtype)
    return whole if whole.flags.writeable else whole.copy()


def _empty_starts() -> Int64Array:
    return np.zeros(0, dtype=np.int64)


def _empty_indices() -> Int32Array:
    return np.zeros(0, dtype=np.int32)


def _refuse(name: str, bad: NDArray[np.bool_], values: NDArray[np.integer], rule: str, remedy: str) -> None:
    """Raise with the count and the first examples when any entry breaks the rule."""
    where = np.argwhere(bad)
    if len(where):
        examples = ", ".join(f"[{', '.join(map(str, at))}] = {values[tuple(at)]}" for at in where[:3])
        raise ValueError(f"{name} {rule}; {len(where)} broken, first: {examples}. {remedy}")


@dataclass(frozen=True)
class AssignmentProblem:
    """Which warehouse ships which piece of every order, at the least total cost.

    An order's *pieces* are its lines, or parts of a line's quantity. An *option* is a set of parcels from one
    warehouse that carries a set of the order's pieces. A plan for an order is a set of its options with disjoint
    pieces; what no option covers is backordered. Its cost is the sum of the options' cents, the backorder cents of
    uncovered pieces, and `split_cents` for every parcel beyond the first; it has at most `max_shipments` parcels.
    All orders share the stock, the warehouses' capacity and the further resources.

    Parameters
    ----------
    piece_start
        Shape (num_orders + 1,): the pieces of order o are `piece_start[o]:piece_start[o + 1]`.
    piece_sku, piece_quantity, piece_backorder_cents
        Shape (num_pieces,): SKU index, units, and the cost of leaving the piece unshipped tonight.
    option_start
        Shape (num_orders + 1,): the options of order o are `option_start[o]:option_start[o + 1]`.
    option_warehouse, option_mask, option_cents, option_parcels
        Shape (num_options,): warehouse index, bit i set when it carries the order's i-th piece, total cost in cents
        (freight, surcharges, carton, protection, handling, picking, lateness), number of parcels.
    max_shipments
        Shape (num_orders,): most parcels of the order; `UNLIMITED_SHIPMENTS` where unlimited.
    split_cents
        Cost of each parcel of an order beyond its first.
    stock_units
        Shape (num_warehouses, num_skus): units that may be taken, on hand less reserved and safety stock, not below 0.
    capacity_units
        Shape (num_warehouses,): units that may leave tonight; `UNLIMITED_UNITS` where unlimited.
    option_resource_start, option_resource, option_resource_amount
        CSR from options to the further shared resources they use (cartons in stock, carrier pickups): shapes
        (num_options + 1,), (num_uses,), (num_uses,). Empty when there are none.
    resource_limit
        Shape (num_resources,): how much of each resource there is.
    stock_value_cents
        Shape (num_warehouses, num_skus): worth of a unit kept for later; taking it costs this much. None: nothing.

    Raises
    ------
    TypeError
        When an array does not hold integers.
    ValueError
        When shapes, ranges or references contradict each other, or costs are so large that sums could overflow.
    """

    piece_start: Int64Array
    piece_sku: Int32Array
    piece_quantity: Int64Array
    piece_backorder_cents: Int64Array
    option_start: Int64Array
    option_warehouse: Int32Array
    option_mask: Int64Array
    option_cents: Int64Array
    option_parcels: Int32Array
    max_shipments: Int32Array
    split_cents: int
    stock_units: Int64Array
    capacity_units: Int64Array
    option_resource_start: Int64Array = field(default_factory=_empty_starts)
    option_resource: Int32Array = field(default_factory=_empty_indices)
    option_resource_amount: Int64Array = field(default_factory=_empty_starts)
    resource_limit: Int64Array = field(default_factory=_empty_starts)
    stock_value_cents: Int64Array | None = None

    def __post_init__(self) -> None:
        self._coerce()
        self._check_shapes()
        self._check_pieces()
        self._check_options()
        self._check_limits()
        self._check_magnitudes()

    def _coerce(self) -> None:
        int32 = {"piece_sku", "option_warehouse", "option_parcels", "max_shipments", "option_resource"}
        two_dimensional = {"stock_units", "stock_value_cents"}
        for name in self.__dataclass_fields__:
            value = getattr(self, name)
            if name == "split_cents" or value is None:
                continue
            dtype = np.int32 if name in int32 else np.int64
            object.__setattr__(self, name, _integers(name, value, dtype, 2 if name in two_dimensional else 1))
        object.__setattr__(self, "split_cents", int(self.split_cents))
        if len(self.option_resource_start) == 0:
            object.__setattr__(self, "option_resource_start", np.zeros(self.num_options + 1, dtype=np.int64))

    def _check_shapes(self) -> None:
        starts = {
            "piece_start": (self.piece_start, self.num_orders, self.num_pieces),
            "option_start": (self.option_start, self.num_orders, self.num_options),
            "option_resource_start": (self.option_resource_start, self.num_options, len(self.option_resource)),
        }
        for name, (start, rows, total) in starts.items():
            if len(start) != rows + 1 or start[0] != 0 or start[-1] != total or (np.diff(start) < 0).any():
                raise ValueError(f"{name} must rise from 0 to {total} in {rows + 1} steps; length: {len(start)}.")
        same = {
            "num_pieces": (self.piece_sku, self.piece_quantity, self.piece_backorder_cents),
            "num_options": (self.option_warehouse, self.option_mask, self.option_cents, self.option_parcels),
            "num_uses": (self.option_resource, self.option_resource_amount),
            "num_warehouses": (self.stock_units, self.capacity_units),
        }
        for name, arrays in same.items():
            if len({len(array) for array in arrays}) > 1:
                raise ValueError(f"arrays of {name} differ in length: {[len(array) for array in arrays]}.")
        if self.stock_value_cents is not None and self.stock_value_cents.shape != self.stock_units.shape:
            raise ValueError(f"stock_value_cents must have the shape of stock_units; {self.stock_value_cents.shape}.")

    def _check_pieces(self) -> None:
        pieces = np.diff(self.piece_start)
        _refuse("an order's number of pieces", pieces > MAX_PIECES, pieces, f"must be ≤ {MAX_PIECES}", "Merge lines.")
        sku, quantity, backorder = self.piece_sku, self.piece_quantity, self.piece_backorder_cents
        _refuse(
            "piece_sku", (sku < 0) | (sku >= self.num_skus), sku, f"must be 0…{self.num_skus - 1}", "Add its stock."
        )
        _refuse("piece_quantity", quantity < 1, quantity, "must be ≥ 1", "Drop the line.")
        _refuse("piece_backorder_cents", backorder < 0, backorder, "must be ≥ 0", "Cap it at 0.")

    def _check_options(self) -> None:
        warehouse, mask = self.option_warehouse, self.option_mask
        last = self.num_warehouses - 1
        _refuse("option_warehouse", (warehouse < 0) | (warehouse > last), warehouse, f"must be 0…{last}", "Renumber.")
        width = np.repeat(np.diff(self.piece_start), np.diff(self.option_start))
        _refuse("option_mask", (mask < 1) | (mask >> width > 0), mask, "must name the order's own pieces", "Drop it.")
        _refuse("option_cents", self.option_cents < 0, self.option_cents, "must be ≥ 0", "Move credits out of it.")
        _refuse("option_parcels", self.option_parcels < 1, self.option_parcels, "must be ≥ 1", "Count its parcels.")
        _refuse("max_shipments", self.max_shipments < 0, self.max_shipments, "must be ≥ 0", "Use UNLIMITED_SHIPMENTS.")
        resource, amount = self.option_resource, self.option_resource_amount
        outside = (resource < 0) | (resource >= self.num_resources)
        _refuse("option_resource", outside, resource, f"must be 0…{self.num_resources - 1}", "Add its limit.")
        _refuse("option_resource_amount", amount < 1, amount, "must be ≥ 1", "Leave out what is not used.")

    def _check_limits(self) -> None:
        _refuse("stock_units", self.stock_units < 0, self.stock_units, "must be ≥ 0", "Floor what is available at 0.")
        _refuse("capacity_units", self.capacity_units < 0, self.capacity_units, "must be ≥ 0", "Use 0 for closed.")
        _refuse("resource_limit", self.resource_limit < 0, self.resource_limit, "must be ≥ 0", "Use 0 for none left.")
        if self.split_cents < 0:
            raise ValueError(f"split_cents must be ≥ 0; {self.split_cents}.")
        if self.stock_value_cents is not None:
            value = self.stock_value_cents
            _refuse("stock_value_cents", value < 0, value, "must be ≥ 0", "Value unwanted stock at 0.")

    def _check_magnitudes(self) -> None:
        """Refuse costs whose sums could leave int64 anywhere in the solver."""
        # Floats are exact enough to tell 2**62 from far less, and cannot wrap.
        quantity = self.piece_quantity.astype(np.float64)
        highest_value = 0 if self.stock_value_cents is None else int(self.stock_value_cents.max(initial=0))
        units = float(quantity.sum()) + float(self.option_resource_amount.astype(np.float64).sum())
        per_order = MAX_PIECES * (
            float(self.piece_backorder_cents.max(initial=0))
            + float(self.option_cents.max(initial=0))
            + float(self.split_cents) * float(self.option_parcels.max(initial=0))
            + highest_value * float(quantity.max(initial=0))
        )
        worst = max(per_order * max(self.num_orders, 1), per_order / MAX_PIECES * max(units, 1.0)) * MILLICENTS
        if worst >= _LARGEST:
            raise ValueError(
                f"costs are too large to sum exactly: up to {worst:.3g} thousandths of a cent, the limit is 2**62. "
                f"Largest backorder {int(self.piece_backorder_cents.max(initial=0))}, option "
                f"{int(self.option_cents.max(initial=0))} cents, {units:.0f} units: cap the largest of them."
            )

    @property
    def num_orders(self) -> int:
        """Number of orders."""
        return len(self.max_shipments)

    @property
    def num_pieces(self) -> int:
        """Number of pieces of all orders."""
        return len(self.piece_sku)

    @property
    def num_options(self) -> int:
        """Number of options of all orders."""
        return len(self.option_mask)

    @property
    def num_warehouses(self) -> int:
        """Number of warehouses."""
        return int(self.stock_units.shape[0])

    @property
    def num_skus(self) -> int:
        """Number of SKUs."""
        return int(self.stock_units.shape[1])

    @property
    def num_resources(self) -> int:
        """Number of shared resources beyond stock and capacity."""
        return len(self.resource_limit)

    @cached_property
    def order_of_piece(self) -> Int32Array:
        """Shape (num_pieces,): the order each piece belongs to."""
        return np.repeat(np.arange(self.num_orders, dtype=np.int32), np.diff(self.piece_start))

    @cached_property
    def order_of_option(self) -> Int32Array:
        """Shape (num_options,): the order each option belongs to."""
        return np.repeat(np.arange(self.num_orders, dtype=np.int32), np.diff(self.option_start))

    @cached_property
    def option_objective_cents(self) -> Int64Array:
        """Shape (num_options,): cents of each option with the worth of the stock it takes, without split cost."""
        if self.stock_value_cents is None:
            return self.option_cents
        total = self.option_cents.copy()
        first = self.piece_start[self.order_of_option]
        for bit in range(int(np.diff(self.piece_start).max(initial=0))):
            carries = np.flatnonzero(self.option_mask >> bit & 1)
            piece = first[carries] + bit
            value = self.stock_value_cents[self.option_warehouse[carries], self.piece_sku[piece]]
            total[carries] += value * self.piece_quantity[piece]
        return total
