"""Tables of what can be bought and moved: rates, suppliers, their terms, ways between warehouses, and the orders proposed."""

from __future__ import annotations

from typing import Final

import polars as pl

from engine.contracts.ranges import CURRENCY, MAX_CENTS, MAX_UNITS
from engine.contracts.schema import Reference, Rule, Table, date, flag, integer, number, text

EXCHANGE_RATES: Final = Table(
    "exchange_rates",
    "what a unit of another currency is worth in the shop's, `night.currency`, from a day on",
    key=("currency", "valid_from"),
    columns=(
        text("currency", "ISO 4217, such as USD", pattern=CURRENCY),
        date("valid_from", "first day; the latest that is not after the night holds"),
        number("rate", "units of `night.currency` for one unit", at_least=1e-6, at_most=1e6),
    ),
)

SUPPLIERS: Final = Table(
    "suppliers",
    "who sells to the shop, and on which conditions an order is taken",
    key=("supplier_id",),
    references=(Reference(("currency",), "exchange_rates"),),
    rules=(
        Rule(
            "minimum_order_cents",
            pl.col("budget_cents").is_null() | (pl.col("minimum_order_cents") <= pl.col("budget_cents")),
            "the least order is above the budget; nothing could be bought",
        ),
    ),
    columns=(
        text("supplier_id", "identifier"),
        number(
            "lead_days_mean",
            "days from ordering to receiving, mean; absent: `inventory.lead_time_days`",
            nullable=True,
            at_least=0,
            at_most=365,
        ),
        number("lead_days_sd", "their standard deviation", default=0.0, at_least=0, at_most=365),
        integer("minimum_order_cents", "least that an order must come to", default=0, at_least=0, at_most=10**15),
        integer("order_cents", "cost of an order, whatever is in it", default=0, at_least=0, at_most=MAX_CENTS),
        integer(
            "budget_cents",
            "most that tonight's purchases may come to; absent: no limit",
            nullable=True,
            at_least=0,
            at_most=10**15,
        ),
        text(
            "currency",
            "ISO 4217, of all its prices and conditions; absent: `night.currency`, which needs no rate",
            nullable=True,
            pattern=CURRENCY,
        ),
    ),
)

SUPPLY_TERMS: Final = Table(
    "supply_terms",
    "an article that a supplier sells; of several, the one of least preference sells it, then the cheapest",
    key=("supplier_id", "sku"),
    references=(Reference(("supplier_id",), "suppliers"), Reference(("sku",), "products")),
    columns=(
        text("supplier_id", "supplier"),
        text("sku", "article"),
        integer(
            "unit_cost_cents",
            "price of a unit; absent: the cost that products says",
            nullable=True,
            at_least=0,
            at_most=MAX_CENTS,
        ),
        integer("pack_units", "units are bought in multiples of", default=1, at_least=1, at_most=MAX_UNITS),
        integer("minimum_units", "least units for a warehouse", default=0, at_least=0, at_most=MAX_UNITS),
        integer("order_cents", "cost of a line for a warehouse", default=0, at_least=0, at_most=MAX_CENTS),
        integer("preference", "lower is bought from first", default=0, at_least=-1_000, at_most=1_000),
    ),
)

TRANSFER_ROUTES: Final = Table(
    "transfer_routes",
    "a way between two warehouses that is not as the settings say",
    key=("from_warehouse_id", "to_warehouse_id"),
    references=(
        Reference(("from_warehouse_id",), "warehouses", named=("warehouse_id",)),
        Reference(("to_warehouse_id",), "warehouses", named=("warehouse_id",)),
    ),
    rules=(
        Rule(
            "to_warehouse_id",
            pl.col("from_warehouse_id") != pl.col("to_warehouse_id"),
            "a route leads to another warehouse",
        ),
    ),
    columns=(
        text("from_warehouse_id", "warehouse that sends"),
        text("to_warehouse_id", "warehouse that receives"),
        integer(
            "cents_per_unit",
            "cost of moving a unit; absent: `inventory.transfer_cents_per_unit`",
            nullable=True,
            at_least=0,
            at_most=MAX_CENTS,
        ),
        integer(
            "cents_per_line",
            "cost of moving any of an article; absent: `inventory.transfer_cents_per_line`",
            nullable=True,
            at_least=0,
            at_most=MAX_CENTS,
        ),
        number(
            "lead_days",
            "days on the way; nothing is moved where they are more than `inventory.lead_time_days`",
            default=0.0,
            at_least=0,
            at_most=365,
        ),
        flag("is_open", "whether goods may be moved at all", default=True),
    ),
)

SUPPLIER_ORDERS: Final = Table(
    "supplier_orders",
    "what is proposed to be bought from a supplier, as one order; suppliers to buy nothing from tonight are left out",
    key=("supplier_id",),
    columns=(
        text("supplier_id", "supplier"),
        integer("lines", "lines of `replenishment`", at_least=1),
        integer("units", "their units", at_least=1),
        integer("purchase_cents", "their price", at_least=0, at_most=10**15),
        integer("order_cents", "cost of the order, whatever is in it", at_least=0, at_most=MAX_CENTS),
        integer("minimum_order_cents", "least that it must come to", at_least=0, at_most=10**15),
        integer("budget_cents", "most that it may come to; absent: no limit", nullable=True, at_most=10**15),
        integer(
            "saved_cents",
            "expected cost that its lines save, the cost of the order taken off",
            at_least=-(10**15),
            at_most=10**15,
        ),
        number("saved_per_budget_cent", "what a cent more of the budget would save, in cents", at_least=0),
    ),
)


def known_currencies(rates: pl.DataFrame, currency: str) -> pl.DataFrame:
    """Give table `exchange_rates` with the shop's own currency, which suppliers may name although it has no rate.

    Parameters
    ----------
    rates
        The table.
    currency
        `night.currency`.
    """
    own = pl.DataFrame([(currency, None, 1.0)], schema=EXCHANGE_RATES.schema, orient="row")
    return pl.concat([rates.select(list(EXCHANGE_RATES.schema)), own])
