"""Invariant 4: each price is the tariff's and the warehouse's, recomputed line by line, and totals add up."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import polars as pl

from engine.contracts.outputs import SHIPMENT_COSTS
from engine.verify.checks import Check, must, named
from engine.verify.delivery import check_delivery, check_lateness, dispatches, with_deadlines, with_promises
from engine.verify.files import Night
from engine.verify.summary import check_baselines, check_summary
from engine.verify.tariff import (
    applicable_surcharges,
    check_rating,
    check_services,
    check_surcharges,
    with_freight,
    with_service,
    with_zones,
)
from engine.verify.waiting import check_waiting

COSTS: Final = tuple(name for name, _ in SHIPMENT_COSTS)


def check_prices(night: Night) -> Iterator[Check]:
    """Recompute every price of the night.

    Parameters
    ----------
    night
        The run.
    """
    parcels = expected_parcels(night)
    applicable = applicable_surcharges(parcels, night.table("surcharges"))
    yield check_delivery(parcels)
    yield check_rating(parcels)
    yield check_services(parcels, hazards_of(night.table("shipment_lines"), night.table("products")))
    yield check_surcharges(parcels, night.table("shipment_surcharges"), applicable)
    yield check_warehouse_prices(parcels, night.table("cartons"))
    yield check_lateness(parcels, night.settings)
    yield check_totals(parcels)
    yield check_waiting(night)
    yield check_summary(night)
    yield check_baselines(night)


def expected_parcels(night: Night) -> pl.DataFrame:
    """Give the parcels with order, warehouse, zone, service and freight as the input tables have them.

    Parameters
    ----------
    night
        The run.
    """
    orders, warehouses, holidays = night.table("orders"), night.table("warehouses"), night.table("holidays")
    parcels = night.table("shipments").join(
        orders.select(
            "order_id", "placed_at", "service_level", "priority", "ship_country", "ship_postcode",
            order_promised_by="promised_by",
        ),
        on="order_id", how="left", maintain_order="left",
    ).join(
        warehouses.select("warehouse_id", "handling_cents_per_shipment", "pick_cents_per_unit"),
        on="warehouse_id", how="left", maintain_order="left",
    ).join(dispatches(warehouses, holidays, night.as_of), on="warehouse_id", how="left", maintain_order="left")  # fmt: skip
    parcels = with_zones(with_promises(parcels, holidays, night.settings), night.table("zones"))
    parcels = with_deadlines(parcels, holidays)
    return with_freight(with_service(parcels, night.table("services")), night.table("rates"))


def hazards_of(shipment_lines: pl.DataFrame, products: pl.DataFrame) -> pl.DataFrame:
    """Give each hazard class in each parcel.

    Parameters
    ----------
    shipment_lines
        What is in each parcel.
    products
        The articles.
    """
    dangerous = products.select("sku", "hazard_class").drop_nulls()
    joined = shipment_lines.join(dangerous, on="sku", how="inner", maintain_order="left")
    return joined.select("shipment_id", "hazard_class").unique(maintain_order=True)


def check_warehouse_prices(parcels: pl.DataFrame, cartons: pl.DataFrame) -> Check:
    """Carton, handling and picking cost what carton and warehouse say.

    Parameters
    ----------
    parcels
        The parcels with the prices of their warehouse.
    cartons
        The cartons.
    """
    priced = parcels.join(
        cartons.select("carton_id", expected_carton_cents="cost_cents"),
        on="carton_id",
        how="left",
        maintain_order="left",
    ).with_columns(
        expected_handling_cents=pl.col("handling_cents_per_shipment"),
        expected_pick_cents=pl.col("pick_cents_per_unit") * pl.col("units"),
    )
    return named(
        "prices.warehouse",
        *(
            must(
                priced,
                pl.col(name) == pl.col(f"expected_{name}"),
                f"shipment {{shipment_id}}: {name} is {{{name}}}, recomputed {{expected_{name}}}",
            )
            for name in ("carton_cents", "handling_cents", "pick_cents")
        ),
    )


def check_totals(parcels: pl.DataFrame) -> Check:
    """Check that a parcel's total is the sum of its costs.

    Parameters
    ----------
    parcels
        The parcels.
    """
    summed = parcels.with_columns(sum_cents=pl.sum_horizontal(COSTS, ignore_nulls=False))
    return named(
        "prices.totals",
        must(
            summed,
            pl.col("total_cents") == pl.col("sum_cents"),
            "shipment {shipment_id}: total_cents is {total_cents}, its costs sum to {sum_cents}",
        ),
    )
