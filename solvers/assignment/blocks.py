"""Solve blocks of orders that contend for the same stock exactly, over the options that can matter at the prices."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from ortools.math_opt import model_pb2
from ortools.math_opt.python import mathopt

from solvers.assignment.kernels_search import collect_columns

if TYPE_CHECKING:
    from solvers.assignment.kernels_plan import PriceArrays, Room
    from solvers.assignment.kernels_pricing import Instance, Work
    from solvers.assignment.problem import Int64Array

_GUARD_SECONDS = 600.0
"""A block takes seconds, held by its nodes; this only keeps one that hangs from holding up the night."""
_RELATIVE_GAP = 1e-6


@dataclass(frozen=True)
class _Rows:
    """Sparse rows `sum(amount x column) <= upper`."""

    row: Int64Array
    column: Int64Array
    amount: Int64Array
    upper: Int64Array


def solve_block(
    instance: Instance,
    orders: Int64Array,
    prices: PriceArrays,
    room: Room,
    plan: Int64Array,
    work: Work,
    *,
    slack_millicents: int,
    nodes: int,
    seconds: float | None = None,
) -> Int64Array | None:
    """Find the best plans of a block of orders within its room; None where no better plans were found in time.

    Parameters
    ----------
    instance
        The problem.
    orders
        The block: orders of at most `DENSE_PIECES` pieces.
    prices
        Prices that tell which options can matter.
    room
        What the block may take, its present plans given back.
    plan
        Shape (num_pieces,): present plans.
    work
        Scratch.
    slack_millicents
        Options are considered that are in a plan at most this much dearer at prices than the order's cheapest.
    nodes
        Limit of branch and bound nodes.
    seconds
        Limit of time; None for a count of nodes alone.

    Returns
    -------
    Int64Array | None
        The options to take.
    """
    most = int((instance.option_start[orders + 1] - instance.option_start[orders]).sum())
    columns = np.zeros(most, dtype=np.int64)
    count = collect_columns(instance, orders, prices, room, np.int64(slack_millicents), work, plan, columns)
    columns = columns[:count]
    order_of_column = np.searchsorted(instance.option_start, columns, side="right") - 1
    entry_column, entry_piece = _entries(instance, columns, order_of_column)
    pieces = np.unique(entry_piece)
    rows = [
        _Rows(
            np.searchsorted(pieces, entry_piece),
            entry_column,
            np.ones(len(entry_column), dtype=np.int64),
            np.ones(len(pieces), dtype=np.int64),
        ),
        *_limits(instance, room, columns, entry_column, entry_piece),
    ]
    saving = np.bincount(entry_column, instance.backorder[entry_piece].astype(np.float64), minlength=count)
    objective = instance.option_cost[columns] - saving
    split_rows, split_objective = _first_parcels(instance, orders, order_of_column, len(columns))
    rows += split_rows + _shipment_limits(instance, columns, order_of_column)
    chosen = _minimise(
        np.concatenate([objective, split_objective]), rows, nodes, _GUARD_SECONDS if seconds is None else seconds
    )
    if chosen is None:
        return None
    return np.asarray(columns[chosen[:count]])


def _entries(instance: Instance, columns: Int64Array, order_of_column: Int64Array) -> tuple[Int64Array, Int64Array]:
    """List (column, piece) for every piece each column carries."""
    mask = instance.option_mask[columns]
    first = instance.piece_start[order_of_column]
    pairs = [(np.flatnonzero(mask >> bit & 1), bit) for bit in range(int(mask.max(initial=0)).bit_length())]
    column = np.concatenate([where for where, _ in pairs] or [np.zeros(0, dtype=np.int64)])
    piece = np.concatenate([first[where] + bit for where, bit in pairs] or [np.zeros(0, dtype=np.int64)])
    return column, piece


def _limits(
    instance: Instance, room: Room, columns: Int64Array, entry_column: Int64Array, entry_piece: Int64Array
) -> list[_Rows]:
    """Give the shared limits that the columns could exceed."""
    warehouse = instance.option_warehouse[columns][entry_column].astype(np.int64)
    quantity = instance.piece_quantity[entry_piece]
    cell = instance.piece_sku[entry_piece] * np.int64(room.stock.shape[1]) + warehouse
    start, end = instance.use_start[columns], instance.use_start[columns + 1]
    use_column = np.repeat(np.arange(len(columns)), end - start)
    use = (
        np.concatenate([np.arange(a, b) for a, b in zip(start, end, strict=True)] or [start])
        if use_column.size
        else start[:0]
    )
    return [
        _binding(cell, entry_column, quantity, room.stock.ravel()),
        _binding(warehouse, entry_column, quantity, room.capacity),
        _binding(instance.use_resource[use].astype(np.int64), use_column, instance.use_amount[use], room.resource),
    ]


def _binding(limit: Int64Array, column: Int64Array, amount: Int64Array, upper: Int64Array) -> _Rows:
    """Keep the rows whose columns together exceed their limit."""
    asked = np.zeros(len(upper), dtype=np.int64)
    np.add.at(asked, limit, amount)
    kept = asked[limit] > upper[limit]
    names, row = np.unique(limit[kept], return_inverse=True)
    return _Rows(row.astype(np.int64), column[kept], amount[kept], upper[names])


def _first_parcels(
    instance: Instance, orders: Int64Array, order_of_column: Int64Array, count: int
) -> tuple[list[_Rows], Int64Array]:
    """Give each order's split credit as a column that needs one of its options."""
    if instance.split == 0:
        return [], np.zeros(0, dtype=np.int64)
    credited = np.sort(orders)
    order_row = np.searchsorted(credited, order_of_column)
    credit = np.arange(len(credited))
    rows = _Rows(
        np.concatenate([order_row, credit]),
        np.concatenate([np.arange(count), count + credit]),
        np.concatenate([np.full(count, -1), np.ones(len(credited), dtype=np.int64)]),
        np.zeros(len(credited), dtype=np.int64),
    )
    return [rows], np.full(len(credited), -instance.split)


def _shipment_limits(instance: Instance, columns: Int64Array, order_of_column: Int64Array) -> list[_Rows]:
    """Give the rows that hold orders to their number of parcels."""
    parcels = instance.option_parcels[columns].astype(np.int64)
    return [_binding(order_of_column, np.arange(len(columns)), parcels, instance.max_shipments.astype(np.int64))]


def _minimise(objective: Int64Array, rows: list[_Rows], nodes: int, seconds: float) -> Int64Array | None:
    """Minimise over binary columns; the chosen columns as booleans, None where none were found."""
    offsets = np.cumsum([0, *(len(part.upper) for part in rows)])
    row = np.concatenate([part.row + offset for part, offset in zip(rows, offsets[:-1], strict=True)])
    column = np.concatenate([part.column for part in rows])
    amount = np.concatenate([part.amount for part in rows])
    upper = np.concatenate([part.upper for part in rows])
    by_row = np.lexsort((column, row))
    row, column, amount = row[by_row], column[by_row], amount[by_row]
    repeated = np.flatnonzero((np.diff(row, prepend=-1) != 0) | (np.diff(column, prepend=-1) != 0))
    amount = np.add.reduceat(amount, repeated) if len(row) else amount
    num_columns, num_rows = len(objective), len(upper)
    proto = model_pb2.ModelProto()
    proto.variables.ids.extend(range(num_columns))
    proto.variables.lower_bounds.extend([0.0] * num_columns)
    proto.variables.upper_bounds.extend([1.0] * num_columns)
    proto.variables.integers.extend([True] * num_columns)
    priced = np.flatnonzero(objective)
    proto.objective.linear_coefficients.ids.extend(priced.tolist())
    proto.objective.linear_coefficients.values.extend((objective[priced] / 1000.0).tolist())
    proto.linear_constraints.ids.extend(range(num_rows))
    proto.linear_constraints.lower_bounds.extend([-np.inf] * num_rows)
    proto.linear_constraints.upper_bounds.extend(upper.astype(np.float64).tolist())
    proto.linear_constraint_matrix.row_ids.extend(row[repeated].tolist())
    proto.linear_constraint_matrix.column_ids.extend(column[repeated].tolist())
    proto.linear_constraint_matrix.coefficients.extend(amount.astype(np.float64).tolist())
    model = mathopt.Model.from_model_proto(proto)
    parameters = mathopt.SolveParameters(
        time_limit=dt.timedelta(seconds=seconds), node_limit=nodes, relative_gap_tolerance=_RELATIVE_GAP
    )
    result = mathopt.solve(model, mathopt.SolverType.HIGHS, params=parameters)
    if result.termination.reason not in (mathopt.TerminationReason.OPTIMAL, mathopt.TerminationReason.FEASIBLE):
        return None
    values = result.variable_values()
    return np.array([values[variable] > 0.5 for variable in model.variables()], dtype=np.bool_)
