"""Demand forecasts beside statsforecast, which pip installs: how many series a processor second, and how good on spare parts.

Run `pytest benchmarks/bench_demand_peers.py --benchmark-enable -s`; ORDERMILL_BENCH=full for more series. The peer stands in the
dependency group `bench` (`pip install --group bench`); without it everything here is skipped. Its models are asked series by
series, without its frames, which is the quickest way into them; what a model compiles is compiled before the clock starts.
"""

from __future__ import annotations

import os
import sys
import time
import warnings
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

# The import mode keeps this folder off the path; the cases are read by the module beside this one.
sys.path.insert(0, str(Path(__file__).parent))
from bench_demand import FIRST_HELD_BACK, parts

FULL = os.environ.get("ORDERMILL_BENCH") == "full"
OURS, CROSTON, ETS = (30_000, 5_000, 200) if FULL else (300, 50, 3)
EVERY = 8 if FULL else 250
LEVELS = (0.5, 0.75, 0.9, 0.95, 0.99)
_QUARTER = 3

__all__ = ["parts"]
pytestmark = [
    pytest.mark.skipif(find_spec("statsforecast") is None, reason="statsforecast is not installed"),
    pytest.mark.filterwarnings("ignore"),
]


def rate(name, work, series):
    """Give how many series a processor second a forecast takes."""
    work(series[:2])
    start = time.process_time()
    work(series)
    found = len(series) / max(time.process_time() - start, 1e-9)
    print(
        f"\n{name}: {found:,.0f} series a CPU second over {len(series):,}; 30,000 in {30_000 / found:,.1f} CPU-s",
        end="",
    )
    return found


def test_series_a_second():
    from statsforecast.models import AutoETS, CrostonClassic

    from solvers.inventory import DemandSeries, forecast_demand, intermittent_rates

    rng = np.random.default_rng(1)
    mean = np.exp(rng.normal(-1, 1.6, OURS))
    week = np.array([1, 0.9, 0.9, 1, 1.2, 1.4, 0.6])[np.arange(365) % 7]
    demand = rng.negative_binomial(np.maximum(mean, 0.01)[:, None] * week, 0.5)
    floats = demand.astype(np.float64)

    def one_by_one(model):
        return lambda series: [model.forecast(y=one, h=10) for one in series]

    ours = rate(
        "ours, distribution of ten days with back-test",
        lambda some: forecast_demand(DemandSeries(some, season_periods=7), 10),
        demand,
    )
    rates = rate("ours, Croston, SBA and TSB together", intermittent_rates, demand)
    croston = rate("statsforecast Croston, points", one_by_one(CrostonClassic()), floats[:CROSTON])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ets = rate(
            "statsforecast AutoETS, season of a week, points", one_by_one(AutoETS(season_length=7)), floats[:ETS]
        )
    print(f"\nratio: rates to Croston {rates / croston:.1f}, distributions to AutoETS {ours / ets:.1f}")


def test_car_parts(parts):
    from statsforecast.models import AutoETS

    from solvers.inventory import DemandSeries, forecast_demand, pinball_loss

    some = np.arange(0, parts.shape[0], EVERY)
    history, came = parts[:, :FIRST_HELD_BACK], parts[some, FIRST_HELD_BACK : FIRST_HELD_BACK + _QUARTER].sum(axis=1)
    ours = forecast_demand(DemandSeries(history), _QUARTER).quantiles[some]
    quarters = history[some].reshape(some.size, -1, _QUARTER).sum(axis=2).astype(np.float64)
    theirs = np.empty_like(ours)
    for one, series in enumerate(quarters):
        found = AutoETS(season_length=1).forecast(y=series, h=1, level=[50, 80, 90, 98])
        theirs[one] = [found["mean"][0], *(found[f"hi-{level}"][0] for level in (50, 80, 90, 98))]
    for name, quantiles in (("ours", ours), ("statsforecast AutoETS on quarters", np.maximum(theirs, 0.0))):
        loss = pinball_loss(came, quantiles, np.array(LEVELS)).mean(axis=1).sum() / came.sum()
        covered = (came <= quantiles[:, 3]).mean()
        print(f"\n{name}, {some.size} parts: weighted pinball {loss:.4f}, coverage at 0.95 {covered:.4f}", end="")
