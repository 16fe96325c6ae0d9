"""The scaled measures of accuracy, worked by hand."""

import numpy as np
import pytest

from solvers.inventory.demand.accuracy import pinball_loss, rmsse, scaled_pinball_loss

# Sold from the third period on; steps 2, 3, 1 from there.
HISTORY = np.array([[0, 0, 1, 3, 0, 1]])


def test_scales_begin_with_the_first_demand():
    came, forecast = np.array([[2, 4]]), np.array([[1.0, 1.0]])
    assert rmsse(HISTORY, came, forecast)[0] == pytest.approx(np.sqrt(((1 + 9) / 2) / ((4 + 9 + 1) / 3)))
    levels = np.array([0.5, 0.9])
    quantiles = np.array([[[1.0, 3.0], [5.0, 5.0]]])
    loss = [(0.5 * 1 + 0.5 * 1) / 2, (0.1 * 1 + 0.1 * 1) / 2]
    assert scaled_pinball_loss(HISTORY, came, quantiles, levels)[0] == pytest.approx(np.array(loss) / 2)
    assert pinball_loss(came[:, 0], quantiles[:, 0], levels)[0] == pytest.approx([0.5, 0.1])


def test_time_before_the_first_demand_does_not_matter():
    came, forecast = np.array([[2, 4]]), np.array([[1.0, 1.0]])
    longer = np.concatenate((np.zeros((1, 50), int), HISTORY), axis=1)
    assert rmsse(longer, came, forecast) == pytest.approx(rmsse(HISTORY, came, forecast))


@pytest.mark.parametrize("history", [[[0, 0, 0]], [[2, 2, 2]], [[0, 0, 5]], [[3]]])
def test_a_series_without_a_step_has_no_error(history):
    assert np.isnan(rmsse(np.array(history), np.array([[1]]), np.array([[1.0]])))[0]


def test_a_forecast_of_all_zeros_does_not_win():
    rng = np.random.default_rng(0)
    demand = rng.poisson(0.4, (2_000, 60)) * 3
    history, came = demand[:, :40], demand[:, 40:]
    zeros, mean = np.zeros(came.shape), np.repeat(history.mean(axis=1, keepdims=True), 20, axis=1)
    assert np.nanmean(rmsse(history, came, mean)) < np.nanmean(rmsse(history, came, zeros))
    assert np.abs(came - zeros).mean() < np.abs(came - mean).mean()
