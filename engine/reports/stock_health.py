"""Stock health: both ends of the mistake, too much and too little, in one currency, and what to do about it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Final

import polars as pl

from engine.config import Inventory
from engine.contracts.reports import STOCK_HEALTH
from engine.reports.frames import Frame, day_number, figures_of, frame_of
from engine.reports.outlook import PAIR, Outlook, look
from engine.reports.plan_cost import PAID_COLUMNS
from engine.reports.proposals import Proposals, freight_of, propose

_LONGEST_HOLDING_DAYS: Final = 365
"""Holding is costed for a year at most: nobody knows what the overstock is worth after that."""
_LONGEST_COVER_DAYS: Final = 36_500
"""Stock that lasts a century has no day on which it runs out."""
_ROUNDING: Final = 1e-9
"""What a product of fractions may pass a whole number by without being rounded up to the next."""


def stock_health(
    stock: Frame,
    movements: Frame | Path,
    products: Frame,
    inbound: Frame,
    as_of: datetime,
    *,
    settings: Inventory | None = None,
    demand: Frame | None = None,
    prices: Frame | None = None,
    paid: Frame | None = None,
    terms: Frame | None = None,
    suppliers: Frame | None = None,
    routes: Frame | None = None,
    elsewhere: Frame | None = None,
    sending_units: Mapping[str, int] | None = None,
    threads: int = 1,
) -> pl.DataFrame:
    """Give the health of every stock, ranked by the money at stake.

    Overstock is what is available above safety stock and one cycle of demand. Understock is what demand until the next
    firm receipt, or for the lead time where that is shorter, takes beyond what is available, safety stock included: a
    receipt in the far future does not hide a stock-out. An inbound row whose date has passed is not firm. What to buy and
    to move is what `propose_orders` proposes.

    Parameters
    ----------
    stock, movements, products, inbound
        The tables of those names, as Polars or pandas frames; movements may be the path of a Parquet file.
    as_of
        The night.
    settings
        Section `inventory` of the settings; its defaults where absent.
    demand
        Columns warehouse_id, sku, units_per_day, where the caller knows better than the stock's own sales.
    prices
        Columns sku, unit_price_cents; without them lost margin is a share of cost.
    paid
        What tonight's plan paid for each shortage, as `shortage_costs` gives it; without it that is unknown, not zero.
    terms, suppliers, routes
        Tables `supply_terms`, `suppliers` and `transfer_routes`, of which all but the columns that name rows may be absent.
    elsewhere, sending_units
        What serving a unit from another warehouse costs more, and what warehouses can send, as for `propose_orders`.
    threads
        Threads to use; the result does not depend on it.

    Raises
    ------
    InputError
        When a table lacks a column or names a row twice, or its values cannot be valued exactly.
    UsageError
        When a warehouse named is unknown.
    """
    outlook = look(
        stock,
        movements,
        products,
        inbound,
        as_of,
        settings=settings,
        prices=prices,
        terms=terms,
        suppliers=suppliers,
        threads=threads,
    )
    proposals = propose(
        outlook,
        elsewhere=None if elsewhere is None else frame_of(elsewhere, "elsewhere", "sku", "elsewhere_cents"),
        freight=freight_of(outlook.settings, routes),
        sending_units=sending_units,
    )
    return health(
        outlook,
        proposals,
        demand=None if demand is None else figures_of(demand, "demand", PAIR, "units_per_day"),
        paid=None if paid is None else figures_of(paid, "paid", PAIR, *PAID_COLUMNS),
    )


def health(
    outlook: Outlook, proposals: Proposals, *, demand: pl.DataFrame | None = None, paid: pl.DataFrame | None = None
) -> pl.DataFrame:
    """Give the health of stocks whose outlook and proposals are known; see `stock_health`."""
    rules, night = outlook.settings, outlook.night
    rates = outlook.demand if demand is None else demand
    return (
        outlook.stocks.with_columns(lost_sales_units=outlook.lost_units)
        .join(rates.select(*PAIR, demand_units_per_day="units_per_day"), on=PAIR, how="left")
        .with_columns(pl.col("demand_units_per_day").fill_null(0.0))
        .join(_receipts(outlook.coming), on=PAIR, how="left")
        .with_columns(pl.col("inbound_units", "overdue_inbound_units").fill_null(0))
        .sort(PAIR)
        .with_columns(_units())
        .with_columns(_excess_and_shortage(rules))
        .with_columns(_place(rules, night))
        .with_columns(*_overstock_money(rules), *_lost_money())
        .pipe(_with_paid, paid)
        .pipe(_with_run_out, outlook.coming, night)
        .pipe(_with_proposals, proposals)
        .with_columns(_action(rules, night), _total())
        .sort("money_cents", "sku", "warehouse_id", descending=[True, False, False])
        .with_row_index("rank", offset=1)
        .select(pl.col(name).cast(dtype) for name, dtype in STOCK_HEALTH.schema.items())
    )


def _receipts(coming: pl.DataFrame) -> pl.DataFrame:
    quantity, in_days = pl.col("quantity"), pl.col("in_days")
    return coming.group_by(PAIR).agg(
        in_days.filter(in_days > 0).min().alias("next_receipt_days"),
        pl.col("expected_at").filter(in_days > 0).min().dt.date().alias("next_receipt_on"),
        quantity.filter(in_days > 0).sum().alias("inbound_units"),
        quantity.filter(in_days <= 0).sum().alias("overdue_inbound_units"),
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
        value.alias("stock_value_cents"),
        average.otherwise(pl.col("unit_cost_cents")).alias("unit_cost_cents"),
        pl.from_epoch(pl.col("last_sale_day").replace(-(2**63), None), time_unit="d").alias("last_sale_on"),
    ]


def _excess_and_shortage(rules: Inventory) -> list[pl.Expr]:
    rate, available, kept = pl.col("demand_units_per_day"), pl.col("available_units"), pl.col("safety_stock")
    until = pl.min_horizontal(pl.col("next_receipt_days"), "lead_days")
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


def _lost_money() -> list[pl.Expr]:
    """Price what will be lost at the margin from here on, and what was lost on days without stock at the same."""
    margin = pl.col("margin_cents")
    return [
        _cents(pl.col("lost_units") * margin).alias("lost_margin_cents"),
        _cents(pl.col("lost_sales_units") * margin).alias("lost_sales_cents"),
    ]


def _with_paid(stocks: pl.DataFrame, paid: pl.DataFrame | None) -> pl.DataFrame:
    """Add what tonight's plan paid for the shortage; unknown without a plan."""
    if paid is None:
        unknown = [pl.lit(None, pl.Int64).alias(name) for name in (*PAID_COLUMNS, "plan_cost_cents")]
        return stocks.with_columns(unknown)
    found = stocks.join(paid.select(*PAIR, *PAID_COLUMNS), on=PAIR, how="left", maintain_order="left")
    cents = [pl.col(name) for name in PAID_COLUMNS if name.endswith("_cents")]
    return found.with_columns(pl.col(PAID_COLUMNS).fill_null(0)).with_columns(plan_cost_cents=pl.sum_horizontal(cents))


def _with_run_out(stocks: pl.DataFrame, coming: pl.DataFrame, night: datetime) -> pl.DataFrame:
    """Add the first day on which stock and the receipts that came before it no longer cover demand."""
    rate, on_top = pl.col("demand_units_per_day"), pl.col("available_units")
    received = (pl.col("quantity").cum_sum() - pl.col("quantity")).over(PAIR, order_by="in_days")
    gaps = (
        coming.filter(pl.col("in_days") > 0)
        .group_by(*PAIR, "in_days")
        .agg(pl.col("quantity").sum())
        .with_columns(received=received)
        .join(stocks.select(*PAIR, "available_units", "demand_units_per_day"), on=PAIR)
        .filter(rate > 0)
        .with_columns(lasts_days=(on_top + pl.col("received")) / rate)
        .filter(pl.col("lasts_days") < pl.col("in_days"))
        .group_by(PAIR)
        .agg(pl.col("lasts_days").min().alias("gap_days"))
    )
    lasts = pl.coalesce("gap_days", pl.when(rate > 0).then((on_top + pl.col("inbound_units")) / rate))
    lasts = pl.when(on_top <= 0).then(0.0).when(rate > 0).then(_positive(lasts))
    today = day_number(night.date())
    since_midnight = (night - night.replace(hour=0, minute=0, second=0, microsecond=0)).total_seconds() / 86_400
    return (
        stocks.join(gaps, on=PAIR, how="left", maintain_order="left")
        .with_columns(lasts=pl.when(lasts < _LONGEST_COVER_DAYS).then(lasts))
        .with_columns(
            runs_out_on=pl.from_epoch((pl.col("lasts") + since_midnight).floor().cast(pl.Int64) + today, time_unit="d")
        )
    )


def _with_proposals(stocks: pl.DataFrame, proposals: Proposals) -> pl.DataFrame:
    """Add what is proposed to be bought, and moved away or in."""
    moves = proposals.transfers
    away = moves.group_by(warehouse_id="from_warehouse_id", sku="sku").agg(moved_out_units=pl.col("quantity").sum())
    here = moves.group_by(warehouse_id="to_warehouse_id", sku="sku").agg(moved_in_units=pl.col("quantity").sum())
    found = stocks.join(proposals.replenishment.select(*PAIR, "buy_units"), on=PAIR, how="left", maintain_order="left")
    for side in (away, here):
        found = found.join(side, on=PAIR, how="left", maintain_order="left")
    return found.with_columns(pl.col("buy_units", "moved_out_units", "moved_in_units").fill_null(0)).with_columns(
        transfer_units=pl.col("moved_in_units") - pl.col("moved_out_units")
    )


def _action(rules: Inventory, night: datetime) -> pl.Expr:
    long_gone = day_number(night.date()) - 2 * rules.dead_after_days
    quiet_since = pl.when(pl.col("last_sale_on").is_not_null()).then(pl.col("last_sale_day")).otherwise("oldest_day")
    is_slow = pl.col("days_to_sell_out") > rules.dead_after_days
    return (
        pl.when(pl.col("transfer_units") != 0)
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
    lost = pl.col("lost_margin_cents") + pl.col("lost_sales_cents")
    return (pl.col("holding_cents") + lost + plan).alias("money_cents")
