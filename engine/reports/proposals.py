"""Proposals for the buyer: what to order and what to move between warehouses, ranked by what it saves."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from engine.config import Inventory
from engine.contracts.inputs import INBOUND
from engine.contracts.reports import REPLENISHMENT, TRANSFERS
from engine.errors import InputError, UsageError
from engine.reports.frames import canonical, utc
from engine.reports.history import History, read_history
from solvers.inventory import (
    DemandForecast,
    DemandSeries,
    Replenishment,
    ReplenishmentProblem,
    daily_sales,
    forecast_demand,
    replenish,
)
from solvers.outcome import Outcome

_PAIR: Final = ["warehouse_id", "sku"]
_DAY_US: Final = 86_400_000_000
_WEEK_DAYS: Final = 7
_WEEKS_FOR_A_PATTERN: Final = 8
_TERMS: Final = ("pack_units", "minimum_units", "order_cents")
_LEAST_HOLDING_CENTS: Final = 1e-3
"""Goods that cost nothing still take room: without this, nothing would speak against any amount of them."""


@dataclass(frozen=True, slots=True)
class Freight:
    """What it costs to move goods between warehouses."""

    cents_per_unit: int = 40
    cents_per_line: int = 500


@dataclass(frozen=True)
class Proposals:
    """What to order and to move tonight.

    Parameters
    ----------
    replenishment, transfers
        The tables of those names.
    outcome
        Expected cost of shortage and holding with all of it, the bound proven for any other choice, and the gap.
    baseline_cents
        Expected cost of doing nothing.
    """

    replenishment: pl.DataFrame
    transfers: pl.DataFrame
    outcome: Outcome
    baseline_cents: int


def propose_orders(
    stock: pl.DataFrame,
    movements: pl.DataFrame | Path,
    products: pl.DataFrame,
    inbound: pl.DataFrame,
    as_of: datetime,
    *,
    settings: Inventory | None = None,
    terms: pl.DataFrame | None = None,
    prices: pl.DataFrame | None = None,
    service: float | None = None,
    budget_cents: int | None = None,
    freight: Freight | None = None,
    history_days: int = 182,
    threads: int = 1,
) -> Proposals:
    """Propose purchases and transfers of least expected cost.

    Demand until the next order can arrive (lead time and cycle) is forecast for each stock as a distribution, days without
    stock left out, articles without history by their category. A unit of it that is not met costs its margin; a unit left
    over costs a cycle's holding, one that later demand will not take soon its holding until then. So what another
    warehouse has too much of is moved where that is cheaper than buying.

    Parameters
    ----------
    stock, movements, products, inbound
        The tables of those names; movements may be the path of a Parquet file.
    as_of
        The night.
    settings
        Section `inventory` of the settings; its defaults where absent.
    terms
        Columns sku and any of pack_units, minimum_units, order_cents (fixed cost of a purchase line).
    prices
        Columns sku, unit_price_cents; without them lost margin is a share of cost.
    service
        Share of cycles without a stock-out to aim at instead of weighing margin against holding.
    budget_cents
        Most that the purchases may cost together.
    freight
        Cost of moving goods between warehouses.
    history_days
        Days of sales that the forecast sees.
    threads
        Threads to use; the result does not depend on it.

    Raises
    ------
    InputError
        When a table lacks a column, or its values cannot be planned with.
    UsageError
        When the service is not strictly between 0 and 1.
    """
    if service is not None and not 0 < service < 1:
        raise UsageError(f"service must lie strictly between 0 and 1; it is {service}.")
    rules, lanes = settings or Inventory(), freight or Freight()
    horizon_days = rules.lead_time_days + rules.cycle_days
    history = read_history(stock, movements, products, as_of, period_days=history_days)
    stocks = _with_inbound(history.stocks, canonical(inbound, INBOUND), utc(as_of), horizon_days)
    try:
        forecast = _forecast(history, horizon_days, threads)
        stocks = _with_costs(stocks, forecast, prices, rules, service)
        problem = _problem(stocks, history, _with_terms(history.stocks, terms), lanes, budget_cents)
        found = replenish(problem)
    except ValueError as error:
        raise InputError(f"orders cannot be proposed: {error}") from error
    return Proposals(
        _purchases(stocks, problem, found, forecast),
        _moves(stocks, problem, found),
        found.outcome,
        found.baseline_cents,
    )


def _forecast(history: History, horizon_days: int, threads: int) -> DemandForecast:
    daily = daily_sales(history.arrays, threads=threads)
    has_pattern = history.arrays.period_days >= _WEEKS_FOR_A_PATTERN * _WEEK_DAYS
    series = DemandSeries(
        daily.sales,
        daily.could_sell,
        (history.stocks["category"].rank("dense").cast(pl.Int64) - 1).to_numpy(),
        _WEEK_DAYS if has_pattern else 1,
    )
    return forecast_demand(series, horizon_days, threads=threads)


def _with_inbound(stocks: pl.DataFrame, inbound: pl.DataFrame, night: datetime, horizon_days: int) -> pl.DataFrame:
    in_days = (pl.col("expected_at") - night).dt.total_microseconds() / _DAY_US
    coming = inbound.filter((in_days > 0) & (in_days <= horizon_days)).group_by(_PAIR).agg(pl.col("quantity").sum())
    return (
        stocks.join(coming.rename({"quantity": "inbound_units"}), on=_PAIR, how="left", maintain_order="left")
        .with_columns(pl.col("inbound_units").fill_null(0))
        .with_columns(available_units=pl.col("on_hand") - pl.col("reserved"))
    )


def _with_costs(
    stocks: pl.DataFrame, forecast: DemandForecast, prices: pl.DataFrame | None, rules: Inventory, service: float | None
) -> pl.DataFrame:
    cost = pl.col("unit_cost_cents").cast(pl.Float64)
    margin = cost * rules.lost_margin_share
    if prices is not None:
        price = pl.col("sku").replace_strict(
            prices["sku"], prices["unit_price_cents"].cast(pl.Float64), default=None, return_dtype=pl.Float64
        )
        margin = pl.when(price.is_not_null()).then(pl.max_horizontal(price - cost, pl.lit(0.0))).otherwise(margin)
    horizon_days = rules.lead_time_days + rules.cycle_days
    holding = pl.max_horizontal(cost * rules.holding_rate * rules.cycle_days / 365, pl.lit(_LEAST_HOLDING_CENTS))
    if service is not None:
        margin = holding * (service / (1 - service))
    return stocks.with_columns(
        demand_mean=pl.Series(forecast.mean),
        demand_variance=pl.Series(forecast.variance),
        shortage_cents=margin,
        holding_cents=holding,
        waiting_cents=cost * rules.holding_rate / 365,
        daily_mean=pl.Series(forecast.mean / horizon_days),
    )


def _with_terms(stocks: pl.DataFrame, terms: pl.DataFrame | None) -> pl.DataFrame:
    """Give unit cost and terms of each article, in the order of the articles."""
    articles = stocks.group_by("sku").agg(pl.col("unit_cost_cents").first()).sort("sku")
    if terms is not None:
        known = [name for name in _TERMS if name in terms.columns]
        own = terms.select("sku", *(pl.col(name).cast(pl.Int64) for name in known))
        articles = articles.join(own, on="sku", how="left", maintain_order="left")
    absent = [pl.lit(None, pl.Int64).alias(name) for name in _TERMS if name not in articles.columns]
    defaults = {"pack_units": 1, "minimum_units": 0, "order_cents": 0}
    return articles.with_columns(absent).with_columns(pl.col(name).fill_null(value) for name, value in defaults.items())


def _problem(
    stocks: pl.DataFrame, history: History, articles: pl.DataFrame, freight: Freight, budget_cents: int | None
) -> ReplenishmentProblem:
    spare = stocks["available_units"] - stocks["safety_stock"]
    return ReplenishmentProblem(
        article=(stocks["sku"].rank("dense").cast(pl.Int64) - 1).to_numpy(),
        position=(stocks["available_units"] + stocks["inbound_units"]).to_numpy(),
        movable=spare.clip(lower_bound=0).to_numpy(),
        mean=stocks["demand_mean"].to_numpy(),
        variance=stocks["demand_variance"].to_numpy(),
        shortage_cents=stocks["shortage_cents"].to_numpy(),
        holding_cents=stocks["holding_cents"].to_numpy(),
        waiting_cents=stocks["waiting_cents"].to_numpy(),
        daily_mean=stocks["daily_mean"].to_numpy(),
        transfer_cents=np.full(history.stocks.height, float(freight.cents_per_unit)),
        unit_cost_cents=articles["unit_cost_cents"].to_numpy(),
        pack_units=articles["pack_units"].to_numpy(),
        minimum_units=articles["minimum_units"].to_numpy(),
        order_cents=articles["order_cents"].to_numpy(),
        transfer_line_cents=freight.cents_per_line,
        budget_cents=budget_cents,
    )


def _cents(values: npt.NDArray[np.float64]) -> pl.Series:
    return pl.Series(np.floor(values + 0.5).astype(np.int64))


def _ranked(frame: pl.DataFrame, schema: dict[str, pl.DataType], *names: str) -> pl.DataFrame:
    return (
        frame.sort("saved_per_cent", *names, descending=[True] + [False] * len(names))
        .with_row_index("rank", offset=1)
        .select(pl.col(name).cast(dtype) for name, dtype in schema.items())
    )


def _purchases(
    stocks: pl.DataFrame, problem: ReplenishmentProblem, found: Replenishment, forecast: DemandForecast
) -> pl.DataFrame:
    frame = stocks.with_columns(
        buy_units=pl.Series(found.bought),
        units_after=pl.Series(found.levels(problem)),
        expected_demand_units=pl.col("demand_mean"),
        demand_p95_units=pl.Series(forecast.quantiles[:, 3]),
        saved_cents=_cents(found.bought_saved_cents),
    ).filter(pl.col("buy_units") > 0)
    cost = pl.col("buy_units") * pl.col("unit_cost_cents")
    frame = frame.with_columns(
        cost_cents=cost, saved_per_cent=pl.col("saved_cents") / pl.max_horizontal(cost, pl.lit(1))
    )
    return _ranked(frame, REPLENISHMENT.schema, "sku", "warehouse_id")


def _moves(stocks: pl.DataFrame, problem: ReplenishmentProblem, found: Replenishment) -> pl.DataFrame:
    cost = problem.transfer_cents[found.source] * found.moved + problem.transfer_line_cents
    frame = pl.DataFrame(
        {
            "sku": stocks["sku"].gather(found.source),
            "from_warehouse_id": stocks["warehouse_id"].gather(found.source),
            "to_warehouse_id": stocks["warehouse_id"].gather(found.target),
            "quantity": found.moved,
            "cost_cents": _cents(cost),
            "saved_cents": _cents(found.moved_saved_cents),
            "saved_per_cent": found.moved_saved_cents / np.maximum(cost, 1.0),
        }
    )
    return _ranked(frame, TRANSFERS.schema, "sku", "from_warehouse_id", "to_warehouse_id")
