"""Forecasts and their accuracy beside the usual methods, and what policies keep of the fill rate they promise."""

from __future__ import annotations

import os
import time
from pathlib import Path

import numpy as np
import polars as pl
import pytest

FULL = os.environ.get("ORDERMILL_BENCH") == "full"
SERIES = 30_000 if FULL else 500
SIMULATED_DAYS = 400_000 if FULL else 20_000
FIRST_HELD_BACK = 39
"""Months of the spare parts that are known before the last twelve."""


def test_lead_time_quantiles(benchmark):
    from solvers.inventory import DemandSeries, forecast_demand, intermittent_rates

    rng = np.random.default_rng(1)
    rate = np.exp(rng.normal(-1, 1.6, SERIES))
    week = np.array([1, 0.9, 0.9, 1, 1.2, 1.4, 0.6])[np.arange(375) % 7]
    demand = rng.negative_binomial(np.maximum(rate, 0.01)[:, None] * week, 0.5)
    forecast_demand(DemandSeries(demand[:20, :365], season_periods=7), 10)
    intermittent_rates(demand[:20, :365])
    start, cpu = time.perf_counter(), time.process_time()
    found = benchmark.pedantic(
        lambda: forecast_demand(DemandSeries(demand[:, :365], season_periods=7), 10, threads=2), rounds=1, iterations=1
    )
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    start = time.perf_counter()
    intermittent_rates(demand[:, :365])
    croston = time.perf_counter() - start
    covered = (demand[:, 365:].sum(axis=1)[:, None] <= found.quantiles).mean(axis=0)
    print(
        f"\n{SERIES:,} daily series x 365: distributions with back-test {seconds:.1f} s, {cpu:.1f} CPU-s; "
        f"Croston, SBA and TSB rates {SERIES / croston:,.0f} series/s; coverage {np.round(covered, 3).tolist()}"
    )


@pytest.fixture(scope="module")
def parts():
    """Months of demand by spare part, those with a record of every month."""
    found = [
        one / "shared" / "cases" for one in Path(__file__).resolve().parents if (one / "shared" / "cases").is_dir()
    ]
    if not found:
        pytest.skip("the folder shared/cases is not beside this checkout")
    return pl.read_csv(found[0] / "inventory" / "carparts.csv").drop("part").drop_nulls().to_numpy().astype(np.int64)


def usual_quantiles(history, levels):
    """What the usual methods say of three months: negative binomial around TSB, past sums, and a normal distribution."""
    from solvers.inventory import Demand, intermittent_rates

    mean, spread = history.mean(axis=1), history.var(axis=1, ddof=1)
    rates = 3 * intermittent_rates(history)[:, 2]
    sums = history[:, :-2] + history[:, 1:-1] + history[:, 2:]
    z = np.array([0.0, 0.67449, 1.28155, 1.64485, 2.32635])
    around_tsb = [
        [Demand.negative_binomial(max(one, 1e-6), wide).quantile(level) for level in levels]
        for one, wide in zip(rates, 3 * spread, strict=True)
    ]
    return {
        "negative binomial, TSB mean": np.array(around_tsb),
        "empirical": np.quantile(sums, levels, axis=1, method="inverted_cdf").T,
        "normal": np.maximum(3 * mean[:, None] + z * np.sqrt(3 * spread)[:, None], 0),
    }


def test_car_parts_beside_the_usual_methods(parts):
    from solvers.inventory import DemandSeries, forecast_demand, pinball_loss

    losses, covered = {}, {}
    for origin in range(FIRST_HELD_BACK, parts.shape[1], 3) if FULL else [FIRST_HELD_BACK]:
        history, came = parts[:, :origin], parts[:, origin : origin + 3].sum(axis=1)
        found = forecast_demand(DemandSeries(history), 3, threads=2)
        for name, quantiles in {"ours": found.quantiles, **usual_quantiles(history, found.levels)}.items():
            loss = pinball_loss(came, quantiles, found.levels).mean(axis=1).sum() / came.sum()
            losses.setdefault(name, []).append(loss)
            covered.setdefault(name, []).append((came <= quantiles[:, 3]).mean())
    for name, values in losses.items():
        print(
            f"\n{name}: weighted pinball {values[0]:.4f} in the first window, {np.mean(values):.4f} over {len(values)}; "
            f"coverage at 0.95 {covered[name][0]:.4f}, {np.mean(covered[name]):.4f}",
            end="",
        )


def test_policies_keep_the_fill_rate_they_promise():
    from solvers.inventory import Demand
    from solvers.inventory.policies.simulate import draw_days, policy_for_fill_rate, simulate_policy, telling_days

    daily = {
        "Poisson 6": (Demand.poisson(6), 60),
        "Poisson 0.3": (Demand.poisson(0.3), 6),
        "lumpy 10": (Demand.negative_binomial(10, 60), 80),
        "lumpy 2": (Demand.negative_binomial(2, 20), 30),
        "lumpy 0.1": (Demand.negative_binomial(0.1, 0.4), 3),
        "lumpy 50": (Demand.negative_binomial(50, 400), 300),
    }
    waits = {
        "5 days": Demand(np.bincount([5], [1.0])),
        "Poisson 5": Demand.poisson(5),
        "5 days, or 20 one time in five": Demand(np.bincount([5, 20], [0.8, 0.2])),
    }
    off = []
    print("\ndaily demand, lead time: points beyond a promise of 90, 95, 98, 99 %")
    for (name, (demand, quantity)), (wait, lead_time) in ((one, two) for one in daily.items() for two in waits.items()):
        beyond = []
        for promise in (0.90, 0.95, 0.98, 0.99):
            policy = policy_for_fill_rate(
                demand, lead_time, promise, quantity=quantity, days=120_000 if FULL else 5_000
            )
            tested = max(SIMULATED_DAYS, 3 * telling_days(demand)) if FULL else SIMULATED_DAYS
            days = draw_days(demand, lead_time, tested, seed=99)
            beyond.append(100 * (simulate_policy(policy, *days).fill_rate - promise))
        off += [abs(one) for one in beyond]
        print(f"{name}, {wait}: {', '.join(f'{one:+.2f}' for one in beyond)}")
    print(f"within half a point: {np.mean(np.array(off) <= 0.5):.3f}; the farthest {max(off):.2f}")
