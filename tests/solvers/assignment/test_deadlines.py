"""What a time limit cuts short and what it lets go on, with a clock that the test turns."""

from __future__ import annotations

import importlib

import numpy as np
import pytest
from reference import random_problem

from solvers.assignment import Effort, annealing, charged_bound, lower_bound, rounding, search, solve
from solvers.assignment.annealing import Annealer
from solvers.assignment.columns import list_columns
from solvers.assignment.dual import refine_prices, search_prices
from solvers.assignment.preparation import prepare
from solvers.assignment.pricer import Pricer
from solvers.outcome import Stop


class Clock:
    """Shows a time that moves on by `tick` each time it is read."""

    def __init__(self, tick: float = 0.0) -> None:
        self.now, self.tick = 0.0, tick

    def monotonic(self) -> float:
        self.now += self.tick
        return self.now


class Blocks:
    """Stands for rounds of blocks: each takes one second and saves what it is told."""

    cost = 1_000_000

    def __init__(self, clock: Clock, saved: list[int]) -> None:
        self.clock, self.saved, self.sizes = clock, saved, []

    def round(self, size: int, most_columns: int, **limits: object) -> int:
        self.sizes.append(size)
        self.clock.now += 1.0
        return self.saved[min(len(self.sizes), len(self.saved)) - 1]


@pytest.fixture
def turn(monkeypatch):
    """Give the solver a clock of one's own."""

    def turned(clock: Clock) -> Clock:
        for name in ("annealing", "deadlines", "neighbourhoods", "search", "solve"):
            monkeypatch.setattr(importlib.import_module(f"solvers.assignment.{name}"), "time", clock)
        return clock

    return turned


@pytest.fixture(scope="module")
def crowded():
    return random_problem(11, num_orders=60, num_skus=12, num_warehouses=3, stock=5)


@pytest.fixture
def heats(monkeypatch):
    """Record the heat of every round of annealing, each of which takes one second of the clock."""
    seen = []

    def cooling(clock: Clock, rounds: int, deadline: float | None) -> list[float]:
        pricer = Pricer(prepare(random_problem(0)))
        prepared = pricer.prepared
        columns = list_columns(pricer, prepared.spread(np.zeros(len(prepared.contested), dtype=np.int64)), 20)
        price = np.zeros(len(prepared.contested), dtype=np.int64)
        annealer = Annealer(
            columns, price, prepared.contested_limit(), prepared.family(), 1000.0, columns.start[1:] - 1, seed=1
        )

        def one(heat: float, *_others: object) -> None:
            seen.append(heat / 1000.0)
            clock.now += 1.0

        monkeypatch.setattr(annealer, "_round", one)
        annealer.run(rounds, 1, deadline)
        return seen

    return cooling


def test_without_a_limit_rounds_of_blocks_are_counted():
    blocks = Blocks(Clock(), [1000])
    search._solve_blocks(blocks, Effort(block_rounds=2), 1, None)
    assert len(blocks.sizes) == 2


def test_with_a_limit_rounds_of_blocks_go_on_beyond_their_count_until_it_has_passed(turn):
    blocks = Blocks(turn(Clock()), [1000])
    search._solve_blocks(blocks, Effort(block_rounds=2), 1, 9.5)
    assert len(blocks.sizes) == 10


def test_without_rounds_of_blocks_a_limit_brings_none(turn):
    blocks = Blocks(turn(Clock()), [1000])
    search._solve_blocks(blocks, Effort(block_rounds=0), 1, 9.5)
    assert blocks.sizes == []


def test_blocks_grow_where_little_is_saved_and_end_where_the_largest_save_nothing(turn):
    blocks = Blocks(turn(Clock()), [0, 99, 100, 0, 1, 0])
    search._solve_blocks(blocks, Effort(block_rounds=1, block_size=10), 1, 1e6)
    assert blocks.sizes == [10, 20, 40, 40, 80, 80]


def test_annealing_counts_its_rounds_where_time_is_plenty(turn, heats):
    plenty = heats(turn(Clock()), 5, 1e9)
    assert len(plenty) == 8 * 5 + 3
    assert plenty[-4] == pytest.approx(annealing._COLDEST)


def test_annealing_is_cold_at_its_share_of_the_limit_and_settles_after_it(turn, heats):
    short = heats(turn(Clock()), 1000, 10.0)
    # Eight hot rounds begin in the first seven of ten seconds; three settle in the rest.
    assert len(short) == 8 + 3
    assert short[0] == pytest.approx(annealing._HOTTEST)
    assert short[7] == pytest.approx(annealing._COLDEST)
    assert short == sorted(short, reverse=True)


def test_annealing_begins_nothing_once_its_limit_has_passed(turn, heats):
    clock = turn(Clock(tick=1.0))
    assert heats(clock, 5, 1.0) == []


def test_each_stage_of_a_solve_ends_at_its_share_of_the_limit(turn, crowded, monkeypatch):
    clock = turn(Clock(tick=1.0))
    module = importlib.import_module("solvers.assignment.solve")
    begun = {}

    def timed(name):
        known = getattr(module, name)

        def told(*given, **named):
            begun[name] = clock.now
            return known(*given, **named)

        return told

    for name in ("refine_prices", "tighten", "plan_orders"):
        monkeypatch.setattr(module, name, timed(name))
    solution = solve(crowded, effort=Effort(price_rounds=10_000, block_size=20), seconds=1000.0)
    # A pass over the stages reads the clock a few more times after it has run out.
    assert begun["refine_prices"] == pytest.approx(200, abs=10)
    assert begun["tighten"] == pytest.approx(350, abs=10)
    assert begun["plan_orders"] == pytest.approx(450, abs=10)
    assert solution.violations(crowded) == []
    assert lower_bound(crowded, solution.prices) <= solution.outcome.bound <= solution.outcome.cost


def test_a_limit_that_has_passed_still_leaves_a_whole_plan_and_a_bound(turn, crowded):
    turn(Clock(tick=1.0))
    solution = solve(crowded, seconds=0.5)
    assert solution.violations(crowded) == []
    assert solution.outcome.bound == charged_bound(crowded, solution.charges) <= solution.outcome.cost
    assert solution.outcome.stop is Stop.TIME_LIMIT


def test_a_limit_that_never_passes_costs_nothing_of_what_effort_alone_finds(turn, crowded):
    effort = Effort(price_rounds=20, block_size=20, block_rounds=1)
    alone = solve(crowded, effort=effort)
    turn(Clock())
    limited = solve(crowded, effort=effort, seconds=1e6)
    assert limited.violations(crowded) == []
    assert limited.outcome.bound == alone.outcome.bound
    assert limited.outcome.cost <= alone.outcome.cost


def test_no_cuts_are_sought_once_the_limit_has_passed(turn, crowded, monkeypatch):
    pricer = Pricer(prepare(crowded))
    found = search_prices(pricer, rounds=20)
    turn(Clock(tick=1.0))
    monkeypatch.setattr(rounding, "price_charges", None)
    charges, bound = rounding.tighten(crowded, pricer, found, rounds=300, deadline=0.5)
    assert bound == found.bound_millicents
    assert len(charges.premium_piece) == 0


def test_no_plans_are_listed_once_the_limit_has_passed(turn, crowded, monkeypatch):
    turn(Clock(tick=1.0))
    monkeypatch.setattr(search, "list_columns", None)
    assert solve(crowded, seconds=0.5).violations(crowded) == []


def test_a_deadline_of_zero_is_one(turn, crowded):
    """A clock may start anywhere, so zero is a point in time like any other."""
    pricer = Pricer(prepare(crowded))
    turn(Clock(tick=1.0))
    found = search_prices(pricer, rounds=20, deadline=0.0)
    assert found.rounds == 1
    assert refine_prices(pricer, found, rounds=20, deadline=0.0) is found
