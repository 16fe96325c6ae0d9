"""Solve blocks of orders that contend for the same stock exactly, over the plans that can matter at the prices."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import numpy as np
from ortools.math_opt import model_pb2
from ortools.math_opt.python import mathopt

from solvers.arrays import ranges

if TYPE_CHECKING:
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
    use = uses_of(columns, kept)
    column_of_use = np.repeat(np.arange(len(kept)), np.diff(columns.use_start)[kept])
    limit, amount = columns.use_limit[use], columns.use_amount[use]
    present = np.searchsorted(kept, chosen[orders])
    is_present = np.zeros(len(kept), dtype=np.bool_)
    is_present[present] = True
    names, row = np.unique(limit, return_inverse=True)
    room = left[names]
    held = is_present[column_of_use]
    np.add.at(room, row[held], amount[held])
    asked = np.zeros(len(names), dtype=np.int64)
    np.add.at(asked, row, amount)
    binds = asked > room
    number = np.cumsum(binds) - 1
    counts = binds[row]
    order_row = np.searchsorted(orders, np.searchsorted(columns.start, kept, side="right") - 1)
    values = _minimise(
        columns.cost[kept],
        np.concatenate([order_row, len(orders) + number[row[counts]]]),
        np.concatenate([np.arange(len(kept)), column_of_use[counts]]),
        np.concatenate([np.ones(len(kept), dtype=np.int64), amount[counts]]),
        (len(orders), room[binds]),
        is_present,
        nodes,
        _GUARD_SECONDS if seconds is None else seconds,
    )
    if values is None or np.count_nonzero(values) != len(orders):
        return None
    found = kept[values]
    cheaper = int(columns.cost[found].sum()) < int(columns.cost[chosen[orders]].sum())
    return found if cheaper and (np.diff(order_row[values]) > 0).all() else None


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


def _minimise(
    cost: Int64Array,
    row: Int64Array,
    column: Int64Array,
    amount: Int64Array,
    limits: tuple[int, Int64Array],
    present: np.typing.NDArray[np.bool_],
    nodes: int,
    seconds: float,
) -> np.typing.NDArray[np.bool_] | None:
    """Minimise over binary columns, one of each of the first rows, within the limits of the others."""
    num_orders, room = limits
    by_row = np.lexsort((column, row))
    proto = model_pb2.ModelProto()
    proto.variables.ids.extend(range(len(cost)))
    proto.variables.lower_bounds.extend([0.0] * len(cost))
    proto.variables.upper_bounds.extend([1.0] * len(cost))
    proto.variables.integers.extend([True] * len(cost))
    priced = np.flatnonzero(cost)
    proto.objective.linear_coefficients.ids.extend(priced.tolist())
    proto.objective.linear_coefficients.values.extend((cost[priced] / 1000.0).tolist())
    proto.linear_constraints.ids.extend(range(num_orders + len(room)))
    proto.linear_constraints.lower_bounds.extend([1.0] * num_orders + [-np.inf] * len(room))
    proto.linear_constraints.upper_bounds.extend([1.0] * num_orders + room.astype(np.float64).tolist())
    proto.linear_constraint_matrix.row_ids.extend(row[by_row].tolist())
    proto.linear_constraint_matrix.column_ids.extend(column[by_row].tolist())
    proto.linear_constraint_matrix.coefficients.extend(amount[by_row].astype(np.float64).tolist())
    model = mathopt.Model.from_model_proto(proto)
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
