"""From an outlook to the problem of purchases and transfers: who sells what on which terms, and what a way costs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from engine.contracts.supply import TRANSFER_ROUTES
from engine.errors import UsageError
from engine.reports.frames import Frame, completed, frame_of, one_row_each
from engine.reports.outlook import PAIR, Outlook
from engine.reports.terms import TERMS, check_one_purse
from solvers.inventory import UNLIMITED, ReplenishmentProblem

Numbers = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

_ANYONE: Final = "any"
_NO_WAY_CENTS: Final = 1e9
"""Cost of a unit on a way that is closed: more than any unit is worth."""
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
        Columns from_warehouse_id, to_warehouse_id and any of cents_per_unit, cents_per_line, lead_days, is_open, where they
        differ.
    most_days
        Longest way that is of use; no limit where absent.
    """

    cents_per_unit: int = 40
    cents_per_line: int = 500
    routes: Frame | None = None
    most_days: float | None = None

    def between(self, warehouses: list[str], column: str) -> Numbers:
        """Give a cost for every way from one warehouse to another, shape (warehouses, warehouses).

        Raises
        ------
        InputError
            When the routes lack a column, name a way twice, or hold values that no file could bring.
        UsageError
            When a route names a warehouse that has no stock.
        """
        costs = np.full((len(warehouses), len(warehouses)), float(getattr(self, column)))
        if self.routes is None:
            return costs
        ends = "from_warehouse_id", "to_warehouse_id"
        routes = one_row_each(completed(frame_of(self.routes, "routes", *ends), TRANSFER_ROUTES), TRANSFER_ROUTES)
        known = routes.filter(pl.col(column).is_not_null())
        costs[_ends(known, warehouses)] = known[column].to_numpy()
        if column == "cents_per_unit":
            costs[_ends(routes.filter(self._is_closed()), warehouses)] = _NO_WAY_CENTS
        return costs

    def _is_closed(self) -> pl.Expr:
        is_too_long = pl.lit(value=False) if self.most_days is None else pl.col("lead_days") > self.most_days
        return ~pl.col("is_open") | is_too_long


@dataclass(frozen=True)
class Supply:
    """Who sells each article, and on which terms.

    Parameters
    ----------
    articles
        One row an article, by sku, with the columns `TERMS`.
    suppliers
        Their identifiers, by position.
    supplier
        (articles,) position of who sells each.
    budget_cents, least_order_cents, order_cents
        (suppliers,) most and least that an order may come to, and what any order costs.
    """

    articles: pl.DataFrame
    suppliers: list[str]
    supplier: Integers
    budget_cents: Integers
    least_order_cents: Integers
    order_cents: Integers


def supply_of(outlook: Outlook, budget: int | Mapping[str, int] | None) -> Supply:
    """Give the terms of each article, in the order of the articles, and the conditions of each supplier.

    Parameters
    ----------
    outlook
        The stocks, their terms and the suppliers.
    budget
        Cents for all purchases together, or for those from each supplier named, instead of what the suppliers say.

    Raises
    ------
    UsageError
        When a supplier with a budget sells nothing, or one purse stands beside suppliers with conditions.
    """
    articles = outlook.stocks.group_by("sku").agg(pl.col(TERMS).first()).sort("sku")
    if budget is not None and not isinstance(budget, int | Mapping):
        raise UsageError(f"budget_cents is {budget!r}; give whole cents, or whole cents by supplier.")
    if isinstance(budget, Mapping) and not all(isinstance(cents, int | np.integer) for cents in budget.values()):
        raise UsageError(f"budget_cents is {budget!r}; give whole cents, or whole cents by supplier.")
    if isinstance(budget, int):
        check_one_purse(outlook.suppliers, budget)
        nothing = np.zeros(1, np.int64)
        return Supply(
            articles, [_ANYONE], np.zeros(articles.height, np.int64), np.array([budget], np.int64), nothing, nothing
        )
    names = articles["supplier_id"].fill_null(_ANYONE)
    suppliers = names.unique().sort()
    known = pl.DataFrame({"supplier_id": suppliers}).join(
        outlook.suppliers, on="supplier_id", how="left", maintain_order="left"
    )
    limits = known["budget_cents"].fill_null(UNLIMITED).to_numpy().copy()
    if budget is not None:
        limits[_places(list(budget), suppliers.to_list(), "budget_cents")] = list(budget.values())
    least, asked = (known[name].fill_null(0).to_numpy() for name in ("minimum_order_cents", "order_cents"))
    places = _places(names.to_list(), suppliers.to_list(), "terms")
    return Supply(articles, suppliers.to_list(), places, limits, least, asked)


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
    stocks, rules, (mean, variance) = outlook.stocks, outlook.settings, outlook.lead_demand
    warehouses = stocks["warehouse_id"].unique().sort().to_list()
    article = (stocks["sku"].rank("dense").cast(pl.Int64) - 1).to_numpy()
    cost = stocks["unit_cost_cents"].to_numpy().astype(np.float64)
    holding = np.maximum(cost * rules.holding_rate * rules.cycle_days / 365, _LEAST_HOLDING_CENTS)
    short, lost = _shortage(outlook, article, elsewhere, None if service is None else holding * service / (1 - service))
    return ReplenishmentProblem(
        article=article,
        warehouse=_places(stocks["warehouse_id"].to_list(), warehouses, "stock"),
        position=(stocks["available_units"] + firm_units(outlook)).to_numpy(),
        movable=(stocks["available_units"] - stocks["safety_stock"]).clip(lower_bound=0).to_numpy(),
        mean=mean,
        variance=variance,
        shortage_cents=short,
        holding_cents=holding,
        waiting_cents=cost * rules.holding_rate / 365,
        daily_mean=mean / np.maximum(outlook.lead_and_cycle_days, 1.0),
        lost_cents=lost,
        supplier=supply.supplier,
        unit_cost_cents=supply.articles["price_cents"].to_numpy(),
        pack_units=supply.articles["pack_units"].to_numpy(),
        minimum_units=supply.articles["minimum_units"].to_numpy(),
        order_cents=supply.articles["order_cents"].to_numpy(),
        budget_cents=supply.budget_cents,
        least_order_cents=supply.least_order_cents,
        supplier_order_cents=supply.order_cents,
        route_unit_cents=freight.between(warehouses, "cents_per_unit"),
        route_line_cents=freight.between(warehouses, "cents_per_line"),
        sending_units=_sending(warehouses, sending_units),
    )


def firm_units(outlook: Outlook) -> pl.Series:
    """Give the units of each stock firmly due before an order placed next time could arrive."""
    days = outlook.stocks.select(*PAIR, horizon=pl.Series(outlook.lead_and_cycle_days))
    soon = outlook.coming.join(days, on=PAIR, how="inner").filter(
        (pl.col("in_days") > 0) & (pl.col("in_days") <= pl.col("horizon"))
    )
    units = soon.group_by(PAIR).agg(pl.col("quantity").sum())
    return outlook.stocks.join(units, on=PAIR, how="left", maintain_order="left")["quantity"].fill_null(0)


def _sending(warehouses: list[str], units: Mapping[str, int] | None) -> Integers:
    sending = np.full(len(warehouses), UNLIMITED, np.int64)
    if units is not None:
        sending[_places(list(units), warehouses, "sending_units")] = list(units.values())
    return sending


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
    weight = outlook.lead_demand[0] + 1e-9
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


def _ends(routes: pl.DataFrame, warehouses: list[str]) -> tuple[Integers, Integers]:
    source, target = (_places(routes[f"{end}_warehouse_id"].to_list(), warehouses, "routes") for end in ("from", "to"))
    return source, target


def _places(names: list[str], among: list[str], what: str) -> Integers:
    """Give the positions of names among sorted ones."""
    at = {name: place for place, name in enumerate(among)}
    unknown = sorted(set(names) - set(at))
    if unknown:
        raise UsageError(
            f"{what} names {', '.join(unknown[:3])}, of which nothing is on file; there are {', '.join(among[:9])}."
        )
    return np.array([at[name] for name in names], np.int64)
