"""Solve blocks of orders that contend for the same stock exactly, over the plans that can matter at the prices."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from ortools.math_opt import model_pb2
from ortools.math_opt.python import mathopt

from solvers.arrays import ranges

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from solvers.assignment.kernels_columns import Columns
    from solvers.assignment.problem import Int64Array

_GUARD_SECONDS = 600.0
"""A block takes seconds, held by its nodes; this only keeps one that hangs from holding up the night."""
_RELATIVE_GAP = 3e-5


def solve_block(
    columns: Columns,
    orders: Int64Array,
    kept: Int64Array,
    chosen: Int64Array,
    left: Int64Array,
    *,
    nodes: int,
    seconds: float | None = None,
) -> Int64Array | None:
    """Find the best plans of a block of orders beside those of all others; None where no cheaper ones were found.

    Parameters
    ----------
    columns
        The plans of all orders.
    orders
        The block, ascending.
    kept
        The columns to choose from, ascending: the present one of each order of the block and some more.
    chosen
        Shape (num_orders,): the present column of each order.
    left
        What is left of each limit beside all present columns.
    nodes
        Limit of branch and bound nodes.
    seconds
        Limit of time; None for a count of nodes alone.

    Returns
    -------
    Int64Array | None
        Shape (len(orders),): the new column of each order.

    References
    ----------
    Shaw (1998), Using constraint programming and local search methods to solve vehicle routing problems, CP-98.
    """
    present = np.zeros(len(kept), dtype=np.bool_)
    present[np.searchsorted(kept, chosen[orders])] = True
    program = _program(columns, orders, kept, present, left)
    values = _minimise(program, present, nodes, _GUARD_SECONDS if seconds is None else seconds)
    if values is None or np.count_nonzero(values) != len(orders):
        return None
    found = kept[values]
    cheaper = int(columns.cost[found].sum()) < int(columns.cost[chosen[orders]].sum())
    return found if cheaper and (np.diff(program.order[values]) > 0).all() else None


def uses_of(columns: Columns, some: Int64Array) -> Int64Array:
    """Give the positions of the uses of some columns, one after another.

    Parameters
    ----------
    columns
        All columns.
    some
        Which of them.
    """
    start = columns.use_start[some]
    return ranges(start, columns.use_start[some + 1] - start)


class _Program(NamedTuple):
    """Choose one column of each order, so that none of the rooms is exceeded, at least cost.

    Shape (num columns,): `cost` of each column and its `order`. Column `column[i]` takes `amount[i]` of room `row[i]`.
    """

    cost: Int64Array
    order: Int64Array
    row: Int64Array
    column: Int64Array
    amount: Int64Array
    room: Int64Array


def _program(
    columns: Columns, orders: Int64Array, kept: Int64Array, present: NDArray[np.bool_], left: Int64Array
) -> _Program:
    """State the choice among the kept columns beside what all other orders have; limits that cannot bind are left out."""
    use = uses_of(columns, kept)
    column = np.repeat(np.arange(len(kept)), np.diff(columns.use_start)[kept])
    limit, amount = columns.use_limit[use], columns.use_amount[use]
    names, row = np.unique(limit, return_inverse=True)
    room = left[names]
    held = present[column]
    np.add.at(room, row[held], amount[held])
    asked = np.zeros(len(names), dtype=np.int64)
    np.add.at(asked, row, amount)
    binds = asked > room
    number = np.cumsum(binds) - 1
    counts = binds[row]
    order = np.searchsorted(orders, np.searchsorted(columns.start, kept, side="right") - 1)
    return _Program(columns.cost[kept], order, number[row[counts]], column[counts], amount[counts], room[binds])


def _minimise(program: _Program, present: NDArray[np.bool_], nodes: int, seconds: float) -> NDArray[np.bool_] | None:
    """Solve from the present choice on; gives which columns are chosen, None where nothing was found."""
    model = mathopt.Model.from_model_proto(_model(program))
    variables = list(model.variables())
    hint = mathopt.SolutionHint(variable_values=dict(zip(variables, present.astype(np.float64).tolist(), strict=True)))
    result = mathopt.solve(
        model,
        mathopt.SolverType.HIGHS,
        params=mathopt.SolveParameters(
            time_limit=dt.timedelta(seconds=seconds), node_limit=nodes, relative_gap_tolerance=_RELATIVE_GAP
        ),
        model_params=mathopt.ModelSolveParameters(solution_hints=[hint]),
    )
    if not result.has_primal_feasible_solution():
        return None
    values = result.variable_values()
    return np.array([values[variable] > 0.5 for variable in variables], dtype=np.bool_)


def _model(program: _Program) -> model_pb2.ModelProto:
    """Write the program down: binary columns, a row an order, then a row a room."""
    num_columns, num_orders, num_rooms = len(program.cost), int(program.order.max(initial=-1)) + 1, len(program.room)
    row = np.concatenate([program.order, num_orders + program.row])
    column = np.concatenate([np.arange(num_columns), program.column])
    amount = np.concatenate([np.ones(num_columns), program.amount])
    by_row = np.lexsort((column, row))
    proto = model_pb2.ModelProto()
    proto.variables.ids.extend(range(num_columns))
    proto.variables.lower_bounds.extend([0.0] * num_columns)
    proto.variables.upper_bounds.extend([1.0] * num_columns)
    proto.variables.integers.extend([True] * num_columns)
    priced = np.flatnonzero(program.cost)
    proto.objective.linear_coefficients.ids.extend(priced.tolist())
    proto.objective.linear_coefficients.values.extend((program.cost[priced] / 1000.0).tolist())
    proto.linear_constraints.ids.extend(range(num_orders + num_rooms))
    proto.linear_constraints.lower_bounds.extend([1.0] * num_orders + [-np.inf] * num_rooms)
    proto.linear_constraints.upper_bounds.extend([1.0] * num_orders + program.room.astype(np.float64).tolist())
    proto.linear_constraint_matrix.row_ids.extend(row[by_row].tolist())
    proto.linear_constraint_matrix.column_ids.extend(column[by_row].tolist())
    proto.linear_constraint_matrix.coefficients.extend(amount[by_row].tolist())
    return proto
