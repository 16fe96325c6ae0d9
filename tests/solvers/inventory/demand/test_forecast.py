"""Forecasts: the textbook's rates, the published spare parts, and properties on drawn demand."""

import csv

import numpy as np
import pytest

from solvers.inventory.demand.accuracy import pinball_loss
from solvers.inventory.demand.forecast import DemandSeries, forecast_demand, intermittent_rates
from solvers.inventory.policies.loss import Demand


def drawn(seed, series=400, periods=90, spread=0.6):
    rng = np.random.default_rng(seed)
    rate = np.exp(rng.normal(0.5, spread, series))
    return rng.poisson(rate[:, None], (series, periods)), rate


def test_worked_intermittent_rates():
    rates = intermittent_rates(np.array([[0, 0, 3, 0, 2, 0, 0, 4, 1, 0, 0, 0, 2], [0] * 13]))
    assert [round(rate, 8) for rate in rates[0]] == [0.95820308, 0.91029293, 0.82545094]
    assert rates[1].tolist() == [0, 0, 0]


def test_three_months_of_spare_parts(cases_dir):
    with (cases_dir / "inventory" / "carparts.csv").open() as file:
        rows = [row[1:] for row in csv.reader(file)][1:]
    demand = np.array([[int(one) for one in row] for row in rows if "" not in row])
    assert demand.shape == (2509, 51)
    found = forecast_demand(DemandSeries(demand[:, :39]), 3)
    came = demand[:, 39:42].sum(axis=1)
    weighted = pinball_loss(came, found.quantiles, found.levels).mean(axis=1).sum() / came.sum()
    assert weighted < 0.285
    assert 0.93 < (came <= found.quantiles[:, 3]).mean() < 0.97


def test_quantiles_hold_what_they_promise():
    demand, _ = drawn(1, series=3_000, periods=70)
    found = forecast_demand(DemandSeries(demand[:, :60]), 10)
    came = demand[:, 60:].sum(axis=1)
    covered = (came[:, None] <= found.quantiles).mean(axis=0)
    # Whole units: a quantile covers at least its level, and one unit less covers less.
    assert np.all(covered > found.levels - 0.02)
    assert np.all((came[:, None] < found.quantiles).mean(axis=0) < found.levels + 0.02)
    assert np.all(np.diff(found.quantiles, axis=1) >= 0)


def test_quantiles_are_those_of_the_distribution():
    demand, _ = drawn(2, series=30)
    found = forecast_demand(DemandSeries(demand), 4)
    for mean, variance, quantiles in zip(found.mean, found.variance, found.quantiles, strict=True):
        if variance > mean:
            exact = Demand.negative_binomial(mean, variance)
            assert [exact.quantile(level) for level in found.levels] == quantiles.tolist()


def test_days_without_stock_do_not_count():
    demand, rate = drawn(3, series=500)
    known = np.ones(demand.shape, bool)
    known[:, 45:85] = False
    blind = np.where(known, demand, 0)
    told = forecast_demand(DemandSeries(blind, known), 5).mean
    untold = forecast_demand(DemandSeries(blind), 5).mean
    assert np.abs(told / 5 - rate).mean() < 0.6 * np.abs(untold / 5 - rate).mean()


def test_series_without_history_take_the_mean_of_their_group():
    demand, _ = drawn(4, series=200, spread=0.1)
    demand[100:] *= 10
    group = np.repeat([0, 1], 100)
    known = np.ones(demand.shape, bool)
    demand[[0, 199]], known[[0, 199]] = 0, False
    found = forecast_demand(DemandSeries(demand, known, group), 7)
    assert found.mean[0] == pytest.approx(found.mean[1:100].mean(), rel=0.2)
    assert found.mean[199] == pytest.approx(found.mean[100:199].mean(), rel=0.2)


def test_a_week_has_its_pattern():
    rng = np.random.default_rng(5)
    week = np.array([1, 1, 1, 1, 1, 8, 1])
    demand = rng.poisson(np.tile(week, 20)[None, :] * np.ones((100, 1)))
    seasonal = forecast_demand(DemandSeries(demand[:, :138], season_periods=7), 1)
    plain = forecast_demand(DemandSeries(demand[:, :138]), 1)
    assert 138 % 7 == 5
    assert seasonal.mean.mean() == pytest.approx(8, rel=0.1)
    assert plain.mean.mean() < 3


def test_a_lead_time_that_varies_widens_the_distribution():
    demand, _ = drawn(6, series=50)
    sure, unsure = (forecast_demand(DemandSeries(demand), 5, lead_deviation=value) for value in (0.0, 2.0))
    assert np.allclose(unsure.variance, sure.variance + (sure.mean / 5 * 2) ** 2)
    assert np.all(unsure.quantiles[:, -1] >= sure.quantiles[:, -1])


@pytest.mark.parametrize("shape", [(0, 30), (3, 0), (3, 1), (1, 400)])
def test_short_and_empty_histories(shape):
    found = forecast_demand(DemandSeries(np.zeros(shape, int)), 3)
    assert found.quantiles.shape == (shape[0], 5)
    assert np.all(found.quantiles == 0)


def test_threads_do_not_matter():
    demand, _ = drawn(7, series=301)
    one, two = (forecast_demand(DemandSeries(demand, season_periods=7), 5, threads=threads) for threads in (1, 2))
    assert one.quantiles.tobytes() == two.quantiles.tobytes()
    assert one.parameters == two.parameters


def test_values_out_of_range_are_named():
    with pytest.raises(ValueError, match="whole numbers"):
        DemandSeries(np.zeros((2, 2)))
    with pytest.raises(ValueError, match=r"must lie in 0\.\."):
        DemandSeries(np.array([[-1]]))
    with pytest.raises(ValueError, match="shape of demand"):
        DemandSeries(np.zeros((2, 2), int), np.ones((2, 3), bool))
    with pytest.raises(ValueError, match="group must be"):
        DemandSeries(np.zeros((2, 2), int), group=np.array([0]))
    with pytest.raises(ValueError, match="season_periods"):
        DemandSeries(np.zeros((2, 2), int), season_periods=0)
    series = DemandSeries(np.zeros((2, 2), int))
    with pytest.raises(ValueError, match="lead_periods"):
        forecast_demand(series, 0)
    with pytest.raises(ValueError, match="levels must rise"):
        forecast_demand(series, 1, levels=(0.9, 0.5))
    with pytest.raises(ValueError, match="weights must lie"):
        intermittent_rates(series.demand, size_weight=0)


def test_the_same_without_compilation(same_without_compiler):
    script = (
        "import numpy as np;"
        "from solvers.inventory.demand.forecast import DemandSeries, forecast_demand;"
        "g = np.random.default_rng(5);"
        "f = forecast_demand(DemandSeries(g.poisson(2.0, (3, 13))), 3);"
        "print(f.quantiles.tolist())"
    )
    same_without_compiler(script)
