"""The back-test: an earlier night's proposals against what then happened, in units and in money."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import polars as pl

from engine.config import RecordedSettings
from engine.contracts.reports import PROPOSAL_BACKTEST
from engine.errors import UsageError
from engine.inputs import Inputs
from engine.reports.currency import supply_in_currency
from engine.reports.foreseen import expected_to_run_out
from engine.reports.outlook import PAIR, Outlook, look
from engine.reports.turnover import mean_prices
from engine.runs import Run
from engine.runs.folders import SETTINGS, published
from solvers.inventory import lost_sales

_SEASON_DAYS: Final = 28
_TOLD: Final = {
    "avoided": "a stock-out was avoided: what was proposed came, and was sold",
    "in_stock": "what was proposed came and is still there",
    "open": "what was proposed may still come",
    "not_needed": "what was proposed did not come, and the stock lasted without it",
    "missed": "what was proposed did not come in its lead time, and the stock ran out",
    "short_before_arrival": "the stock ran out before anything could come",
    "short_anyway": "what was proposed came, and the stock ran out all the same",
    "unforeseen": "the stock ran out, and nothing had been proposed",
}


@dataclass(frozen=True)
class Backtest:
    """How an earlier night's proposals fared.

    Parameters
    ----------
    since, until
        The two nights.
    stocks
        Contract `proposal_backtest`: one row a stock that had a proposal or ran out.
    expected_unforeseen
        Stocks without a proposal that the forecast of the first night expected to run out, in all: what stands beside the
        verdict `unforeseen`.
    """

    since: datetime
    until: datetime
    stocks: pl.DataFrame
    expected_unforeseen: float

    @property
    def summary(self) -> pl.DataFrame:
        """By verdict: stocks, units proposed, come and sold, and money."""
        sums = ("proposed_units", "followed_units", "avoided_units", "avoided_cents", "missed_cents", "held_cents")
        return (
            self.stocks.group_by("verdict")
            .agg(pl.len().cast(pl.Int64).alias("stocks"), *(pl.col(name).sum() for name in sums))
            .sort("stocks", "verdict", descending=[True, False])
        )

    def as_dict(self) -> dict[str, Any]:
        """Give it as plain values."""
        nights: dict[str, Any] = {"since": self.since.isoformat(), "until": self.until.isoformat()}
        nights["expected_unforeseen"] = self.expected_unforeseen
        return nights | {"summary": self.summary.to_dicts(), "stocks": self.stocks.to_dicts()}

    def __str__(self) -> str:
        days = (self.until.date() - self.since.date()).days
        lines = [f"The proposals of {self.since:%Y-%m-%d %H:%M} UTC after {days} days"]
        lines += [
            f"{row['stocks']:>7} {row['verdict'].replace('_', ' '):<22}{_TOLD[row['verdict']]}"
            for row in self.summary.iter_rows(named=True)
        ]
        lines.append(f"of those without a proposal the forecast expected {self.expected_unforeseen:,.0f} to run out")
        money = self.stocks.select(pl.col("avoided_cents", "missed_cents", "held_cents").sum() / 100).row(0)
        lines.append("margin kept by what came {:,.2f}, margin lost {:,.2f}, held without need {:,.2f}".format(*money))
        return "\n".join(lines)


def backtest(before: Run, after: Run) -> Backtest:
    """Set an earlier night's proposals against what the later night's movements say.

    A receipt since counts towards a purchase as far as it is more than what was on its way already, a transfer in towards a move,
    each up to what was proposed. What of that was
    sold by the later night kept its margin; what a stock would have sold on days without stock, up to what was proposed and
    did not come, is lost; what came and is still there has cost its holding.

    Parameters
    ----------
    before, after
        Two runs of one workspace, a day apart at least.

    Raises
    ------
    UsageError
        When the runs are not of two days in this order.
    """
    days = (after.as_of.date() - before.as_of.date()).days
    if days < 1:
        raise UsageError(
            f"run {after.run_id} of {after.as_of:%Y-%m-%d} does not lie a day after {before.run_id} of {before.as_of:%Y-%m-%d}."
        )
    settings = RecordedSettings.model_validate_json((after.directory / SETTINGS).read_bytes())
    currency, rules = settings.night.currency, settings.inventory
    outlook = _outlook(after.inputs, rules.model_copy(update={"period_days": days}), currency, after.as_of)
    due = _come(before.inputs.inbound, after.inputs.inbound, before.as_of, after.as_of)
    proposals = before.replenishment, before.transfers
    expected = expected_to_run_out(_outlook(before.inputs, rules, currency, before.as_of), *proposals, due, days)
    return Backtest(before.as_of, after.as_of, told(*proposals, outlook, days, due=due), expected)


def latest_two(workspace: Path) -> tuple[Run, Run]:
    """Give the latest run of a workspace and that of the last day before it.

    Raises
    ------
    UsageError
        When the workspace has no runs of two days.
    """
    runs = [Run(path) for path in published(workspace)]
    earlier = [run for run in runs if run.as_of.date() < runs[-1].as_of.date()]
    if not earlier:
        raise UsageError(f"{workspace} has no published runs of two days; a back-test looks from one to the next.")
    return earlier[-1], runs[-1]


def _come(earlier: pl.DataFrame, later: pl.DataFrame, since: datetime, until: datetime) -> pl.DataFrame:
    """Give what was on its way and due between two nights, without what is still listed as on its way."""
    due = earlier.filter(pl.col("expected_at").is_between(since, until, closed="right"))
    return due.join(later, on=[*PAIR, "expected_at"], how="anti", maintain_order="left")


def _outlook(inputs: Inputs, rules: Any, currency: str, as_of: datetime) -> Outlook:
    prices = mean_prices(inputs.order_lines)
    terms, suppliers = supply_in_currency(inputs.supply_terms, inputs.suppliers, inputs.exchange_rates, currency, as_of)
    return look(
        inputs.stock,
        inputs.stock_movements,
        inputs.products,
        inputs.inbound,
        as_of,
        settings=rules,
        prices=prices,
        terms=terms,
        suppliers=suppliers,
    )


def told(
    replenishment: pl.DataFrame,
    transfers: pl.DataFrame,
    outlook: Outlook,
    days: int,
    *,
    due: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """Give what became of each stock's proposals, by contract `proposal_backtest`.

    Parameters
    ----------
    replenishment, transfers
        The proposals, tables of those names.
    outlook
        The stocks as they stand the later night, measured over the days since.
    days
        Days since.
    due
        What was on its way before the proposals and due since, columns warehouse_id, sku, quantity: of what came, that much
        was no answer to them.
    """
    proposed = replenishment.select(*PAIR, buy_units="buy_units")
    moves = transfers.group_by(warehouse_id="to_warehouse_id", sku="sku").agg(move_units=pl.col("quantity").sum())
    window = days + _SEASON_DAYS
    sales = outlook.sales
    lost = lost_sales(sales.sales[:, -window:], sales.could_sell[:, -window:])[:, -days:].sum(axis=1)
    stocks = outlook.stocks.with_columns(lost_units=pl.Series(lost))
    known = pl.DataFrame(schema={**dict.fromkeys(PAIR, pl.String), "quantity": pl.Int64}) if due is None else due
    expected = known.group_by(PAIR).agg(due_units=pl.col("quantity").sum())
    stocks = stocks.join(expected, on=PAIR, how="left", maintain_order="left")
    for frame in (proposed, moves):
        stocks = stocks.join(frame, on=PAIR, how="full", coalesce=True, maintain_order="left_right")
    measured = (
        "received_units",
        "transferred_in_units",
        "sale_units",
        "returned_units",
        "closing_units",
        "idle_out_days",
    )
    return (
        stocks.with_columns(
            pl.col("buy_units", "move_units", "due_units", *measured).fill_null(0),
            pl.col("lost_units", "margin_cents", "unit_cost_cents").fill_null(0),
            days=pl.lit(days, pl.Int64),
        )
        .with_columns(_followed())
        .with_columns(_consumed())
        .with_columns(_money(outlook, days))
        .with_columns(verdict=_verdict())
        .filter((pl.col("proposed_units") > 0) | (pl.col("idle_out_days") > 0))
        .sort("missed_cents", "avoided_cents", "sku", "warehouse_id", descending=[True, True, False, False])
        .rename({"idle_out_days": "days_without_stock"})
        .select(pl.col(name).cast(dtype) for name, dtype in PROPOSAL_BACKTEST.schema.items())
    )


def _followed() -> list[pl.Expr]:
    received = pl.col("received_units") - pl.col("due_units")
    bought = pl.min_horizontal("buy_units", pl.max_horizontal(received, pl.lit(0)))
    moved = pl.min_horizontal("move_units", pl.max_horizontal("transferred_in_units", pl.lit(0)))
    return [
        (pl.col("buy_units") + pl.col("move_units")).alias("proposed_units"),
        (bought + moved).alias("followed_units"),
        pl.max_horizontal(pl.col("sale_units") - pl.col("returned_units"), pl.lit(0)).alias("sold_units"),
    ]


def _consumed() -> list[pl.Expr]:
    """Take what came for sold last: what lies there now is of it as far as it goes."""
    left = pl.max_horizontal("closing_units", pl.lit(0))
    gone = pl.max_horizontal(pl.col("followed_units") - left, pl.lit(0))
    absent = pl.col("proposed_units") - pl.col("followed_units")
    short = pl.when(pl.col("proposed_units") > 0).then(pl.min_horizontal("lost_units", absent)).otherwise("lost_units")
    return [pl.min_horizontal(gone, "sold_units").alias("avoided_units"), short.alias("missed_units")]


def _money(outlook: Outlook, days: int) -> list[pl.Expr]:
    held = pl.max_horizontal(pl.col("followed_units") - pl.col("avoided_units"), pl.lit(0))
    holding = held * pl.col("unit_cost_cents") * (outlook.settings.holding_rate * days / 365)
    return [
        _cents(pl.col("avoided_units") * pl.col("margin_cents")).alias("avoided_cents"),
        _cents(pl.col("missed_units") * pl.col("margin_cents")).alias("missed_cents"),
        _cents(holding).alias("held_cents"),
    ]


def _verdict() -> pl.Expr:
    ran_out, came = pl.col("idle_out_days") > 0, pl.col("followed_units") >= pl.col("proposed_units")
    could_come = pl.col("days") > pl.col("lead_days").fill_null(0.0)
    return (
        pl.when(ran_out & (pl.col("proposed_units") == 0))
        .then(pl.lit("unforeseen"))
        .when(ran_out & came)
        .then(pl.lit("short_anyway"))
        .when(ran_out & could_come)
        .then(pl.lit("missed"))
        .when(ran_out)
        .then(pl.lit("short_before_arrival"))
        .when(pl.col("avoided_units") > 0)
        .then(pl.lit("avoided"))
        .when(came)
        .then(pl.lit("in_stock"))
        .when(could_come)
        .then(pl.lit("not_needed"))
        .otherwise(pl.lit("open"))
    )


def _cents(value: pl.Expr) -> pl.Expr:
    return (value + 0.5).floor().cast(pl.Int64)
