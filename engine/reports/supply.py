"""From an outlook to the problem of purchases and transfers: who sells what on which terms, and what a way costs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from engine.errors import InputError, UsageError
from engine.reports.frames import Frame, frame_of
from engine.reports.outlook import PAIR, Outlook
from solvers.inventory import UNLIMITED, ReplenishmentProblem

Numbers = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

_DEFAULTS: Final = {"pack_units": 1, "minimum_units": 0, "order_cents": 0}
_ANYONE: Final = "any"
_LEAST_HOLDING_CENTS: Final = 1e-3
"""Goods that cost nothing still take room: without this, nothing would speak against any amount of them."""


@dataclass(frozen=True, slots=True)
class Freight:
    """What it costs to move goods between warehouses.

    Parameters
    ----------
    cents_per_unit, cents_per_line
        Cost of a unit, and of moving any of an article at all.
    routes
        Columns from_warehouse_id, to_warehouse_id and any of cents_per_unit, cents_per_line, where they differ.
    """

    cents_per_unit: int = 40
    cents_per_line: int = 500
    routes: Frame | None = None

    def between(self, warehouses: list[str], column: str) -> Numbers:
        """Give a cost for every way from one warehouse to another, shape (warehouses, warehouses).

        Raises
        ------
        InputError
            When the routes lack a column, or a cost is negative.
        UsageError
            When a route names a warehouse that has no stock.
        """
        costs = np.full((len(warehouses), len(warehouses)), float(getattr(self, column)))
        if self.routes is None:
            return costs
        routes = frame_of(self.routes, "routes", "from_warehouse_id", "to_warehouse_id")
        if column in routes.columns:
            known = routes.filter(pl.col(column).is_not_null())
            ends = (known[f"{end}_warehouse_id"].to_list() for end in ("from", "to"))
            source, target = (_places(names, warehouses, "routes") for names in ends)
            costs[source, target] = known[column].to_numpy()
        return costs


@dataclass(frozen=True)
class Supply:
    """Who sells each article, and on which terms.

    Parameters
    ----------
    articles
        One row an article, by sku: unit_cost_cents, supplier_id where known, pack_units, minimum_units, order_cents.
    suppliers
        Their identifiers, by position.
    budget_cents
        (suppliers,) most that purchases from each may cost.
    """

    articles: pl.DataFrame
    suppliers: list[str]
    budget_cents: Integers

    def supplier_of(self, article: Integers) -> pl.Series:
        """Give the supplier of articles by position."""
        return self.articles["supplier_id"].gather(article)


def supply_terms(outlook: Outlook, terms: pl.DataFrame | None, budget: int | Mapping[str, int] | None) -> Supply:
    """Give unit cost and terms of each article, in the order of the articles.

    Parameters
    ----------
    outlook
        The stocks.
    terms
        Columns sku and any of supplier_id, pack_units, minimum_units, order_cents.
    budget
        Cents for all purchases together, or for those from each supplier named.

    Raises
    ------
    InputError
        When terms lack the article or name it twice.
    UsageError
        When a supplier with a budget sells nothing.
    """
    articles = outlook.stocks.group_by("sku").agg(pl.col("unit_cost_cents").first()).sort("sku")
    if terms is not None:
        own = frame_of(terms, "terms", "sku").select(
            "sku", *(name for name in ("supplier_id", *_DEFAULTS) if name in terms.columns)
        )
        if own["sku"].is_duplicated().any():
            raise InputError(f"terms names article {own.filter(own['sku'].is_duplicated())['sku'][0]} more than once.")
        articles = articles.join(own, on="sku", how="left", maintain_order="left")
    absent = [pl.lit(None).alias(name) for name in ("supplier_id", *_DEFAULTS) if name not in articles.columns]
    articles = articles.with_columns(absent).with_columns(
        pl.col("supplier_id").cast(pl.String),
        *(pl.col(name).cast(pl.Int64).fill_null(value) for name, value in _DEFAULTS.items()),
    )
    if not isinstance(budget, Mapping):
        # One purse for all: who sells does not matter to it.
        return Supply(articles, [_ANYONE], np.array([UNLIMITED if budget is None else budget], np.int64))
    suppliers = articles["supplier_id"].fill_null(_ANYONE).unique().sort().to_list()
    limits = np.full(len(suppliers), UNLIMITED, np.int64)
    limits[_places(list(budget), suppliers, "budget_cents")] = list(budget.values())
    return Supply(articles, suppliers, limits)


def replenishment_problem(
    outlook: Outlook,
    supply: Supply,
    freight: Freight,
    elsewhere: pl.DataFrame | None = None,
    service: float | None = None,
    sending_units: Mapping[str, int] | None = None,
) -> ReplenishmentProblem:
    """Turn an outlook into what the solver takes: articles and warehouses by position.

    Parameters
    ----------
    outlook
        The stocks.
    supply
        Who sells each article, and on which terms.
    freight
        What moving costs.
    elsewhere
        Columns sku, perhaps warehouse_id, elsewhere_cents.
    service
        Share of cycles without a stock-out to aim at, instead of weighing margin against holding.
    sending_units
        Most units that a warehouse can send.

    Raises
    ------
    InputError
        When a table lacks a column.
    UsageError
        When a warehouse named has no stock.
    ValueError
        When a value is out of range.
    """
    stocks, rules, forecast = outlook.stocks, outlook.settings, outlook.forecast
    warehouses = stocks["warehouse_id"].unique().sort().to_list()
    article = (stocks["sku"].rank("dense").cast(pl.Int64) - 1).to_numpy()
    suppliers = supply.articles["supplier_id"].fill_null(_ANYONE).to_list() if len(supply.suppliers) > 1 else []
    sending = np.full(len(warehouses), UNLIMITED, np.int64)
    if sending_units is not None:
        sending[_places(list(sending_units), warehouses, "sending_units")] = list(sending_units.values())
    cost = stocks["unit_cost_cents"].to_numpy().astype(np.float64)
    holding = np.maximum(cost * rules.holding_rate * rules.cycle_days / 365, _LEAST_HOLDING_CENTS)
    short, lost = _shortage(outlook, article, elsewhere, None if service is None else holding * service / (1 - service))
    return ReplenishmentProblem(
        article=article,
        warehouse=_places(stocks["warehouse_id"].to_list(), warehouses, "stock"),
        position=_position(outlook),
        movable=(stocks["available_units"] - stocks["safety_stock"]).clip(lower_bound=0).to_numpy(),
        mean=forecast.mean,
        variance=forecast.variance,
        shortage_cents=short,
        holding_cents=holding,
        waiting_cents=cost * rules.holding_rate / 365,
        daily_mean=forecast.mean / max(outlook.horizon_days, 1),
        lost_cents=lost,
        supplier=_places(suppliers, supply.suppliers, "terms") if suppliers else np.zeros(lost.size, np.int64),
        unit_cost_cents=supply.articles["unit_cost_cents"].to_numpy(),
        pack_units=supply.articles["pack_units"].to_numpy(),
        minimum_units=supply.articles["minimum_units"].to_numpy(),
        order_cents=supply.articles["order_cents"].to_numpy(),
        budget_cents=supply.budget_cents,
        route_unit_cents=freight.between(warehouses, "cents_per_unit"),
        route_line_cents=freight.between(warehouses, "cents_per_line"),
        sending_units=sending,
    )


def firm_units(outlook: Outlook) -> pl.Series:
    """Give the units of each stock firmly due before an order placed next time could arrive."""
    soon = outlook.coming.filter((pl.col("in_days") > 0) & (pl.col("in_days") <= outlook.horizon_days))
    units = soon.group_by(PAIR).agg(pl.col("quantity").sum())
    return outlook.stocks.join(units, on=PAIR, how="left", maintain_order="left")["quantity"].fill_null(0)


def _position(outlook: Outlook) -> Integers:
    position: Integers = (outlook.stocks["available_units"] + firm_units(outlook)).to_numpy()
    return position


def _shortage(
    outlook: Outlook, article: Integers, elsewhere: pl.DataFrame | None, aimed: Numbers | None
) -> tuple[Numbers, Numbers]:
    """Give what a unit short at each warehouse costs, and what a unit of each article costs beyond that when all are short.

    An article of one warehouse is served from nowhere else; nobody goes a longer way than a sale is worth.
    """
    articles = int(article.max(initial=-1)) + 1
    if aimed is not None:
        return aimed, np.zeros(articles)
    margin = outlook.stocks["margin_cents"].to_numpy().astype(np.float64)
    usual = float(outlook.settings.elsewhere_cents_per_unit)
    cost = np.minimum(_elsewhere(outlook.stocks, elsewhere, usual), margin)
    is_alone = np.bincount(article, minlength=articles)[article] == 1
    short = np.where(is_alone, margin, cost)
    weight = outlook.forecast.mean + 1e-9
    means = [np.bincount(article, one * weight, minlength=articles) for one in (margin - short, np.ones(short.size))]
    return short, np.maximum(means[0] / np.maximum(means[1], 1e-300), 0.0)


def _elsewhere(stocks: pl.DataFrame, elsewhere: pl.DataFrame | None, usual: float) -> Numbers:
    if elsewhere is None:
        return np.full(stocks.height, usual)
    keys = [name for name in PAIR if name in elsewhere.columns]
    known = (
        frame_of(elsewhere, "elsewhere", "sku", "elsewhere_cents").group_by(keys).agg(pl.col("elsewhere_cents").max())
    )
    found: Numbers = (
        stocks.join(known, on=keys, how="left", maintain_order="left")["elsewhere_cents"]
        .cast(pl.Float64)
        .fill_null(usual)
        .to_numpy()
    )
    return found


def _places(names: list[str], among: list[str], what: str) -> Integers:
    """Give the positions of names among sorted ones."""
    at = {name: place for place, name in enumerate(among)}
    unknown = sorted(set(names) - set(at))
    if unknown:
        raise UsageError(
            f"{what} names {', '.join(unknown[:3])}, of which nothing is on file; there are {', '.join(among[:9])}."
        )
    return np.array([at[name] for name in names], np.int64)
