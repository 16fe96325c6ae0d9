"""What is known of every stock tonight, worked out once: its ledger, what is on its way, what it sold and what it will."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from engine.config import Inventory
from engine.contracts.goods import INBOUND
from engine.errors import InputError
from engine.reports.demand import expected_demand
from engine.reports.frames import Frame, canonical, check_values, figures_of, frame_of, utc
from engine.reports.history import History, read_history
from engine.reports.terms import conditions, with_terms
from engine.reports.turnover import measured
from solvers.inventory import DailySales, DemandForecast, DemandSeries, daily_sales, forecast_demand, lost_sales

Numbers = npt.NDArray[np.float64]

PAIR: Final = ["warehouse_id", "sku"]
LOST_DAYS: Final = 30
"""Days back over which lost sales are told of."""
_FORECAST_DAYS: Final = 182
_DAY_US: Final = 86_400_000_000
_WEEK_DAYS: Final = 7
_SEASON_DAYS: Final = 28


@dataclass(frozen=True)
class Outlook:
    """The stocks of a night and what is expected of them.

    Parameters
    ----------
    settings
        Section `inventory`.
    night
        The night, UTC.
    history
        The stock history.
    stocks
        One row a stock, in the order of the history: what the ledger measures, `available_units` (not yet promised),
        `margin_cents` (lost with a unit that is not sold) and the terms of buying it.
    suppliers
        Table `suppliers`.
    coming
        Table `inbound` with `in_days`, days from tonight; below zero where the date has passed.
    threads
        Threads to use; nothing depends on it.
    """

    settings: Inventory
    night: datetime
    history: History
    stocks: pl.DataFrame
    suppliers: pl.DataFrame
    coming: pl.DataFrame
    threads: int

    @property
    def horizon_days(self) -> int:
        """Days until an order placed next time could arrive, at the usual lead time."""
        return self.settings.lead_time_days + self.settings.cycle_days

    @property
    def lead_and_cycle_days(self) -> Numbers:
        """The same for each stock, by the mean lead time of who sells its article."""
        days: Numbers = (self.stocks["lead_days"] + float(self.settings.cycle_days)).to_numpy()
        return days

    @cached_property
    def demand(self) -> pl.DataFrame:
        """Expected units a day of each stock: warehouse_id, sku, units_per_day."""
        return expected_demand(self.history, self.stocks, threads=self.threads)

    @cached_property
    def sales(self) -> DailySales:
        """Sales of each stock by day, and whether there was anything to sell."""
        try:
            return daily_sales(replace(self.history.arrays, period_days=_FORECAST_DAYS), threads=self.threads)
        except ValueError as error:
            raise InputError(f"stock and stock_movements cannot be valued: {error}") from error

    @cached_property
    def forecast(self) -> DemandForecast:
        """Demand of each stock over the usual lead time and a cycle, as a distribution."""
        series = DemandSeries(
            self.sales.sales,
            self.sales.could_sell,
            (self.stocks["category"].rank("dense").cast(pl.Int64) - 1).to_numpy(),
            _WEEK_DAYS,
        )
        return forecast_demand(series, max(self.horizon_days, 1), threads=self.threads)

    @cached_property
    def lead_demand(self) -> tuple[Numbers, Numbers]:
        """Mean and variance of the demand of each stock until an order placed next time could arrive.

        Demand of a day is taken to be as variable over a longer lead time as over the usual one; lead times that vary add
        the square of a day's demand for every squared day.
        """
        usual = max(self.horizon_days, 1)
        share = np.maximum(self.lead_and_cycle_days, 1.0) / usual
        by_lead = (self.forecast.mean / usual * self.stocks["lead_days_sd"].to_numpy()) ** 2
        return self.forecast.mean * share, self.forecast.variance * share + by_lead

    @cached_property
    def lost_units(self) -> Numbers:
        """Units that each stock would have sold on its days without stock of the last 30."""
        days = LOST_DAYS + _SEASON_DAYS
        lost = lost_sales(self.sales.sales[:, -days:], self.sales.could_sell[:, -days:])
        return np.asarray(lost[:, -LOST_DAYS:].sum(axis=1))


def look(
    stock: Frame,
    movements: Frame | Path,
    products: Frame,
    inbound: Frame,
    as_of: datetime,
    *,
    settings: Inventory | None = None,
    prices: Frame | None = None,
    terms: Frame | None = None,
    suppliers: Frame | None = None,
    threads: int = 1,
) -> Outlook:
    """Bring together what is known of every stock.

    Parameters
    ----------
    stock, movements, products, inbound
        The tables of those names, as Polars or pandas frames; movements may be the path of a Parquet file.
    as_of
        The night.
    settings
        Section `inventory` of the settings; its defaults where absent.
    prices
        Columns sku, unit_price_cents; without them lost margin is a share of cost.
    terms, suppliers
        Tables `supply_terms` and `suppliers`, of which all columns but sku and supplier_id may be absent.
    threads
        Threads to use; the result does not depend on it.

    Raises
    ------
    InputError
        When a table lacks a column, or its values cannot be valued exactly.
    """
    rules, night = settings or Inventory(), utc(as_of)
    log = movements if isinstance(movements, Path) else frame_of(movements, "stock_movements")
    history = read_history(
        frame_of(stock, "stock"), log, frame_of(products, "products"), night, period_days=rules.period_days
    )
    due = canonical(frame_of(inbound, "inbound"), INBOUND)
    check_values(due, INBOUND)
    coming = due.with_columns(in_days=(pl.col("expected_at") - night).dt.total_microseconds() / _DAY_US)
    stocks = measured(history, threads=threads).with_columns(
        available_units=pl.col("on_hand") - pl.col("reserved"), margin_cents=_margin(prices, rules)
    )
    known = conditions(suppliers)
    return Outlook(rules, night, history, with_terms(stocks, terms, known, rules), known, coming, threads)


def _margin(prices: Frame | None, rules: Inventory) -> pl.Expr:
    cost = pl.col("unit_cost_cents")
    margin = cost * rules.lost_margin_share
    if prices is None:
        return margin
    known = figures_of(prices, "prices", ["sku"], "unit_price_cents")
    price = pl.col("sku").replace_strict(
        known["sku"], known["unit_price_cents"].cast(pl.Float64), default=None, return_dtype=pl.Float64
    )
    return pl.when(price.is_not_null()).then(pl.max_horizontal(price - cost, pl.lit(0.0))).otherwise(margin)
