"""Stock health: both ends of the mistake, too much and too little, in one currency, and what to do about it."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Final

import polars as pl

from engine.config import Inventory
from engine.contracts.inputs import INBOUND
from engine.contracts.reports import STOCK_HEALTH
from engine.reports.demand import expected_demand
from engine.reports.frames import canonical, day_number, utc
from engine.reports.history import read_history
from engine.reports.plan_cost import plan_costs
from engine.reports.turnover import measured

_PAIR: Final = ["warehouse_id", "sku"]
_DAY_US: Final = 86_400_000_000
_LONGEST_HOLDING_DAYS: Final = 365
"""Holding is costed for a year at most: nobody knows what the overstock is worth after that."""
_LONGEST_COVER_DAYS: Final = 36_500
"""Stock that lasts a century has no day on which it runs out."""
_ROUNDING: Final = 1e-9
"""What a product of fractions may pass a whole number by without being rounded up to the next."""


def stock_health(
    stock: pl.DataFrame,
    movements: pl.DataFrame | Path,
    products: pl.DataFrame,
    inbound: pl.DataFrame,
    as_of: datetime,
    *,
    settings: Inventory | None = None,
    demand: pl.DataFrame | None = None,
    prices: pl.DataFrame | None = None,
    backorders: pl.DataFrame | None = None,
    shadow_prices: pl.DataFrame | None = None,
    threads: int = 1,
) -> pl.DataFrame:
    """Give the health of every stock, ranked by the money at stake.

    Overstock is what is available above safety stock and one cycle of demand. Understock is what demand until the next
    firm receipt, or for the lead time where that is shorter, takes beyond what is available, safety stock included: a
    receipt in the far future does not hide a stock-out. An inbound row whose date has passed is not firm.

    Parameters
    ----------
    stock, movements, products, inbound
        The tables of those names; movements may be the path of a Parquet file.
    as_of
        The night.
    settings
        Section `inventory` of the settings; its defaults where absent.
    demand
        Columns warehouse_id, sku, units_per_day, where the caller knows better than the stock's own sales.
    prices
        Columns sku, unit_price_cents; without them lost margin is a share of cost.
    backorders, shadow_prices
        Tables of tonight's plan, for what it paid for each shortage.
    threads
        Threads to use; the result does not depend on it.

    Raises
    ------
    InputError
        When a table lacks a column, or its values cannot be valued exactly.
    """
    rules, night = settings or Inventory(), utc(as_of)
    history = read_history(stock, movements, products, as_of, period_days=rules.period_days)
    stocks = measured(history, threads=threads)
    rates = expected_demand(history, stocks, threads=threads) if demand is None else demand
    coming = canonical(inbound, INBOUND).with_columns(
        in_days=(pl.col("expected_at") - night).dt.total_microseconds() / _DAY_US
    )
    return (
        stocks.join(rates.select(*_PAIR, demand_units_per_day="units_per_day"), on=_PAIR, how="left")
        .with_columns(pl.col("demand_units_per_day").fill_null(0.0))
        .join(_receipts(coming, rules), on=_PAIR, how="left")
        .with_columns(pl.col("inbound_units", "overdue_inbound_units", "soon_units").fill_null(0))
        .sort(_PAIR)
        .with_columns(_units())
        .with_columns(_excess_and_shortage(rules))
        .with_columns(_place(rules, night))
        .with_columns(*_overstock_money(rules), _margin(prices, rules))
        .pipe(plan_costs, backorders, shadow_prices)
        .pipe(_with_run_out, coming, night)
        .pipe(_with_transfers)
        .with_columns(_purchase(rules))
        .with_columns(_action(rules, night), _total())
        .sort("money_cents", "sku", "warehouse_id", descending=[True, False, False])
        .with_row_index("rank", offset=1)
        .select(pl.col(name).cast(dtype) for name, dtype in STOCK_HEALTH.schema.items())
    )


def _receipts(coming: pl.DataFrame, rules: Inventory) -> pl.DataFrame:
    quantity, in_days = pl.col("quantity"), pl.col("in_days")
    is_soon = (in_days > 0) & (in_days <= rules.lead_time_days + rules.cycle_days)
    return coming.group_by(_PAIR).agg(
        in_days.filter(in_days > 0).min().alias("next_receipt_days"),
        pl.col("expected_at").filter(in_days > 0).min().dt.date().alias("next_receipt_on"),
        quantity.filter(in_days > 0).sum().alias("inbound_units"),
        quantity.filter(in_days <= 0).sum().alias("overdue_inbound_units"),
        quantity.filter(is_soon).sum().alias("soon_units"),
    )


def _whole(units: pl.Expr) -> pl.Expr:
    return (units - _ROUNDING).ceil().cast(pl.Int64)


def _positive(value: pl.Expr) -> pl.Expr:
    return pl.max_horizontal(value, pl.lit(0))


def _cents(value: pl.Expr) -> pl.Expr:
    return (value + 0.5).floor().cast(pl.Int64)


def _units() -> list[pl.Expr]:
    value, units = pl.col("closing_value_cents"), pl.col("on_hand")
    average = pl.when(units > 0).then((2 * value + units) // pl.when(units > 0).then(2 * units).otherwise(1))
    return [
        (units - pl.col("reserved")).alias("available_units"),
        value.alias("stock_value_cents"),
        average.otherwise(pl.col("unit_cost_cents")).alias("unit_cost_cents"),
        pl.from_epoch(pl.col("last_sale_day").replace(-(2**63), None), time_unit="d").alias("last_sale_on"),
    ]


def _excess_and_shortage(rules: Inventory) -> list[pl.Expr]:
    rate, available, kept = pl.col("demand_units_per_day"), pl.col("available_units"), pl.col("safety_stock")
    until = pl.min_horizontal(pl.col("next_receipt_days"), pl.lit(float(rules.lead_time_days)))
    cover = pl.when(rate > 0).then(_positive(available) / rate)
    return [
        _positive(available - kept - _whole(rate * rules.cycle_days)).alias("overstock_units"),
        _positive(_whole(rate * until) + kept - available).alias("understock_units"),
        _positive(rate * until - _positive(available)).alias("lost_units"),
        cover.alias("cover_days"),
    ]


def _place(rules: Inventory, night: datetime) -> pl.Expr:
    """Dead stock is told by its last sale; stock that never sold by its oldest unit, so that what is new is not dead."""
    today = day_number(night.date())
    quiet_since = pl.when(pl.col("last_sale_on").is_not_null()).then(pl.col("last_sale_day")).otherwise("oldest_day")
    is_dead = (pl.col("available_units") > 0) & (quiet_since <= today - rules.dead_after_days)
    return (
        pl.when(pl.col("available_units") <= 0)
        .then(pl.lit("out"))
        .when(is_dead)
        .then(pl.lit("dead"))
        .when(pl.col("understock_units") > 0)
        .then(pl.lit("understock"))
        .when(pl.col("overstock_units") > 0)
        .then(pl.lit("overstock"))
        .otherwise(pl.lit("healthy"))
        .alias("place")
    )


def _overstock_money(rules: Inventory) -> list[pl.Expr]:
    excess, rate = pl.col("overstock_units"), pl.col("demand_units_per_day")
    days = pl.when(rate > 0).then(excess / rate)
    held = pl.min_horizontal(days, pl.lit(float(_LONGEST_HOLDING_DAYS)))
    # The overstock shrinks by a day's demand every day: the area under that line is what is held.
    unit_days = held * (excess - rate * held / 2)
    a_day = pl.col("unit_cost_cents") * rules.holding_rate / 365
    return [
        (excess * pl.col("unit_cost_cents")).alias("overstock_value_cents"),
        days.alias("days_to_sell_out"),
        _cents(unit_days * a_day).alias("holding_cents"),
    ]


def _margin(prices: pl.DataFrame | None, rules: Inventory) -> pl.Expr:
    cost = pl.col("unit_cost_cents")
    margin = cost * rules.lost_margin_share
    if prices is not None:
        price = pl.col("sku").replace_strict(
            prices["sku"], prices["unit_price_cents"].cast(pl.Float64), default=None, return_dtype=pl.Float64
        )
        margin = pl.when(price.is_not_null()).then(_positive(price - cost)).otherwise(margin)
    return _cents(pl.col("lost_units") * margin).alias("lost_margin_cents")


def _with_run_out(stocks: pl.DataFrame, coming: pl.DataFrame, night: datetime) -> pl.DataFrame:
    """Add the first day on which stock and the receipts that came before it no longer cover demand."""
    rate, on_top = pl.col("demand_units_per_day"), pl.col("available_units")
    received = (pl.col("quantity").cum_sum() - pl.col("quantity")).over(_PAIR, order_by="in_days")
    gaps = (
        coming.filter(pl.col("in_days") > 0)
        .group_by(*_PAIR, "in_days")
        .agg(pl.col("quantity").sum())
        .with_columns(received=received)
        .join(stocks.select(*_PAIR, "available_units", "demand_units_per_day"), on=_PAIR)
        .filter(rate > 0)
        .with_columns(lasts_days=(on_top + pl.col("received")) / rate)
        .filter(pl.col("lasts_days") < pl.col("in_days"))
        .group_by(_PAIR)
        .agg(pl.col("lasts_days").min().alias("gap_days"))
    )
    lasts = pl.coalesce("gap_days", pl.when(rate > 0).then((on_top + pl.col("inbound_units")) / rate))
    lasts = pl.when(on_top <= 0).then(0.0).when(rate > 0).then(_positive(lasts))
    today = day_number(night.date())
    since_midnight = (night - night.replace(hour=0, minute=0, second=0, microsecond=0)).total_seconds() / 86_400
    return (
        stocks.join(gaps, on=_PAIR, how="left", maintain_order="left")
        .with_columns(lasts=pl.when(lasts < _LONGEST_COVER_DAYS).then(lasts))
        .with_columns(
            runs_out_on=pl.from_epoch((pl.col("lasts") + since_midnight).floor().cast(pl.Int64) + today, time_unit="d")
        )
    )


def _with_transfers(stocks: pl.DataFrame) -> pl.DataFrame:
    """Match what one warehouse has too much of with what another is short of, the largest first."""
    excess = pl.when(pl.col("place").is_in(["overstock", "dead"])).then("overstock_units").otherwise(0)
    short = pl.when(pl.col("place").is_in(["out", "understock"])).then("understock_units").otherwise(0)
    moved = pl.min_horizontal(pl.col("excess").sum().over("sku"), pl.col("short").sum().over("sku"))

    def filled(name: str) -> pl.Expr:
        before = (pl.col(name).cum_sum() - pl.col(name)).over("sku")
        return pl.min_horizontal(pl.col(name), _positive(pl.col("moved") - before))

    return (
        stocks.with_columns(excess=excess, short=short)
        .with_columns(moved=moved)
        .sort(pl.col("excess") + pl.col("short"), "sku", "warehouse_id", descending=[True, False, False])
        .with_columns(sent_units=filled("excess"), taken_units=filled("short"))
        .with_columns(transfer_units=pl.col("sent_units") + pl.col("taken_units"))
    )


def _purchase(rules: Inventory) -> pl.Expr:
    """Buy up to the demand of lead time and cycle, beyond what is there, firm, or moved in from elsewhere."""
    need = _whole(pl.col("demand_units_per_day") * (rules.lead_time_days + rules.cycle_days)) + pl.col("safety_stock")
    has = pl.col("available_units") + pl.col("soon_units") + pl.col("taken_units")
    is_short = pl.col("place").is_in(["out", "understock"]) & (pl.col("understock_units") > 0)
    return pl.when(is_short).then(_positive(need - has)).otherwise(0).alias("buy_units")


def _action(rules: Inventory, night: datetime) -> pl.Expr:
    long_gone = day_number(night.date()) - 2 * rules.dead_after_days
    quiet_since = pl.when(pl.col("last_sale_on").is_not_null()).then(pl.col("last_sale_day")).otherwise("oldest_day")
    is_slow = pl.col("days_to_sell_out") > rules.dead_after_days
    return (
        pl.when(pl.col("transfer_units") > 0)
        .then(pl.lit("transfer"))
        .when(pl.col("buy_units") > 0)
        .then(pl.lit("buy"))
        .when((pl.col("place") == "dead") & (quiet_since <= long_gone))
        .then(pl.lit("write_off"))
        .when((pl.col("place") == "dead") | ((pl.col("place") == "overstock") & is_slow))
        .then(pl.lit("mark_down"))
        .when(pl.col("place") == "overstock")
        .then(pl.lit("stop_buying"))
        .otherwise(pl.lit("none"))
        .alias("action")
    )


def _total() -> pl.Expr:
    plan = pl.col("plan_cost_cents").fill_null(0)
    return (pl.col("holding_cents") + pl.col("lost_margin_cents") + plan).alias("money_cents")
