"""One plan for each article within budgets and what warehouses can send: prices by linear program, choice by integer program.

References
----------
Dantzig and Wolfe (1960), Decomposition principle for linear programs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from ortools.math_opt import model_pb2
from ortools.math_opt.python import mathopt

from solvers.inventory.kernels_replenish import Integers, Numbers
from solvers.inventory.replenish_plans import Plans, SharedPrices
from solvers.inventory.replenishment import ReplenishmentProblem

_RELATIVE_GAP: Final = 1e-6


@dataclass(frozen=True)
class Choice:
    """The plans to choose from, one column each.

    Parameters
    ----------
    article, plan
        (columns,) whose plan it is, and which.
    cents
        (columns,) what it adds to the cost.
    row, column, amount
        What columns take of the limits that bind.
    limit
        (rows,) how much there is.
    limits
        (rows,) which limit: suppliers first, then warehouses.
    """

    article: Integers
    plan: Integers
    cents: Numbers
    row: Integers
    column: Integers
    amount: Integers
    limit: Integers
    limits: Integers


def choice(problem: ReplenishmentProblem, plans: list[Plans]) -> Choice:
    """Gather the distinct plans of every article.

    Parameters
    ----------
    problem
        The problem.
    plans
        Plans of all articles; the first of them does nothing.
    """
    is_new = [np.ones(problem.num_articles, np.bool_)]
    for at in range(1, len(plans)):
        is_known = [_same(plans[at], earlier) for earlier in plans[:at]]
        is_new.append(~np.any(is_known, axis=0))
    plan, article = np.nonzero(np.array(is_new))
    use = np.concatenate([_use(problem, one)[mine] for one, mine in zip(plans, is_new, strict=True)])
    most = np.zeros((problem.num_articles, use.shape[1]), np.int64)
    np.maximum.at(most, article, use)
    every = np.concatenate((problem.budget_cents, problem.sending_units))
    limits = np.flatnonzero(most.sum(axis=0) > every)
    column, row = np.nonzero(use[:, limits])
    cents = np.concatenate([one.cents[mine] for one, mine in zip(plans, is_new, strict=True)])
    return Choice(article, plan, cents, row, column, use[column, limits[row]], every[limits], limits)


def _same(one: Plans, other: Plans) -> npt.NDArray[np.bool_]:
    is_same: npt.NDArray[np.bool_] = (
        (one.cents == other.cents) & (one.spent == other.spent) & (one.sent == other.sent).all(axis=1)
    )
    return is_same


def _use(problem: ReplenishmentProblem, plans: Plans) -> npt.NDArray[np.int64]:
    """Give what each article's plan takes of every limit, suppliers first."""
    spent = np.zeros((problem.num_articles, problem.budget_cents.size), np.int64)
    spent[np.arange(problem.num_articles), problem.supplier] = plans.spent
    return np.hstack((spent, plans.sent))


def shared_prices(problem: ReplenishmentProblem, columns: Choice) -> tuple[SharedPrices, float]:
    """Give what the limits are worth where plans may be mixed, and what the mix adds to the cost: a linear program.

    Parameters
    ----------
    problem
        The problem.
    columns
        The plans to choose from.
    """
    model = _model(problem, columns, is_whole=False)
    result = mathopt.solve(model, mathopt.SolverType.GLOP)
    free = SharedPrices.free(problem)
    if result.termination.reason is not mathopt.TerminationReason.OPTIMAL:
        return free, 0.0
    duals = result.dual_values()
    rows = list(model.linear_constraints())[problem.num_articles :]
    price = np.concatenate((free.money, free.sending))
    price[columns.limits] = [max(-duals[row], 0.0) for row in rows]
    return SharedPrices(price[: free.money.size], price[free.money.size :]), result.objective_value()


def choose(problem: ReplenishmentProblem, columns: Choice, *, nodes: int) -> Integers:
    """Give which plan each article takes: the cheapest together that the limits allow.

    Parameters
    ----------
    problem
        The problem.
    columns
        The plans to choose from.
    nodes
        Nodes of the search.
    """
    model = _model(problem, columns, is_whole=True)
    parameters = mathopt.SolveParameters(node_limit=nodes, relative_gap_tolerance=_RELATIVE_GAP)
    result = mathopt.solve(model, mathopt.SolverType.HIGHS, params=parameters)
    taken = np.zeros(problem.num_articles, np.int64)
    if result.termination.reason in (mathopt.TerminationReason.OPTIMAL, mathopt.TerminationReason.FEASIBLE):
        values = result.variable_values()
        for column, variable in enumerate(model.variables()):
            if values[variable] > 0.5:
                taken[columns.article[column]] = columns.plan[column]
    return taken


def _model(problem: ReplenishmentProblem, columns: Choice, *, is_whole: bool) -> mathopt.Model:
    """Build the program: every article takes one plan, and together they keep the limits."""
    count, articles, rows = columns.cents.size, problem.num_articles, columns.limit.size
    proto = model_pb2.ModelProto()
    proto.variables.ids.extend(range(count))
    proto.variables.lower_bounds.extend([0.0] * count)
    proto.variables.upper_bounds.extend([1.0] * count)
    proto.variables.integers.extend([is_whole] * count)
    priced = np.flatnonzero(columns.cents)
    proto.objective.linear_coefficients.ids.extend(priced.tolist())
    proto.objective.linear_coefficients.values.extend(columns.cents[priced].tolist())
    proto.linear_constraints.ids.extend(range(articles + rows))
    proto.linear_constraints.lower_bounds.extend([1.0] * articles + [-np.inf] * rows)
    proto.linear_constraints.upper_bounds.extend([1.0] * articles + columns.limit.astype(np.float64).tolist())
    row = np.concatenate((columns.article, articles + columns.row))
    column = np.concatenate((np.arange(count), columns.column))
    amount = np.concatenate((np.ones(count), columns.amount))
    order = np.lexsort((column, row))
    proto.linear_constraint_matrix.row_ids.extend(row[order].tolist())
    proto.linear_constraint_matrix.column_ids.extend(column[order].tolist())
    proto.linear_constraint_matrix.coefficients.extend(amount[order].tolist())
    return mathopt.Model.from_model_proto(proto)
