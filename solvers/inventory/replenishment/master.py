"""One plan for each article within what they share: prices by linear program, choice by a program over what that leaves open.

References
----------
Dantzig and Wolfe (1960), Decomposition principle for linear programs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from ortools.math_opt import model_pb2
from ortools.math_opt.python import mathopt
from ortools.sat.python import cp_model

from solvers.inventory.replenishment.kernels_stock import Integers, Numbers
from solvers.inventory.replenishment.plans import Plans, SharedPrices
from solvers.inventory.replenishment.problem import UNLIMITED, ReplenishmentProblem

_OPEN_ARTICLES: Final = 40
"""Articles whose plan the linear program does not settle: those it mixes, and those where another plan costs nearly the same."""
_A_CENT: Final = 100
"""Parts of a cent that the choice counts in."""
_MISSING: Final = 100 * _A_CENT
"""Charge for a cent missing to a least order: an order that cannot be brought up to it is not made at all."""


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
    least, limit
        (rows,) how much must and may be taken.
    limits
        (rows,) which limit: suppliers first, then warehouses.
    """

    article: Integers
    plan: Integers
    cents: Numbers
    row: Integers
    column: Integers
    amount: Integers
    least: Integers
    limit: Integers
    limits: Integers


@dataclass(frozen=True)
class Mix:
    """How the linear program mixes plans.

    Parameters
    ----------
    prices
        What the limits are worth.
    cents
        What the mix adds to the cost.
    share
        (columns,) of each plan.
    regret
        (columns,) what it costs more at the prices than the best plan of its article.
    """

    prices: SharedPrices
    cents: float
    share: Numbers
    regret: Numbers


def choice(problem: ReplenishmentProblem, plans: list[Plans], closed: npt.NDArray[np.bool_]) -> Choice:
    """Gather the distinct plans of every article.

    Parameters
    ----------
    problem
        The problem.
    plans
        Plans of all articles; the first of them does nothing.
    closed
        (suppliers,) those from whom nothing is bought.
    """
    is_new = [np.ones(problem.num_articles, np.bool_)]
    for at in range(1, len(plans)):
        is_known = [_same(plans[at], earlier) for earlier in plans[:at]]
        is_new.append(~np.any(is_known, axis=0) & ((plans[at].spent == 0) | ~closed[problem.supplier]))
    plan, article = np.nonzero(np.array(is_new))
    spent, cents = (
        np.concatenate([getattr(one, name)[mine] for one, mine in zip(plans, is_new, strict=True)])
        for name in ("spent", "cents")
    )
    sent = np.concatenate([one.sent[mine] for one, mine in zip(plans, is_new, strict=True)])
    buys, (sends, place) = np.flatnonzero(spent), np.nonzero(sent)
    column = np.concatenate((buys, sends))
    limit_of = np.concatenate((problem.supplier[article[buys]], problem.num_suppliers + place))
    amount = np.concatenate((spent[buys], sent[sends, place]))
    least, limit = limits_of(problem, closed)
    most = _most(article[column], limit_of, amount, limit.size)
    least = np.where(most >= least, least, 0)
    binds = (most > limit) | (least > 0)
    row, taken = np.cumsum(binds) - 1, binds[limit_of]
    return Choice(
        article, plan, cents, row[limit_of[taken]], column[taken], amount[taken],
        least[binds], limit[binds], np.flatnonzero(binds),
    )  # fmt: skip


def limits_of(problem: ReplenishmentProblem, closed: npt.NDArray[np.bool_]) -> tuple[Integers, Integers]:
    """Give how much of each limit must and may be taken, suppliers first, those closed without a least order."""
    nothing = np.zeros(problem.sending_units.size, np.int64)
    least = np.concatenate((np.where(closed, 0, problem.least_order_cents), nothing))
    return least, np.concatenate((problem.budget_cents, problem.sending_units))


def _most(article: Integers, limit_of: Integers, amount: Integers, size: int) -> Integers:
    """Give the most of each limit that one plan of every article can take together."""
    order = np.lexsort((amount, article, limit_of))
    is_last = np.ones(order.size, np.bool_)
    is_last[:-1] = (np.diff(limit_of[order]) != 0) | (np.diff(article[order]) != 0)
    most = np.zeros(size, np.int64)
    np.add.at(most, limit_of[order[is_last]], amount[order[is_last]])
    return most


def _same(one: Plans, other: Plans) -> npt.NDArray[np.bool_]:
    is_same: npt.NDArray[np.bool_] = (
        (one.cents == other.cents) & (one.spent == other.spent) & (one.sent == other.sent).all(axis=1)
    )
    return is_same


def mixed(problem: ReplenishmentProblem, columns: Choice) -> Mix | None:
    """Give what the limits are worth where plans may be mixed: a linear program; None where nothing keeps them.

    Parameters
    ----------
    problem
        The problem.
    columns
        The plans to choose from.
    """
    model = _model(problem, columns)
    result = mathopt.solve(model, mathopt.SolverType.GLOP)
    if result.termination.reason is not mathopt.TerminationReason.OPTIMAL:
        return None
    duals, rows = result.dual_values(), list(model.linear_constraints())
    free = SharedPrices.free(problem)
    price = np.concatenate((free.money, free.sending))
    price[columns.limits] = [-duals[row] for row in rows[problem.num_articles :]]
    price[columns.limits] = np.where(columns.least > 0, price[columns.limits], np.maximum(price[columns.limits], 0.0))
    share, values = np.zeros(columns.cents.size), result.variable_values()
    share[:] = [values[variable] for variable in model.variables()]
    charged = columns.cents.copy()
    np.add.at(charged, columns.column, price[columns.limits][columns.row] * columns.amount)
    best = np.full(problem.num_articles, np.inf)
    np.minimum.at(best, columns.article, charged)
    prices = SharedPrices(price[: free.money.size], price[free.money.size :])
    return Mix(prices, result.objective_value(), share, charged - best[columns.article])


def choose(problem: ReplenishmentProblem, columns: Choice, mix: Mix | None, *, work: float) -> Integers:
    """Give which plan each article takes: the cheapest together that the limits allow.

    What the linear program settles stays; a program of whole plans chooses for the articles that it leaves open.

    Parameters
    ----------
    problem
        The problem.
    columns
        The plans to choose from.
    mix
        How the linear program mixes them.
    work
        Work of the search, as the solver counts it: about seconds, and the same on every machine.
    """
    taken = np.zeros(problem.num_articles, np.int64)
    if mix is None:
        return taken
    is_open = _open(problem, columns, mix)
    settled = np.flatnonzero(~is_open[columns.article] & (mix.share > 0.5))
    taken[columns.article[settled]] = columns.plan[settled]
    used = np.zeros(columns.limit.size, np.int64)
    is_settled = np.zeros(columns.cents.size, np.bool_)
    is_settled[settled] = True
    of_settled = is_settled[columns.column]
    np.add.at(used, columns.row[of_settled], columns.amount[of_settled])
    opened = np.flatnonzero(is_open[columns.article])
    found = _chosen(columns, opened, columns.least - used, columns.limit - used, work=work)
    if found is None:
        return np.zeros_like(taken)
    taken[columns.article[found]] = columns.plan[found]
    return taken


def _open(problem: ReplenishmentProblem, columns: Choice, mix: Mix) -> npt.NDArray[np.bool_]:
    """Tell the articles that the linear program leaves open, and those where it nearly does."""
    near = np.full(problem.num_articles, np.inf)
    others = np.flatnonzero(mix.share <= 0.5)
    np.minimum.at(near, columns.article[others], mix.regret[others])
    is_mixed = np.zeros(problem.num_articles, np.bool_)
    is_mixed[columns.article[(mix.share > 1e-6) & (mix.share < 1 - 1e-6)]] = True
    near[is_mixed] = -1.0
    order = np.argsort(near, kind="stable")[: max(_OPEN_ARTICLES, int(is_mixed.sum()))]
    is_open = np.zeros(problem.num_articles, np.bool_)
    is_open[order[np.isfinite(near[order])]] = True
    return is_open


def _chosen(columns: Choice, opened: Integers, least: Integers, limit: Integers, *, work: float) -> Integers | None:
    """Give the columns to take of those that are open; None where nothing within the limits was found."""
    model = cp_model.CpModel()
    names = {column: model.new_bool_var("") for column in opened.tolist()}
    groups: dict[int, list[Any]] = {}
    for column, variable in names.items():
        groups.setdefault(int(columns.article[column]), []).append(variable)
    for group in groups.values():
        model.add_exactly_one(group)
    rows: list[list[tuple[Any, int]]] = [[] for _ in range(limit.size)]
    for row, column, amount in zip(columns.row.tolist(), columns.column.tolist(), columns.amount.tolist(), strict=True):
        if column not in names:
            continue
        if amount > limit[row]:
            model.add(names[column] == 0)
        else:
            rows[row].append((names[column], amount))
    missing = []
    for terms, low, high in zip(rows, least.tolist(), limit.tolist(), strict=True):
        total = sum(variable * amount for variable, amount in terms)
        if high < UNLIMITED // 2:
            model.add(total <= high)
        if low > 0:
            missing.append(model.new_int_var(0, low, ""))
            model.add(total + missing[-1] >= low)
    cost = sum(variable * round(float(columns.cents[column]) * _A_CENT) for column, variable in names.items())
    model.minimize(cost + _MISSING * sum(missing))
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.max_deterministic_time = work
    if solver.solve(model) not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return None
    return np.array([column for column, variable in names.items() if solver.boolean_value(variable)], np.int64)


def _model(problem: ReplenishmentProblem, columns: Choice) -> mathopt.Model:
    """Build the program: every article takes one plan, and together they keep the limits."""
    count, articles, rows = columns.cents.size, problem.num_articles, columns.limit.size
    proto = model_pb2.ModelProto()
    proto.variables.ids.extend(range(count))
    proto.variables.lower_bounds.extend([0.0] * count)
    proto.variables.upper_bounds.extend([1.0] * count)
    proto.variables.integers.extend([False] * count)
    priced = np.flatnonzero(columns.cents)
    proto.objective.linear_coefficients.ids.extend(priced.tolist())
    proto.objective.linear_coefficients.values.extend(columns.cents[priced].tolist())
    proto.linear_constraints.ids.extend(range(articles + rows))
    least = np.where(columns.least > 0, columns.least.astype(np.float64), -np.inf)
    proto.linear_constraints.lower_bounds.extend([1.0] * articles + least.tolist())
    limit = np.where(columns.limit < UNLIMITED, columns.limit.astype(np.float64), np.inf)
    proto.linear_constraints.upper_bounds.extend([1.0] * articles + limit.tolist())
    row = np.concatenate((columns.article, articles + columns.row))
    column = np.concatenate((np.arange(count), columns.column))
    amount = np.concatenate((np.ones(count), columns.amount))
    order = np.lexsort((column, row))
    proto.linear_constraint_matrix.row_ids.extend(row[order].tolist())
    proto.linear_constraint_matrix.column_ids.extend(column[order].tolist())
    proto.linear_constraint_matrix.coefficients.extend(amount[order].tolist())
    return mathopt.Model.from_model_proto(proto)
