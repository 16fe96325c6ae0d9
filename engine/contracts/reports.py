"""The report tables of a run: the stock position, deliveries and returns, in units, days and money."""

from __future__ import annotations

from typing import Final

from engine.contracts.schema import Column, Table, date, flag, integer, number, text
from engine.contracts.supply import SUPPLIER_ORDERS
from engine.contracts.turnover import CHANNEL_TURNOVER, ROLLING_TURNOVER, TURNOVER_TRACE

TURNOVER_LEVELS: Final = ("warehouse_sku", "sku", "warehouse", "category", "company")
AGE_CLASSES: Final = ("0_30", "31_60", "61_90", "91_180", "181_365", "over_365")
PLACES: Final = ("out", "understock", "healthy", "overstock", "dead")
ACTIONS: Final = ("buy", "stop_buying", "transfer", "mark_down", "write_off", "none")


def _ages() -> tuple[Column, ...]:
    units = (
        integer(f"age_{name}_days_units", f"units in stock for {name.replace('_', ' ')} days") for name in AGE_CLASSES
    )
    value = (integer(f"age_{name}_days_value_cents", "their value") for name in AGE_CLASSES)
    return (*units, *value)


INVENTORY_TURNOVER: Final = Table(
    "inventory_turnover",
    "how fast stock turned in a period, at one level: a stock, an article, a warehouse, a category, the company",
    columns=(
        text("level", "what the row adds up", allowed=TURNOVER_LEVELS),
        text("warehouse_id", "warehouse, at the levels that have one", nullable=True),
        text("sku", "article, at the levels that have one", nullable=True),
        text("category", "category; absent for a warehouse and the company", nullable=True),
        date("first_day", "first day of the period, UTC"),
        date("last_day", "last day of the period, UTC"),
        integer("period_days", "days of the period", at_least=1),
        integer("stocks", "warehouse and article pairs added up", at_least=1),
        integer("opening_units", "units at the start"),
        integer("received_units", "units received from suppliers"),
        integer("transferred_in_units", "units from other warehouses"),
        integer("transferred_out_units", "units to other warehouses"),
        integer("adjusted_units", "units found or missing"),
        integer("written_off_units", "units written off"),
        integer("sale_units", "units sold"),
        integer("returned_units", "units returned to stock"),
        integer("sold_units", "units sold less returned to stock"),
        integer("closing_units", "units at the end"),
        integer(
            "opening_value_cents", "value at the start, at moving-average cost", at_least=-(10**15), at_most=10**18
        ),
        integer("received_value_cents", "cost of what was received", at_least=-(10**15), at_most=10**18),
        integer(
            "cogs_cents",
            "cost of what was sold less returned, at moving-average cost",
            at_least=-(10**18),
            at_most=10**18,
        ),
        integer(
            "revaluation_cents",
            "part of it from covering negative stock at another cost",
            at_least=-(10**18),
            at_most=10**18,
        ),
        integer("closing_value_cents", "value at the end", at_least=-(10**18), at_most=10**18),
        number("average_units", "time-weighted mean of units at daily close"),
        number("average_value_cents", "time-weighted mean of value at daily close"),
        number(
            "turns", "cost of goods sold, annualised, over average value; absent without average value", nullable=True
        ),
        number("days_on_hand", "period over its turns; absent without sales", nullable=True),
        number("sell_through", "sold over opening plus received, transfers in included for a warehouse", nullable=True),
        integer(
            "gross_margin_cents",
            "sold at mean price less cost; absent without prices",
            nullable=True,
            at_least=-(10**18),
            at_most=10**18,
        ),
        number("gmroi", "gross margin over average value", nullable=True),
        integer("stock_out_days", "days that closed without stock, summed over the stocks", at_least=0),
        integer("negative_days", "days among them that closed below zero", at_least=0),
        flag("no_sales", "stock without sales"),
        flag("cross_dock", "sales without stock at any daily close"),
        *_ages(),
    ),
)

STOCK_HEALTH: Final = Table(
    "stock_health",
    "where a stock stands against what it should be, what that costs and what to do, the dearest first",
    key=("warehouse_id", "sku"),
    columns=(
        integer("rank", "place by money, from 1", at_least=1),
        text("warehouse_id", "warehouse"),
        text("sku", "article"),
        text("category", "category"),
        text("place", "where it stands", allowed=PLACES),
        integer("on_hand", "units there"),
        integer("available_units", "units not yet promised; below zero where more is promised than there is"),
        integer("safety_stock", "units kept back"),
        integer("unit_cost_cents", "moving-average cost of a unit, to the cent", at_least=0),
        integer("stock_value_cents", "value at moving-average cost", at_least=-(10**15), at_most=10**15),
        number("demand_units_per_day", "expected demand, from days in stock", at_least=0),
        number("cover_days", "days the available units last; absent without demand", nullable=True),
        date("runs_out_on", "first day on which stock and firm receipts no longer cover demand", nullable=True),
        date("last_sale_on", "last day with a sale", nullable=True),
        date("next_receipt_on", "day of the next firm receipt", nullable=True),
        integer("inbound_units", "units of firm receipts", at_least=0),
        integer("overdue_inbound_units", "units whose date has passed, not counted on", at_least=0),
        integer("overstock_units", "units above safety stock and a cycle of demand", at_least=0),
        integer("overstock_value_cents", "their value", at_least=0, at_most=10**15),
        number("days_to_sell_out", "days of demand in the overstock; absent without demand", nullable=True),
        integer(
            "holding_cents",
            "cost of holding the overstock until it sells, for a year at most",
            at_least=0,
            at_most=10**15,
        ),
        integer("understock_units", "units short until the next firm receipt or the lead time", at_least=0),
        integer("lost_margin_cents", "expected margin lost by then", at_least=0, at_most=10**15),
        number("lost_sales_units", "units it would have sold on its days without stock of the last 30", at_least=0),
        integer("lost_sales_cents", "their margin", at_least=0, at_most=10**15),
        integer("waiting_units", "units that wait tonight because it is short; absent without a plan", nullable=True),
        integer("waiting_cents", "what tonight's plan paid for their orders", nullable=True, at_least=0),
        integer("split_parcels", "parcels more tonight because it is short", nullable=True, at_least=0),
        integer("split_cents", "what tonight's plan paid for orders split so", nullable=True, at_least=0),
        integer("farther_parcels", "orders sent from farther away tonight because it is short", nullable=True),
        integer("farther_cents", "what tonight's plan paid for them", nullable=True, at_least=0),
        integer("plan_cost_cents", "what tonight's plan paid for the shortage in all", nullable=True, at_least=0),
        integer(
            "money_cents",
            "all of it in one currency: holding, lost margin, lost sales, plan",
            at_least=0,
            at_most=10**15,
        ),
        text("action", "what to do first", allowed=ACTIONS),
        integer("transfer_units", "units to move in, below zero: out, as `transfers` proposes"),
        integer("buy_units", "units to buy, as `replenishment` proposes", at_least=0),
    ),
)

DELIVERY_PERFORMANCE: Final = Table(
    "delivery_performance",
    "how a carrier, or all of them, kept the last promise, by level and tolerance",
    columns=(
        text("carrier", "carrier; absent: all carriers", nullable=True),
        text("level", "what is counted", allowed=("parcel", "order")),
        text("promise", "which promise", allowed=("last",)),
        integer("tolerance_days", "days after the promise that still count as on time", at_least=0),
        integer("shipped", "parcels or orders sent", at_least=0),
        integer("delivered", "delivered by the night", at_least=0),
        integer("on_time", "delivered within promise and tolerance", at_least=0),
        integer("late", "delivered after that", at_least=0),
        integer("overdue", "not delivered though promise and tolerance have passed", at_least=0),
        integer("open", "not delivered and not yet due", at_least=0),
        number("on_time_share", "on time over delivered and overdue", nullable=True, at_least=0, at_most=1),
        number("cycle_days_mean", "delivered - placed, mean", nullable=True),
        number("cycle_days_p50", "the same, median", nullable=True),
        number("cycle_days_p90", "the same, 90th percentile", nullable=True),
        number("cycle_days_p95", "the same, 95th percentile", nullable=True),
        number("transit_days_mean", "delivered - handed over, mean", nullable=True),
        number("transit_days_p90", "the same, 90th percentile", nullable=True),
        integer("failed_attempts", "delivery attempts that failed", at_least=0),
        integer("returned_to_sender", "sent back", at_least=0),
        integer("lost_or_unknown", "on the way, silent for 14 days or without a known status", at_least=0),
        number("tracked_share", "share with a scan of the carrier", nullable=True, at_least=0, at_most=1),
    ),
)

RETURN_SUMMARY: Final = Table(
    "return_summary",
    "what came back of the orders sent in a week",
    columns=(
        date("ship_week", "Monday of the week the order was first handed over; absent: not on file", nullable=True),
        integer("orders", "orders sent", at_least=0),
        integer("shipped_units", "their units", at_least=0),
        integer("shipped_cents", "their selling price", at_least=0, at_most=10**15),
        integer("returned_units", "units that came back", at_least=0),
        integer("returned_cents", "their selling price", at_least=0, at_most=10**15),
        number("return_rate_units", "returned over shipped, in units", nullable=True, at_least=0),
        number("return_rate_cents", "the same in money", nullable=True, at_least=0),
        integer("restocked_units", "returned to stock", at_least=0),
        integer("scrapped_units", "scrapped", at_least=0),
        integer("inspected_units", "waiting for inspection", at_least=0),
        integer("missing_units", "announced and not in the parcel", at_least=0),
        number("restock_yield", "restocked over returned", nullable=True, at_least=0, at_most=1),
        integer("refund_cents", "refunded", at_least=0, at_most=10**15),
        number("refund_lag_days", "refunded - received, mean; absent while refunds carry no date", nullable=True),
    ),
)

REPLENISHMENT: Final = Table(
    "replenishment",
    "a purchase proposed for a warehouse, the most saved for the money first",
    key=("warehouse_id", "sku"),
    columns=(
        integer("rank", "place by what it saves for its cost, from 1", at_least=1),
        text("warehouse_id", "warehouse"),
        text("sku", "article"),
        text("category", "category"),
        text("supplier_id", "who sells it, where the terms say", nullable=True),
        integer("available_units", "units there and not yet promised"),
        integer("inbound_units", "units firmly due before an order placed next time could arrive", at_least=0),
        number("expected_demand_units", "expected demand until then", at_least=0),
        number("demand_p95_units", "demand that is not passed nineteen times in twenty", at_least=0),
        integer("buy_units", "units to buy", at_least=1),
        integer("units_after", "units with purchases, transfers and receipts"),
        integer("cost_cents", "price of the purchase", at_least=0, at_most=10**15),
        integer(
            "saved_cents",
            "expected cost of shortage less holding that it saves; below zero where it only brings an order up to its least",
            at_least=-(10**15),
            at_most=10**15,
        ),
        number("saved_per_cent", "saved for each cent spent"),
    ),
)

TRANSFERS: Final = Table(
    "transfers",
    "a move proposed between two warehouses, the most saved for its cost first",
    key=("sku", "from_warehouse_id", "to_warehouse_id"),
    columns=(
        integer("rank", "place by what it saves for its cost, from 1", at_least=1),
        text("sku", "article"),
        text("from_warehouse_id", "warehouse that sends"),
        text("to_warehouse_id", "warehouse that receives"),
        integer("quantity", "units", at_least=1),
        integer("cost_cents", "cost of moving them", at_least=0, at_most=10**15),
        integer("saved_cents", "expected cost that it saves beyond that", at_least=-(10**15), at_most=10**15),
        number("saved_per_cent", "saved for each cent of moving"),
    ),
)

PROPOSAL_SUMMARY: Final = Table(
    "proposal_summary",
    "what the proposals of the night are expected to save, and how good they are proven to be",
    columns=(
        integer("purchases", "lines to buy", at_least=0),
        integer("transfers", "lines to move", at_least=0),
        integer("purchase_cents", "price of the purchases", at_least=0, at_most=10**15),
        integer("transfer_cents", "cost of the moves", at_least=0, at_most=10**15),
        integer(
            "baseline_cents", "expected cost of shortage and holding if nothing is done", at_least=0, at_most=10**18
        ),
        integer("cost_cents", "the same with all proposals, moves and orders paid", at_least=0, at_most=10**18),
        integer("bound_cents", "proven: no other purchases and moves cost less", at_least=0, at_most=10**18),
        number("gap", "share of the cost that is not proven necessary", at_least=0, at_most=1),
        text("status", "OPTIMAL or FEASIBLE", allowed=("OPTIMAL", "FEASIBLE")),
    ),
)

VERDICTS: Final = (
    "avoided",
    "in_stock",
    "open",
    "not_needed",
    "missed",
    "short_before_arrival",
    "short_anyway",
    "unforeseen",
)

PROPOSAL_BACKTEST: Final = Table(
    "proposal_backtest",
    "what became of an earlier night's proposals for a stock, the dearest that was missed first",
    key=("warehouse_id", "sku"),
    columns=(
        text("warehouse_id", "warehouse"),
        text("sku", "article"),
        integer("days", "days since the proposal", at_least=1),
        integer("buy_units", "units proposed to buy", at_least=0),
        integer("move_units", "units proposed to be moved in", at_least=0),
        integer("proposed_units", "both", at_least=0),
        integer("received_units", "units received from suppliers since"),
        integer("transferred_in_units", "units moved in since"),
        integer("followed_units", "units of the proposal that came", at_least=0),
        integer("sold_units", "units sold since, less returned", at_least=0),
        integer("closing_units", "units there at the end"),
        integer("days_without_stock", "days since on which there was nothing to sell", at_least=0),
        integer("avoided_units", "units sold since that would not have been there", at_least=0),
        number("missed_units", "units it would have sold on days without stock, of what did not come", at_least=0),
        integer("avoided_cents", "margin of the units sold", at_least=0, at_most=10**15),
        integer("missed_cents", "margin of the units missed", at_least=0, at_most=10**15),
        integer("held_cents", "holding cost of what came and is still there", at_least=0, at_most=10**15),
        text("verdict", "how it turned out", allowed=VERDICTS),
    ),
)

STOCK_CLASSES: Final = Table(
    "stock_classes",
    "what kind of demand a stock has, and what it lost without stock",
    key=("warehouse_id", "sku"),
    columns=(
        text("warehouse_id", "warehouse"),
        text("sku", "article"),
        text("category", "category"),
        integer("cogs_cents", "cost of goods sold in the period", at_least=-(10**18), at_most=10**18),
        text(
            "value_class", "the article by share of cost of goods sold: a to 80 %, b to 95 %", allowed=("a", "b", "c")
        ),
        text("steadiness_class", "by variation of weekly sales: x below 0.5, y below 1.0", allowed=("x", "y", "z")),
        text(
            "demand_pattern",
            "by interval between weeks with sales and squared variation of their size",
            allowed=("smooth", "intermittent", "erratic", "lumpy", "none"),
        ),
        integer("days_without_stock", "days on which there was nothing to sell", at_least=0),
        number("lost_units", "units it would have sold on them, from days with stock of the season", at_least=0),
        integer("lost_cost_cents", "their cost", at_least=0, at_most=10**15),
    ),
)

ANALYSES: Final[tuple[Table, ...]] = (STOCK_CLASSES, CHANNEL_TURNOVER, TURNOVER_TRACE, PROPOSAL_BACKTEST)
"""What is asked for in a notebook; no part of a run."""

REPORTS: Final[tuple[Table, ...]] = (
    INVENTORY_TURNOVER,
    ROLLING_TURNOVER,
    STOCK_HEALTH,
    REPLENISHMENT,
    TRANSFERS,
    PROPOSAL_SUMMARY,
    SUPPLIER_ORDERS,
    DELIVERY_PERFORMANCE,
    RETURN_SUMMARY,
)
