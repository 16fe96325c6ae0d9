"""What whole plans leave of a budget: part of a purchase is better than none."""

from __future__ import annotations

import numpy as np

from solvers.inventory.replenishment import kernels_stock as kernels
from solvers.inventory.replenishment.kernels_plans import Lines
from solvers.inventory.replenishment.kernels_stock import Integers
from solvers.inventory.replenishment.problem import ReplenishmentProblem


def spend_rest(problem: ReplenishmentProblem, lines: Lines, wanted: Integers) -> Lines:
    """Buy towards what is wanted without a budget with what the budgets have left, the dearest shortage for the money first.

    Parameters
    ----------
    problem
        The problem.
    lines
        The plan, which stays as it is.
    wanted
        (stocks,) units each would buy if money were no matter.
    """
    bought, article = lines.bought.copy(), problem.article
    price = problem.unit_cost_cents[article]
    rest = problem.budget_cents.copy()
    np.subtract.at(rest, problem.supplier[article], bought * price)
    levels = problem.position + bought
    np.subtract.at(levels, lines.source, lines.moved)
    np.add.at(levels, lines.target, lines.moved)
    total = np.zeros(problem.num_articles, np.int64)
    np.add.at(total, article, levels)
    worth = (problem.shortage_cents + problem.lost_cents[article]) / np.maximum(price, 1)
    short = np.flatnonzero(wanted > bought)
    for stock in short[np.argsort(-worth[short], kind="stable")].tolist():
        own, supplier = int(article[stock]), int(problem.supplier[article[stock]])
        units = min(int(wanted[stock] - bought[stock]), int(rest[supplier]) // max(int(price[stock]), 1))
        units = units // int(problem.pack_units[own]) * int(problem.pack_units[own])
        if units <= 0 or bought[stock] + units < problem.minimum_units[own]:
            continue
        if _added(problem, own, stock, int(levels[stock]), int(total[own]), units, is_new=bought[stock] == 0) >= 0.0:
            continue
        bought[stock] += units
        levels[stock] += units
        total[own] += units
        rest[supplier] -= units * int(price[stock])
    return lines._replace(bought=bought)


def _added(
    problem: ReplenishmentProblem, article: int, stock: int, level: int, total: int, units: int, *, is_new: bool
) -> float:
    """Give what buying so many units more adds to the cost."""
    tables = problem.tables
    cost = kernels.stock_cost(tables, stock, level + units) - kernels.stock_cost(tables, stock, level)
    cost += kernels.together_cost(tables, article, total + units) - kernels.together_cost(tables, article, total)
    return float(cost + (int(problem.order_cents[article]) if is_new else 0))
