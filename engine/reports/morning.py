"""The report tables of a night, gathered for publishing."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Final

import polars as pl

from engine.config import Settings
from engine.inputs import Inputs
from engine.reports.currency import supply_in_currency
from engine.reports.delivery import delivery_performance
from engine.reports.ledger import stock_ledger
from engine.reports.outlook import look
from engine.reports.plan_cost import elsewhere_costs, shortage_costs
from engine.reports.proposals import freight_of, propose
from engine.reports.returned import return_summary
from engine.reports.rolling import rolling_turnover
from engine.reports.stock_health import health
from engine.reports.turnover import inventory_turnover, mean_prices
from engine.stages.assign import Plan
from solvers.inventory.replenishment.solve import ReplenishEffort

_WINDOWS: Final = (30, 90)
"""Days of the windows whose turnover is told over time."""


def morning_tables(inputs: Inputs, plan: Plan, settings: Settings, as_of: datetime) -> dict[str, pl.DataFrame]:
    """Give the report tables by name.

    Parameters
    ----------
    inputs
        The canonical tables.
    plan
        Tonight's plan, for what it paid for shortages.
    settings
        Section `inventory` and the number of threads.
    as_of
        The night.
    """
    rules, threads = settings.inventory, settings.night.threads
    goods = inputs.stock, inputs.stock_movements, inputs.products
    prices = mean_prices(inputs.order_lines)
    terms, suppliers = supply_in_currency(
        inputs.supply_terms, inputs.suppliers, inputs.exchange_rates, settings.night.currency, as_of
    )
    # What looks back and what looks ahead do not need each other.
    with ThreadPoolExecutor(1) as pool:
        looking_back = pool.submit(_looking_back, inputs, prices, settings, as_of)
        outlook = look(
            *goods,
            inputs.inbound,
            as_of,
            settings=rules,
            prices=prices,
            terms=terms,
            suppliers=suppliers,
            threads=threads,
        )
        proposals = propose(
            outlook,
            elsewhere=elsewhere_costs(plan),
            freight=freight_of(rules, routes_of(inputs)),
            sending_units=sending_of(inputs),
            effort=ReplenishEffort(exact_articles=rules.exact_articles),
        )
        paid = shortage_costs(plan, inputs.stock, inputs.warehouses)
        return {
            "stock_health": health(outlook, proposals, paid=paid),
            **proposals.tables(),
            **looking_back.result(),
            "delivery_performance": delivery_performance(inputs.past_shipments, inputs.tracking_events, as_of),
            "return_summary": return_summary(inputs.returns, inputs.past_order_lines, inputs.past_shipments, as_of),
        }


def routes_of(inputs: Inputs) -> pl.DataFrame:
    """Give the routes between warehouses with stock; no others are of use."""
    routes = inputs.transfer_routes
    for end in ("from_warehouse_id", "to_warehouse_id"):
        routes = routes.join(inputs.stock, left_on=end, right_on="warehouse_id", how="semi", maintain_order="left")
    return routes


def sending_of(inputs: Inputs) -> dict[str, int]:
    """Give what each warehouse with stock can send to others, where its row says so."""
    limited = inputs.warehouses.drop_nulls("transfer_capacity_units").join(
        inputs.stock, on="warehouse_id", how="semi", maintain_order="left"
    )
    return dict(limited.select("warehouse_id", "transfer_capacity_units").iter_rows())


def _looking_back(inputs: Inputs, prices: pl.DataFrame, settings: Settings, as_of: datetime) -> dict[str, pl.DataFrame]:
    """Give the ledger and the turnover."""
    goods = inputs.stock, inputs.stock_movements, inputs.products
    days, threads = settings.inventory.period_days, settings.night.threads
    since = max(days - max(_WINDOWS) + 1, 1)
    return {
        "stock_ledger": stock_ledger(inputs.stock, inputs.stock_movements, as_of, period_days=days),
        "inventory_turnover": inventory_turnover(*goods, as_of, period_days=days, prices=prices, threads=threads),
        "rolling_turnover": rolling_turnover(*goods, as_of, windows=_WINDOWS, days=since, threads=threads),
    }
