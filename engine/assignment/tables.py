"""The night's tables as the assignment solver takes them, and its prices back as a table."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from engine.assignment.limits import available_stock, capacity_limits, carton_limits, pickup_limits
from engine.config import Settings
from engine.contracts.outputs import BOUND_PREMIUMS, BOUND_PRICES, SHADOW_PRICES
from engine.inputs import Inputs
from solvers.assignment import (
    MILLICENTS,
    UNLIMITED_SHIPMENTS,
    UNLIMITED_UNITS,
    AssignmentProblem,
    Charges,
    Prices,
)

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

PRICED: Final = ["warehouse_id", "sku", "carton_id", "carrier"]
"""What names a limit: warehouse and article, warehouse alone, carton alone, or warehouse and carrier."""


def assignment_problem(
    orders: pl.DataFrame,
    pieces: pl.DataFrame,
    offers: pl.DataFrame,
    offer_cartons: pl.DataFrame,
    offer_pickups: pl.DataFrame,
    inputs: Inputs,
    settings: Settings,
    as_of: datetime,
) -> AssignmentProblem:
    """Turn the night's tables into what the solver takes: orders, warehouses and articles by position.

    Its resources are the counted cartons, then the limited pickups, in the order of `resources`.

    Parameters
    ----------
    orders
        Released orders; those of the problem stand by `order_id`.
    pieces, offers, offer_cartons, offer_pickups
        By their contracts, all of these orders; offers may lack `is_chosen`.
    inputs
        Tables stock, stock_reserves, warehouses, products, cartons, pickups, past_shipments, holidays.
    settings
        Section `costs`.
    as_of
        The night.
    """
    orders = orders.sort("order_id")
    warehouses, skus = inputs.warehouses["warehouse_id"], inputs.products["sku"]
    stock = available_stock(inputs.stock, inputs.stock_reserves)
    units = np.zeros((len(warehouses), len(skus)), np.int64)
    units[positions(stock["warehouse_id"], warehouses), positions(stock["sku"], skus)] = stock["available"].to_numpy()
    shared = resources(inputs, as_of)
    uses = _uses(offers, offer_cartons, offer_pickups, shared)
    return AssignmentProblem(
        piece_start=_starts(orders["order_id"], pieces["order_id"]),
        piece_sku=positions(pieces["sku"], skus).astype(np.int32),
        piece_quantity=pieces["quantity"].to_numpy(),
        piece_backorder_cents=pieces["backorder_cents"].to_numpy(),
        option_start=_starts(orders["order_id"], offers["order_id"]),
        option_warehouse=positions(offers["warehouse_id"], warehouses).astype(np.int32),
        option_mask=offers["pieces"].to_numpy(),
        option_cents=offers["cost_cents"].to_numpy(),
        option_parcels=offers["shipments"].to_numpy().astype(np.int32),
        max_shipments=orders["max_shipments"].fill_null(UNLIMITED_SHIPMENTS).to_numpy().astype(np.int32),
        split_cents=settings.costs.split_cents,
        stock_units=units,
        capacity_units=capacity_limits(inputs, as_of).fill_null(UNLIMITED_UNITS).to_numpy(),
        option_resource_start=np.searchsorted(uses["at"].to_numpy(), np.arange(offers.height + 1)),
        option_resource=uses["resource"].to_numpy().astype(np.int32),
        option_resource_amount=uses["quantity"].to_numpy(),
        resource_limit=shared["limit"].to_numpy(),
    )


def without_limits(problem: AssignmentProblem, orders: Flags, options: Flags, option_cents: Ints) -> AssignmentProblem:
    """Give the problem of some orders and some of their options, at other costs, in which nothing is short.

    Parameters
    ----------
    problem
        The problem.
    orders, options
        Shapes (num_orders,), (num_options,): what is kept; options of orders that are not kept go with them.
    option_cents
        Shape (num_options,): what each option costs instead.
    """
    options = options & orders[problem.order_of_option]
    pieces = orders[problem.order_of_piece]
    per_order = np.bincount(problem.order_of_option[options], minlength=problem.num_orders)[orders]
    return AssignmentProblem(
        piece_start=np.concatenate(([0], np.cumsum(np.diff(problem.piece_start)[orders]))),
        piece_sku=np.zeros(int(pieces.sum()), np.int32),
        piece_quantity=np.ones(int(pieces.sum()), np.int64),
        piece_backorder_cents=problem.piece_backorder_cents[pieces],
        option_start=np.concatenate(([0], np.cumsum(per_order))),
        option_warehouse=problem.option_warehouse[options],
        option_mask=problem.option_mask[options],
        option_cents=option_cents[options],
        option_parcels=problem.option_parcels[options],
        max_shipments=problem.max_shipments[orders],
        split_cents=problem.split_cents,
        stock_units=np.full((problem.num_warehouses, 1), UNLIMITED_UNITS),
        capacity_units=np.full(problem.num_warehouses, UNLIMITED_UNITS),
    )


def resources(inputs: Inputs, as_of: datetime) -> pl.DataFrame:
    """Give warehouse_id, carton_id, carrier, limit, resource (position): the counted cartons, then the limited pickups."""
    none = pl.lit(None, pl.String)
    cartons = carton_limits(inputs.cartons).select(
        none.alias("warehouse_id"), "carton_id", none.alias("carrier"), "limit"
    )
    pickups = pickup_limits(inputs, as_of).select("warehouse_id", none.alias("carton_id"), "carrier", "limit")
    return pl.concat([cartons, pickups]).with_columns(resource=pl.int_range(pl.len(), dtype=pl.Int64))


def _uses(
    offers: pl.DataFrame, offer_cartons: pl.DataFrame, offer_pickups: pl.DataFrame, shared: pl.DataFrame
) -> pl.DataFrame:
    """Give at (row in offers), resource, quantity, sorted by both."""
    offer = ["order_id", "offer_number"]
    position = offers.select(*offer, "warehouse_id", pl.row_index("at").cast(pl.Int64))
    of_carton = shared.filter(pl.col("carton_id").is_not_null()).select("carton_id", "resource")
    of_pickup = shared.filter(pl.col("carrier").is_not_null()).select("warehouse_id", "carrier", "resource")
    cartons = offer_cartons.join(position, on=offer).join(of_carton, on="carton_id")
    pickups = offer_pickups.join(position, on=offer).join(of_pickup, on=["warehouse_id", "carrier"])
    both = pl.concat([frame.select("at", "resource", "quantity") for frame in (cartons, pickups)])
    return both.sort("at", "resource")


def positions(values: pl.Series, among: pl.Series) -> Ints:
    """Give the position of each value among distinct ones."""
    places = pl.DataFrame({"value": among, "at": np.arange(len(among), dtype=np.int64)})
    found = pl.DataFrame({"value": values}).join(places, on="value", how="left", maintain_order="left")
    return found["at"].to_numpy().astype(np.int64)


def _starts(owners: pl.Series, rows: pl.Series) -> Ints:
    """Give where the rows of each owner begin, rows being grouped in the owners' order."""
    counts = pl.DataFrame({"id": owners}).join(
        rows.rename("id").to_frame().group_by("id").len(), on="id", how="left", maintain_order="left"
    )
    return np.concatenate(([0], np.cumsum(counts["len"].fill_null(0).to_numpy()))).astype(np.int64)


def prices_table(prices: Prices, inputs: Inputs, as_of: datetime) -> pl.DataFrame:
    """List the prices above zero of stock, capacity, cartons and pickups, by contract `shadow_prices`."""
    listed = _listed(prices, inputs, as_of).with_columns(cents_per_unit=pl.col("millicents_per_unit") / MILLICENTS)
    return listed.select(list(SHADOW_PRICES.schema)).cast(SHADOW_PRICES.schema)


def bound_prices_table(charges: Charges, inputs: Inputs, as_of: datetime) -> pl.DataFrame:
    """List what every unit pays in the proof of the bound, by contract `bound_prices`."""
    return _listed(charges.prices, inputs, as_of).select(list(BOUND_PRICES.schema)).cast(BOUND_PRICES.schema)


def bound_premiums_table(charges: Charges, pieces: pl.DataFrame, inputs: Inputs) -> pl.DataFrame:
    """List what pieces pay beyond their units in the proof of the bound, by contract `bound_premiums`."""
    names = inputs.warehouses["warehouse_id"]
    paid = pieces[charges.premium_piece].select(
        "order_id",
        "piece_number",
        names.gather(charges.premium_warehouse),
        millicents=pl.Series(charges.premium_millicents),
    )
    return paid.sort(BOUND_PREMIUMS.key).cast(BOUND_PREMIUMS.schema)


def _listed(prices: Prices, inputs: Inputs, as_of: datetime) -> pl.DataFrame:
    """List the prices above zero with what they stand on, sorted."""
    warehouse, sku = np.nonzero(prices.stock_millicents)
    full, scarce = np.flatnonzero(prices.capacity_millicents), np.flatnonzero(prices.resource_millicents)
    names = inputs.warehouses["warehouse_id"]
    frames = [
        BOUND_PRICES.empty(),
        pl.DataFrame(
            {
                "warehouse_id": names.gather(warehouse),
                "sku": inputs.products["sku"].gather(sku),
                "millicents_per_unit": prices.stock_millicents[warehouse, sku],
            }
        ),
        pl.DataFrame({"warehouse_id": names.gather(full), "millicents_per_unit": prices.capacity_millicents[full]}),
        resources(inputs, as_of)[scarce]
        .select("warehouse_id", "carton_id", "carrier")
        .with_columns(millicents_per_unit=pl.Series(prices.resource_millicents[scarce])),
    ]
    return pl.concat(frames, how="diagonal").sort(PRICED, nulls_last=True)


def prices_from(table: pl.DataFrame, inputs: Inputs, as_of: datetime) -> Prices | None:
    """Give listed prices by position, as far as tonight still has what they stand on; None where nothing of them is left.

    Parameters
    ----------
    table
        Columns of contract `past_prices`.
    inputs
        Tonight's tables.
    as_of
        The night.
    """
    warehouses, skus = inputs.warehouses["warehouse_id"], inputs.products["sku"]
    shared = resources(inputs, as_of)
    stock = np.zeros((len(warehouses), len(skus)), np.int64)
    capacity, resource = np.zeros(len(warehouses), np.int64), np.zeros(shared.height, np.int64)
    is_limited = capacity_limits(inputs, as_of).is_not_null().to_numpy()
    known = table.with_columns(
        warehouse=pl.Series(_found(table["warehouse_id"], warehouses)), article=pl.Series(_found(table["sku"], skus))
    )
    of_stock = known.filter((pl.col("warehouse") >= 0) & (pl.col("article") >= 0))
    cells = of_stock["warehouse"].to_numpy(), of_stock["article"].to_numpy()
    np.maximum.at(stock, cells, of_stock["millicents_per_unit"].to_numpy())
    of_capacity = known.filter(
        (pl.col("warehouse") >= 0) & pl.all_horizontal(pl.col("sku", "carton_id", "carrier").is_null())
    )
    np.maximum.at(capacity, of_capacity["warehouse"].to_numpy(), of_capacity["millicents_per_unit"].to_numpy())
    of_resource = table.join(shared, on=["warehouse_id", "carton_id", "carrier"], nulls_equal=True)
    np.maximum.at(resource, of_resource["resource"].to_numpy(), of_resource["millicents_per_unit"].to_numpy())
    prices = Prices(stock, np.where(is_limited, capacity, 0), resource)
    is_any = stock.any() or prices.capacity_millicents.any() or resource.any()
    return prices if is_any else None


def _found(values: pl.Series, among: pl.Series) -> Ints:
    """Give the position of each value, -1 where there is none."""
    places = pl.DataFrame({"value": among, "at": np.arange(len(among), dtype=np.int64)})
    found = pl.DataFrame({"value": values}).join(places, on="value", how="left", maintain_order="left")
    return found["at"].fill_null(-1).to_numpy()
