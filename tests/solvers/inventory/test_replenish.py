"""Purchases and transfers: brute force on small articles, the bound, and what a plan must keep."""

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
from ortools.linear_solver import pywraplp

from solvers.inventory.loss import Demand
from solvers.inventory.replenish import ReplenishmentProblem, replenish


def problem(seed, *, articles=1, plain=True, budget=None, most=6, waiting=0.0):
    rng = np.random.default_rng(seed)
    stocks = 3 * articles
    mean = rng.uniform(0, 4, stocks).round(1)
    position = rng.integers(-1, most, stocks)
    return ReplenishmentProblem(
        article=np.repeat(np.arange(articles), 3),
        position=position,
        movable=np.maximum(position, 0),
        mean=mean,
        variance=mean * rng.choice([1.0, 2.5], stocks),
        shortage_cents=rng.integers(50, 400, stocks),
        holding_cents=rng.integers(1, 40, stocks),
        waiting_cents=np.full(stocks, waiting),
        daily_mean=mean / 10,
        transfer_cents=np.full(stocks, 15.0),
        unit_cost_cents=rng.integers(50, 500, articles),
        pack_units=np.ones(articles, int) if plain else rng.integers(1, 4, articles),
        minimum_units=np.zeros(articles, int) if plain else rng.integers(0, 4, articles),
        order_cents=np.zeros(articles, int) if plain else rng.integers(0, 60, articles),
        transfer_line_cents=0 if plain else 25,
        budget_cents=budget,
    )


def demand_of(one, stock):
    return Demand.negative_binomial(one.mean[stock], one.variance[stock])


def brute_force(one):
    """Least expected cost over every purchase and every transfer of one article with three warehouses."""
    tables = []
    for stock in range(3):
        demand = demand_of(one, stock)
        tables.append(
            {
                units: one.shortage_cents[stock] * demand.loss(units)
                + one.holding_cents[stock] * demand.left_over(units)
                for units in range(-3, 40)
            }
        )
    best = math.inf
    lanes = [(a, b) for a in range(3) for b in range(3) if a != b]
    pack, least, fixed = int(one.pack_units[0]), int(one.minimum_units[0]), int(one.order_cents[0])
    purchases = [units for units in range(0, 13, pack) if units == 0 or units >= least]
    spent = {units: units * int(one.unit_cost_cents[0]) for units in purchases}
    ways = set()
    for moved in itertools.product(range(4), repeat=3):
        for chosen in itertools.combinations(lanes, 3):
            net, sent, cost = [0] * 3, [0] * 3, 0.0
            for units, (a, b) in zip(moved, chosen, strict=True):
                net[a] -= units
                net[b] += units
                sent[a] += units
                cost += units * 15 + one.transfer_line_cents * (units > 0)
            if all(sent[s] <= one.movable[s] for s in range(3)):
                ways.add((tuple(net), cost))
    for net, moving in ways:
        for bought in itertools.product(purchases, repeat=3):
            if one.budget_cents is not None and sum(spent[units] for units in bought) > one.budget_cents:
                continue
            held = [int(one.position[s]) + net[s] + bought[s] for s in range(3)]
            if max(held) >= 40:
                continue
            cost = moving + sum(tables[s][held[s]] for s in range(3)) + fixed * sum(units > 0 for units in bought)
            best = min(best, cost)
    return best


@pytest.mark.parametrize("seed", range(6))
def test_single_units_are_exact(seed):
    one = problem(seed, most=4)
    found = replenish(one)
    assert found.violations(one) == []
    assert found.outcome.cost == math.ceil(brute_force(one) - 1e-4)
    assert found.outcome.gap == 0


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("budget", [None, 400])
def test_bound_best_and_plan_stand_in_order(seed, budget):
    one = problem(seed + 20, plain=False, budget=budget, most=4)
    found = replenish(one)
    best = brute_force(one)
    assert found.violations(one) == []
    assert found.outcome.bound <= math.ceil(best)
    assert best <= found.outcome.cost + 1e-6
    assert found.outcome.cost <= found.baseline_cents


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("plain", [True, False])
def test_a_plan_costs_what_it_says_and_saves_what_its_lines_say(seed, plain):
    one = problem(seed, articles=40, plain=plain, budget=None if seed % 2 else 30_000, most=20)
    found = replenish(one)
    assert found.violations(one) == []
    lines = float((one.transfer_cents[found.source] * found.moved).sum()) + one.transfer_line_cents * found.moved.size
    orders = float(one.order_cents[one.article[found.bought > 0]].sum())
    cost = float(one.costs(found.levels(one)).sum()) + lines + orders
    assert found.outcome.cost == math.ceil(cost - 1e-6)
    saved = found.bought_saved_cents.sum() + found.moved_saved_cents.sum()
    assert found.baseline_cents - found.outcome.cost == pytest.approx(saved, abs=2)
    assert found.outcome.bound <= found.outcome.cost


def linear_bound(one):
    """The same as a linear program, every unit of every stock a variable: what a general solver proves."""
    solver = pywraplp.Solver.CreateSolver("GLOP")
    objective, spent = solver.Objective(), solver.Constraint(-solver.infinity(), float(one.budget_cents))
    constant, sizes = 0.0, 40
    for article, cents in enumerate(one.unit_cost_cents.tolist()):
        own = np.flatnonzero(one.article == article)
        bought = solver.NumVar(0, solver.infinity(), "")
        spent.SetCoefficient(bought, cents)
        balance = solver.Constraint(0, 0)
        balance.SetCoefficient(bought, 1)
        for stock in own.tolist():
            least = int(one.position[stock] - one.movable[stock])
            costs = one.costs_at(stock, np.arange(least, least + sizes + 1))
            constant += costs[0]
            sent = solver.NumVar(0, float(one.movable[stock]), "")
            got = solver.NumVar(0, solver.infinity(), "")
            objective.SetCoefficient(sent, float(one.transfer_cents[stock]))
            level = solver.Constraint(float(one.position[stock] - least), float(one.position[stock] - least))
            level.SetCoefficient(sent, 1)
            level.SetCoefficient(got, -1)
            balance.SetCoefficient(sent, 1)
            balance.SetCoefficient(got, -1)
            for step in range(sizes):
                unit = solver.NumVar(0, 1, "")
                level.SetCoefficient(unit, 1)
                objective.SetCoefficient(unit, float(costs[step + 1] - costs[step]))
    objective.SetMinimization()
    assert solver.Solve() == pywraplp.Solver.OPTIMAL
    return constant + objective.Value()


@pytest.mark.parametrize("seed", range(3))
def test_the_bound_is_that_of_a_linear_program(seed):
    one = problem(seed, articles=6, budget=1_500, most=25, waiting=0.4)
    names = [name for name, value in type(one).__dataclass_fields__.items() if value.init]

    class WithCosts(ReplenishmentProblem):
        def costs_at(self, stock, units):
            levels = self.position.copy()
            found = []
            for value in units:
                levels[stock] = value
                found.append(self.costs(levels)[stock])
            return np.array(found)

    same = WithCosts(**{name: getattr(one, name) for name in names})
    assert replenish(one).outcome.bound == math.ceil(linear_bound(same) - 1e-3)


def test_each_further_unit_costs_no_less():
    one = problem(8, articles=4, waiting=0.7)
    costs = np.array([one.costs(np.full(12, units)) for units in range(-3, 400)])
    assert np.all(np.diff(costs, 2, axis=0) > -1e-9)
    # Excess of a stock without demand waits a year, and no longer.
    still = replace(one, mean=np.zeros(12), daily_mean=np.zeros(12))
    assert still.costs(np.full(12, 9)) - still.costs(np.full(12, 8)) == pytest.approx(one.holding_cents + 0.7 * 365)


def test_costs_are_those_of_the_distribution():
    one = problem(4, articles=3)
    levels = np.array([0, 1, 5, 9, 30, -2, 3, 4, 100])
    for stock, cost in enumerate(one.costs(levels)):
        demand, units = demand_of(one, stock), int(levels[stock])
        expected = one.shortage_cents[stock] * demand.loss(units) + one.holding_cents[stock] * demand.left_over(units)
        assert cost == pytest.approx(expected, rel=1e-6, abs=1e-6)


def test_a_tight_budget_buys_what_saves_most_for_the_money():
    wide, tight = (problem(3, articles=40, budget=budget) for budget in (None, 20_000))
    free, bound = replenish(wide), replenish(tight)
    spent = (bound.bought * tight.unit_cost_cents[tight.article]).sum()
    assert 0 < spent <= 20_000 < (free.bought * wide.unit_cost_cents[wide.article]).sum()
    assert free.outcome.cost <= bound.outcome.bound <= bound.outcome.cost <= bound.baseline_cents
    assert bound.outcome.gap < 0.02


def test_nothing_to_do():
    empty = ReplenishmentProblem(*[np.zeros(0)] * 14)
    assert replenish(empty).outcome.cost == 0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"mean": [-1.0] * 3}, "mean must be finite"),
        ({"movable": [-1] * 3}, "movable must lie"),
        ({"article": [1, 0, 0]}, "sort the stocks"),
        ({"pack_units": [0]}, "pack_units must lie"),
        ({"budget_cents": -1}, "budget_cents"),
        ({"transfer_line_cents": -1}, "transfer_line_cents"),
        ({"position": [1]}, "each of 3 stocks"),
        ({"order_cents": [1, 2]}, "each of 1 articles"),
    ],
)
def test_values_out_of_range_are_named(change, message):
    base = problem(0)
    names = [name for name, one in type(base).__dataclass_fields__.items() if one.init]
    with pytest.raises(ValueError, match=message):
        ReplenishmentProblem(**{name: getattr(base, name) for name in names} | change)
