"""Demand by analogy: the nearest moments by brute force, and series that are forecast by what came after them."""

import numpy as np
import pytest

from solvers.inventory.demand.analogues import LEAST_MOMENTS, analogues
from solvers.inventory.demand.forecast import forecast_demand
from solvers.inventory.demand.kernels_analogues import fill_analogues, recent_features
from solvers.inventory.demand.model import DemandModel
from solvers.inventory.demand.series import DemandSeries, season_factors

LEVELS = np.array([0.5, 0.9, 0.99])


def parts(seed, series=400, periods=42):
    """Parts that sell in lots and that die out for good, one after the other."""
    rng = np.random.default_rng(seed)
    ends = rng.integers(5, 90, (series, 1))
    lots = rng.geometric(0.4, (series, periods)) * (rng.random((series, periods)) < 0.3)
    return np.where(np.arange(periods) < ends, lots, 0)


def by_analogy(demand, threads=1, lead=3, season=1):
    series = DemandSeries(demand, season_periods=season)
    model = DemandModel(series, lead, LEVELS, threads)
    end = demand.shape[1]
    windows = list(range(end - lead, end // 3, -lead))
    return analogues(series, series, (model.factor, season_factors(series)), end, windows, lead, LEVELS, model.share)


def test_the_nearest_moments_by_brute_force():
    rng = np.random.default_rng(0)
    library = rng.integers(0, 6, (200, 3)) / 2.0
    wanted = rng.integers(0, 6, (30, 3)) / 2.0
    came = rng.integers(0, 9, 200).astype(float)
    # Where many moments are as near as the last one taken, the choice among them is not told; take whole distances apart.
    library += rng.random(library.shape) * 1e-3
    found = np.zeros((30, 2 + LEVELS.size))
    fill_analogues(wanted, library, came, LEVELS, 20, 0, 30, found)
    for one in range(30):
        nearest = came[np.argsort(((library - wanted[one]) ** 2).sum(axis=1))[:20]]
        assert found[one, 0] == pytest.approx(nearest.mean())
        assert found[one, 1] == pytest.approx(nearest.var())
        assert found[one, 2:].tolist() == np.quantile(nearest, LEVELS, method="inverted_cdf").tolist()


def test_what_tells_a_moment_leaves_out_what_is_not_known():
    demand = np.array([[4, 0, 2, 0, 0], [0, 0, 0, 0, 0], [1, 1, 1, 1, 9]], np.int32)
    known = np.ones(demand.shape, bool)
    known[0, 3] = known[2, 4] = False
    out = np.zeros((3, 3))
    recent_features(demand, known, 5, 3, 0, 3, out)
    assert out.tolist() == [[1, 0.5, 3], [5, 0, 0], [0, 1, 1]]


def test_parts_that_die_out_are_forecast_by_analogy_and_better():
    demand = parts(1, series=1_500, periods=48)
    found = forecast_demand(DemandSeries(demand[:, :45]), 3)
    came = demand[:, 45:].sum(axis=1)
    assert found.is_by_analogy.mean() > 0.5
    # Whole units: a quantile covers at least its level, and one unit less covers less.
    assert np.all((came[:, None] <= found.quantiles).mean(axis=0) > found.levels - 0.03)
    assert np.all((came[:, None] < found.quantiles).mean(axis=0) < found.levels + 0.03)
    assert found.mean.sum() == pytest.approx(came.sum(), rel=0.15)
    wide = forecast_demand(DemandSeries(demand[:, :45]), 3, lead_deviation=1.5)
    assert np.all(wide.variance >= found.variance)


def test_threads_do_not_matter():
    one, two = (by_analogy(parts(2), threads=threads) for threads in (1, 2))
    assert one.quantiles.tobytes() == two.quantiles.tobytes()
    assert one.mean.tobytes() == two.mean.tobytes()


def test_too_few_moments_tell_nothing():
    assert by_analogy(parts(3, series=LEAST_MOMENTS // 9 - 5)) is None


def test_a_season_is_taken_out_of_what_came_and_put_back():
    rng = np.random.default_rng(4)
    week = np.array([1, 1, 1, 1, 1, 8, 1])
    demand = rng.poisson(np.tile(week, 10)[None, :] * np.ones((300, 1)))
    # The series end before the sixth day of the week.
    found = by_analogy(demand[:, : 9 * 7 + 5], lead=1, season=7)
    assert found.mean.mean() == pytest.approx(8, rel=0.1)


def test_the_same_without_compilation(same_without_compiler):
    script = (
        "import numpy as np;"
        "from solvers.inventory.demand.kernels_analogues import fill_analogues, recent_features;"
        "g = np.random.default_rng(5); out = np.zeros((4, 5)); seen = np.zeros((6, 3));"
        "fill_analogues(g.random((4, 3)), g.random((60, 3)), g.integers(0, 9, 60) * 1.5,"
        " np.array([0.5, 0.9, 0.99]), 12, 0, 4, out);"
        "recent_features(g.poisson(0.4, (6, 20)).astype(np.int32), g.random((6, 20)) < 0.8, 18, 6, 0, 6, seen);"
        "print(out.tolist(), seen.tolist())"
    )
    same_without_compiler(script)
