"""The turnover tables that a notebook asks for: by channel, over time, and the movements behind a figure."""

from __future__ import annotations

from typing import Final

from engine.contracts.schema import Column, Table, date, instant, integer, number, text

_MONEY: Final = 10**18


def _turns() -> tuple[Column, ...]:
    return (
        integer("sold_units", "units sold less returned to stock"),
        integer("cogs_cents", "cost of what was sold less returned", at_least=-_MONEY, at_most=_MONEY),
        number("average_units", "time-weighted mean of units at daily close"),
        number("average_value_cents", "time-weighted mean of value at daily close"),
        number("turns", "cost of goods sold, annualised, over average value", nullable=True),
        number("days_on_hand", "period over its turns; absent without sales", nullable=True),
        integer(
            "gross_margin_cents",
            "sold at mean price less cost; absent without prices",
            nullable=True,
            at_least=-_MONEY,
            at_most=_MONEY,
        ),
        number("gmroi", "gross margin over average value", nullable=True),
    )


CHANNEL_TURNOVER: Final = Table(
    "channel_turnover",
    "how fast a channel turned the stock that it sells from; the channels add up to the company",
    columns=(
        text(
            "channel",
            "channel; absent: what no channel sold, and movements of orders that are not on file",
            nullable=True,
        ),
        date("first_day", "first day of the period, UTC"),
        date("last_day", "last day of the period, UTC"),
        integer("period_days", "days of the period", at_least=1),
        integer("sale_units", "units sold"),
        integer("returned_units", "units returned to stock"),
        *_turns(),
    ),
)

ROLLING_TURNOVER: Final = Table(
    "rolling_turnover",
    "turnover of the days that end on each day, at one level",
    columns=(
        date("last_day", "last day of the window, UTC"),
        integer("window_days", "days of the window", at_least=1),
        text("warehouse_id", "warehouse, at the levels that have one", nullable=True),
        text("sku", "article, at the levels that have one", nullable=True),
        text("category", "category, at the levels that have one", nullable=True),
        *_turns(),
        number("sell_through", "sold over what was there before plus received", nullable=True),
    ),
)

TURNOVER_TRACE: Final = Table(
    "turnover_trace",
    "a movement behind a figure of the turnover; the amounts add up to the figure",
    columns=(
        instant("moved_at", "when; absent for what was there before the period", nullable=True),
        text("warehouse_id", "where"),
        text("sku", "article"),
        integer("quantity", "units, signed"),
        text("kind", "why; `opening` for what was there before the period, or before the record for an opening"),
        text("reference", "order, purchase or transfer it belongs to", nullable=True),
        integer("value_cents", "cost of the units, signed as the quantity", at_least=-_MONEY, at_most=_MONEY),
        integer("revaluation_cents", "what covering a negative stock added", at_least=-_MONEY, at_most=_MONEY),
        number("amount", "its part of the figure"),
    ),
)

TURNOVER_ANALYSES: Final[tuple[Table, ...]] = (CHANNEL_TURNOVER, ROLLING_TURNOVER, TURNOVER_TRACE)
"""What is asked for in a notebook; no part of a run."""
