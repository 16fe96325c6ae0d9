"""Proposals for the buyer: what to order and what to move between warehouses, ranked by what it saves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from engine.config import Inventory
from engine.contracts.reports import PROPOSAL_SUMMARY, REPLENISHMENT, TRANSFERS
from engine.contracts.supply import SUPPLIER_ORDERS
from engine.errors import InputError, UsageError
from engine.reports.frames import Frame, frame_of
from engine.reports.outlook import Outlook, look
from engine.reports.supply import Freight, Supply, firm_units, replenishment_problem, supply_of
from solvers.inventory import UNLIMITED, Replenishment, ReplenishmentProblem
from solvers.inventory.replenishment.solve import ReplenishEffort, replenish
from solvers.outcome import Outcome

_NINETEEN_IN_TWENTY: Final = 0.95


@dataclass(frozen=True)
class Proposals:
    """What to order and to move tonight.

    Parameters
    ----------
    replenishment, transfers, supplier_orders
        The tables of those names.
    outcome
        Expected cost of shortage and holding with all of it, the bound proven for any other choice, and the gap.
    baseline_cents
        Expected cost of doing nothing.
    """

    replenishment: pl.DataFrame
    transfers: pl.DataFrame
    supplier_orders: pl.DataFrame
    outcome: Outcome
    baseline_cents: int

    @property
    def summary(self) -> pl.DataFrame:
        """What they save in all and what is proven of it, by contract `proposal_summary`."""
        row = {
            "purchases": self.replenishment.height,
            "transfers": self.transfers.height,
            "purchase_cents": int(self.replenishment["cost_cents"].sum()),
            "transfer_cents": int(self.transfers["cost_cents"].sum()),
            "baseline_cents": self.baseline_cents,
            "cost_cents": self.outcome.cost,
            "bound_cents": self.outcome.bound,
            "gap": self.outcome.gap or 0.0,
            "status": self.outcome.status.value,
        }
        return pl.DataFrame([row], schema=PROPOSAL_SUMMARY.schema)

    def tables(self) -> dict[str, pl.DataFrame]:
        """Give the tables by name."""
        return {
            "replenishment": self.replenishment,
            "transfers": self.transfers,
            "supplier_orders": self.supplier_orders,
            "proposal_summary": self.summary,
        }


def propose_orders(
    stock: Frame,
    movements: Frame | Path,
    products: Frame,
    inbound: Frame,
    as_of: datetime,
    *,
    settings: Inventory | None = None,
    terms: Frame | None = None,
    suppliers: Frame | None = None,
    prices: Frame | None = None,
    elsewhere: Frame | None = None,
    service: float | None = None,
    budget_cents: int | Mapping[str, int] | None = None,
    freight: Freight | None = None,
    routes: Frame | None = None,
    sending_units: Mapping[str, int] | None = None,
    effort: ReplenishEffort | None = None,
    threads: int = 1,
) -> Proposals:
    """Propose purchases and transfers of least expected cost, together, with a proven bound.

    Demand until the next order can arrive (lead time and cycle) is forecast for each stock as a distribution, days without
    stock left out, articles without history by their category. A unit that its warehouse cannot serve is served from
    elsewhere, which costs a longer way and perhaps a parcel more; one that no warehouse can serve costs its margin. A unit
    left over costs a cycle's holding, one that later demand will not take soon its holding until then. So what another
    warehouse has too much of is moved where that is cheaper than buying.

    Parameters
    ----------
    stock, movements, products, inbound
        The tables of those names, as Polars or pandas frames; movements may be the path of a Parquet file.
    as_of
        The night.
    settings
        Section `inventory` of the settings; its defaults where absent.
    terms
        Table `supply_terms`, of which all columns but sku may be absent; where suppliers state other currencies than the
        shop's, terms and suppliers as `supply_in_currency` gives them.
    suppliers
        Table `suppliers`, of which all columns but supplier_id may be absent.
    prices
        Columns sku, unit_price_cents; without them lost margin is a share of cost.
    elsewhere
        Columns sku, perhaps warehouse_id, and elsewhere_cents: what serving a unit from another warehouse costs more;
        where it is silent, the settings say.
    service
        Share of cycles without a stock-out to aim at in each warehouse, instead of weighing margin against holding.
    budget_cents
        Most that the purchases may cost together, or from each supplier by its identifier, instead of what suppliers say.
    freight
        Cost of moving goods between warehouses; what the settings and `routes` say where absent.
    routes
        Table `transfer_routes`, of which all columns but the two warehouses may be absent; not beside `freight`.
    sending_units
        Most units that a warehouse can send to others, by its identifier.
    effort
        How hard to look.
    threads
        Threads to use; the result does not depend on it.

    Raises
    ------
    InputError
        When a table lacks a column, or its values cannot be planned with.
    UsageError
        When the service is not strictly between 0 and 1, a supplier or warehouse named is unknown, or both freight and
        routes are given.
    """
    rules = settings or Inventory()
    if freight is not None and routes is not None:
        raise UsageError(
            "freight and routes both say what moving costs; give the routes to Freight(routes=…) or alone."
        )
    outlook = look(
        stock,
        movements,
        products,
        inbound,
        as_of,
        settings=rules,
        prices=prices,
        terms=terms,
        suppliers=suppliers,
        threads=threads,
    )
    return propose(
        outlook,
        elsewhere=None if elsewhere is None else frame_of(elsewhere, "elsewhere", "sku", "elsewhere_cents"),
        service=service,
        budget_cents=budget_cents,
        freight=freight or freight_of(rules, routes),
        sending_units=sending_units,
        effort=effort,
    )


def propose(
    outlook: Outlook,
    *,
    elsewhere: pl.DataFrame | None = None,
    service: float | None = None,
    budget_cents: int | Mapping[str, int] | None = None,
    freight: Freight | None = None,
    sending_units: Mapping[str, int] | None = None,
    effort: ReplenishEffort | None = None,
) -> Proposals:
    """Propose purchases and transfers for stocks whose outlook is known; see `propose_orders`.

    Raises
    ------
    InputError
        When values cannot be planned with.
    UsageError
        When the service is not strictly between 0 and 1, or a supplier or warehouse named is unknown.
    """
    if service is not None and not 0 < service < 1:
        raise UsageError(f"service must lie strictly between 0 and 1; it is {service}.")
    rules = outlook.settings
    try:
        supply = supply_of(outlook, rules.purchase_budget_cents if budget_cents is None else budget_cents)
        problem = replenishment_problem(
            outlook, supply, freight or freight_of(rules), elsewhere, service, sending_units
        )
        found = replenish(problem, effort, threads=outlook.threads)
    except ValueError as error:
        raise InputError(f"orders cannot be proposed: {error}") from error
    stocks = outlook.stocks.with_columns(
        inbound_units=firm_units(outlook), demand_p95_units=pl.Series(_demand_p95(outlook, problem))
    )
    purchases = _purchases(stocks, problem, found)
    return Proposals(
        purchases,
        _moves(stocks, problem, found),
        _orders(purchases, supply, found),
        found.outcome,
        found.baseline_cents,
    )


def freight_of(settings: Inventory, routes: Frame | None = None) -> Freight:
    """Give what moving goods costs by the settings and, where given, by table `transfer_routes`."""
    return Freight(
        settings.transfer_cents_per_unit, settings.transfer_cents_per_line, routes, float(settings.lead_time_days)
    )


def _demand_p95(outlook: Outlook, problem: ReplenishmentProblem) -> npt.NDArray[np.float64]:
    """Give the demand not passed nineteen times in twenty: as forecast, or with the lead time of the supplier."""
    found = outlook.forecast.quantiles[:, outlook.forecast.levels.tolist().index(_NINETEEN_IN_TWENTY)].copy()
    tables, usual = problem.tables, float(outlook.horizon_days)
    own = (outlook.lead_and_cycle_days != usual) | (outlook.stocks["lead_days_sd"].to_numpy() > 0)
    for stock in np.flatnonzero(own).tolist():
        covered = tables.covered[tables.reach[stock] : tables.reach[stock + 1]]
        found[stock] = np.searchsorted(covered, _NINETEEN_IN_TWENTY)
    return found


def _orders(purchases: pl.DataFrame, supply: Supply, found: Replenishment) -> pl.DataFrame:
    """Gather the purchases from each supplier that has a name."""
    conditions = pl.DataFrame(
        {
            "supplier_id": pl.Series(supply.suppliers, dtype=pl.String),
            "order_cents": supply.order_cents,
            "minimum_order_cents": supply.least_order_cents,
            "budget_cents": supply.budget_cents,
            "saved_per_budget_cent": np.maximum(found.money_price, 0.0),
        }
    )
    limited = pl.when(pl.col("budget_cents") < UNLIMITED).then("budget_cents")
    return (
        purchases.drop_nulls("supplier_id")
        .group_by("supplier_id")
        .agg(
            lines=pl.len(),
            units=pl.col("buy_units").sum(),
            purchase_cents=pl.col("cost_cents").sum(),
            lines_saved_cents=pl.col("saved_cents").sum(),
        )
        .join(conditions, on="supplier_id", how="inner")
        .with_columns(budget_cents=limited, saved_cents=pl.col("lines_saved_cents") - pl.col("order_cents"))
        .sort("supplier_id")
        .select(pl.col(name).cast(dtype) for name, dtype in SUPPLIER_ORDERS.schema.items())
    )


def _cents(values: npt.NDArray[np.float64]) -> pl.Series:
    return pl.Series(np.floor(values + 0.5).astype(np.int64))


def _ranked(frame: pl.DataFrame, schema: dict[str, pl.DataType], *names: str) -> pl.DataFrame:
    return (
        frame.sort("saved_per_cent", *names, descending=[True] + [False] * len(names))
        .with_row_index("rank", offset=1)
        .select(pl.col(name).cast(dtype) for name, dtype in schema.items())
    )


def _purchases(stocks: pl.DataFrame, problem: ReplenishmentProblem, found: Replenishment) -> pl.DataFrame:
    frame = stocks.with_columns(
        buy_units=pl.Series(found.bought),
        units_after=pl.Series(found.levels(problem)),
        expected_demand_units=pl.Series(problem.mean),
        saved_cents=_cents(found.bought_saved_cents),
    ).filter(pl.col("buy_units") > 0)
    cost = pl.col("buy_units") * pl.col("price_cents")
    frame = frame.with_columns(
        cost_cents=cost, saved_per_cent=pl.col("saved_cents") / pl.max_horizontal(cost, pl.lit(1))
    )
    return _ranked(frame, REPLENISHMENT.schema, "sku", "warehouse_id")


def _moves(stocks: pl.DataFrame, problem: ReplenishmentProblem, found: Replenishment) -> pl.DataFrame:
    route = problem.warehouse[found.source], problem.warehouse[found.target]
    cost = problem.route_unit_cents[route] * found.moved + problem.route_line_cents[route]
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
