"""Parcelling: from the chosen offers to parcels, what is in each and where it lies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import polars as pl

from engine.contracts.outputs import PLACEMENTS, SHIPMENT_COSTS, SHIPMENT_LINES
from engine.inputs import Inputs
from engine.stages.quote import Quotes
from engine.stages.quote.lanes import days_late

_MONEY: Final = [name for name, _ in SHIPMENT_COSTS]


@dataclass(frozen=True)
class ParcelPlan:
    """The parcels of the plan before they are numbered by the carriers.

    Parameters
    ----------
    shipments
        Contract `shipments` without tracking numbers, and for itemising the price: service, rate_group, surcharge_set
        (positions in the tariff).
    shipment_lines, placements
        By their contracts.
    """

    shipments: pl.DataFrame
    shipment_lines: pl.DataFrame
    placements: pl.DataFrame


def parcel_plan(offers: pl.DataFrame, quotes: Quotes, orders: pl.DataFrame, inputs: Inputs) -> ParcelPlan:
    """Turn the chosen offers into parcels.

    Parameters
    ----------
    offers
        Contract `offers`.
    quotes
        What the offers stand for.
    orders
        Released orders with their promises.
    inputs
        Table warehouses.
    """
    shipments = _chosen_parcels(offers, quotes, orders, inputs)
    placements, lines = _contents(shipments, offers, quotes)
    return ParcelPlan(shipments, lines, placements)


def _chosen_parcels(offers: pl.DataFrame, quotes: Quotes, orders: pl.DataFrame, inputs: Inputs) -> pl.DataFrame:
    """Give one row a parcel with all that is known of it but its tracking number."""
    chosen = offers.with_columns(pl.row_index("offer").cast(pl.Int64)).filter("is_chosen")
    rates = inputs.warehouses.select("warehouse_id", "handling_cents_per_shipment", "pick_cents_per_unit")
    lanes = quotes.lanes.select(
        "service_id",
        "service",
        "rate_group",
        "surcharge_set",
        "zone",
        "deliver_by",
        "dispatch_at",
        "carrier",
        pl.row_index("lane").cast(pl.Int64),
    )
    rows = (
        quotes.offer_parcels.join(chosen.select("offer", "order_id", "warehouse_id"), on="offer", maintain_order="left")
        .join(quotes.packed.parcels, on="parcel", maintain_order="left")
        .join(lanes, on="lane", maintain_order="left")
        .join(
            orders.select("order_id", "promised_by", "ship_country", "ship_postcode"),
            on="order_id",
            maintain_order="left",
        )
        .join(rates, on="warehouse_id", maintain_order="left")
        .join(_last_numbers(inputs.past_shipments), on="order_id", how="left", maintain_order="left")
        .sort("order_id", "warehouse_id", "offer", "parcel", maintain_order=True)
    )
    late = days_late()
    number = pl.int_range(1, pl.len() + 1).over("order_id") + pl.col("last_number").fill_null(0)
    return (
        rows.with_columns(number=number)
        .with_columns(
            shipment_id=pl.format("{}-{}", "order_id", pl.col("number")),
            handling_cents=pl.col("handling_cents_per_shipment"),
            pick_cents=pl.col("pick_cents_per_unit") * pl.col("units"),
            days_late=late,
            is_late=late > 0,
        )
        .with_columns(total_cents=pl.sum_horizontal(_MONEY))
    )


def _last_numbers(past_shipments: pl.DataFrame) -> pl.DataFrame:
    """Give the highest number that earlier nights gave a parcel of each order, so that no parcel is named twice."""
    own = pl.col("shipment_id").str.strip_prefix(pl.col("order_id")).str.extract(r"^-(\d{1,9})$").cast(pl.Int64)
    return past_shipments.group_by("order_id").agg(last_number=own.max())


def _contents(parcels: pl.DataFrame, offers: pl.DataFrame, quotes: Quotes) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Give placements and lines; units of one article and set in one offer go to its lines in their order."""
    carried = _carried_pieces(offers, quotes)
    unit = ["offer", "sku", "mark"]
    units = (
        carried.select(*unit, "line_number", pl.int_ranges(0, "quantity").alias("unit"))
        .explode("unit")
        .sort(*unit, "line_number", maintain_order=True)
        .with_columns(pl.int_range(pl.len()).over(unit).alias("unit"))
    )
    placed = (
        parcels.select("offer", "parcel", "shipment_id", "order_id")
        .join(quotes.packed.placements, on="parcel", maintain_order="left_right")
        .sort("offer", "shipment_id", "step", maintain_order=True)
        .with_columns(pl.int_range(pl.len()).over(unit).alias("unit"))
        .join(units, on=[*unit, "unit"], how="left", maintain_order="left")
        .with_columns(pl.col("step").alias("item_number"))
        .sort("shipment_id", "item_number")
    )
    lines = (
        placed.group_by("shipment_id", "order_id", "line_number", "sku")
        .len("quantity")
        .sort("shipment_id", "line_number")
    )
    return (
        placed.select(list(PLACEMENTS.schema)).cast(PLACEMENTS.schema),
        lines.select(list(SHIPMENT_LINES.schema)).cast(SHIPMENT_LINES.schema),
    )


def _carried_pieces(offers: pl.DataFrame, quotes: Quotes) -> pl.DataFrame:
    """Give offer, sku, mark, line_number, quantity of the pieces in the chosen offers."""
    chosen = offers.select("order_id", "pieces", "is_chosen", pl.row_index("offer").cast(pl.Int64)).filter("is_chosen")
    joined = chosen.join(quotes.pieces, on="order_id", maintain_order="left_right")
    bit = pl.lit(2, pl.Int64).pow(pl.col("piece_number")).cast(pl.Int64)
    return joined.filter((pl.col("pieces") & bit) != 0).select("offer", "sku", "mark", "line_number", "quantity")
