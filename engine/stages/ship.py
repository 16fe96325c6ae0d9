"""Ship: the parcels of the plan with their contents, placements, prices, tracking numbers and hand-over lists."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from engine.config import Settings
from engine.contracts.floor import MANIFESTS
from engine.contracts.outputs import SHIPMENT_SURCHARGES, SHIPMENTS
from engine.rate_cards import RateCards
from engine.stages.assign import Plan
from engine.stages.quote import Quotes
from engine.stages.tracking import first_serials, tracking_number
from solvers.tariff import Parcels, rate_parcels, surcharge_lines


@dataclass(frozen=True)
class Shipped:
    """What leaves the warehouses, by the contracts of the same names; `serials` is what the tracking numbers used up.

    Parameters
    ----------
    shipments, shipment_lines, shipment_surcharges, placements, manifests
        By their contracts.
    serials
        carrier, first_serial, num_serials.
    """

    shipments: pl.DataFrame
    shipment_lines: pl.DataFrame
    shipment_surcharges: pl.DataFrame
    placements: pl.DataFrame
    manifests: pl.DataFrame
    serials: pl.DataFrame

    def tables(self) -> dict[str, pl.DataFrame]:
        """Give what is published of it, by table."""
        names = ("shipments", "shipment_lines", "shipment_surcharges", "placements", "manifests")
        return {name: getattr(self, name) for name in names}


def ship(plan: Plan, quotes: Quotes, orders: pl.DataFrame, settings: Settings, next_serials: dict[str, int]) -> Shipped:
    """Turn the chosen offers into parcels to send.

    Parameters
    ----------
    plan
        The night's plan.
    quotes
        The offers behind it.
    orders
        Released orders with their promises.
    settings
        Section `carriers`.
    next_serials
        By carrier, the first serial never used; carriers not named start at their setting.
    """
    numbered, serials = _with_tracking(plan.parcels.shipments, settings, next_serials)
    shipments = numbered.select(list(SHIPMENTS.schema)).cast(SHIPMENTS.schema).sort("shipment_id")
    return Shipped(
        shipments,
        plan.parcels.shipment_lines,
        _surcharges(numbered, quotes.cards),
        plan.parcels.placements,
        _manifests(shipments, orders),
        serials,
    )


def _with_tracking(
    parcels: pl.DataFrame, settings: Settings, next_serials: dict[str, int]
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Give the parcels numbers, those of each carrier in the order of their ids, from the first serial never used."""
    ordered = parcels.sort("carrier", "shipment_id")
    numbers: list[str] = []
    synthetic: list[bool] = []
    used: list[tuple[str, int, int]] = []
    parcels_of = dict(ordered.group_by("carrier", maintain_order=True).len().iter_rows())
    firsts = first_serials(parcels_of, settings, next_serials)
    for carrier, count in parcels_of.items():
        rule, first = settings.carrier(carrier), firsts[carrier]
        numbers += [tracking_number(rule, serial) for serial in range(first, first + count)]
        synthetic += [rule.is_synthetic] * count
        used.append((carrier, first, count))
    serials = pl.DataFrame(
        used, schema={"carrier": pl.String, "first_serial": pl.Int64, "num_serials": pl.Int64}, orient="row"
    )
    tracked = ordered.with_columns(
        tracking_number=pl.Series(numbers, dtype=pl.String),
        tracking_is_synthetic=pl.Series(synthetic, dtype=pl.Boolean),
    )
    return tracked, serials


def _surcharges(parcels: pl.DataFrame, cards: RateCards) -> pl.DataFrame:
    """Itemise the surcharges of every parcel."""
    sizes = Parcels(
        *(parcels[name].to_numpy() for name in ("outer_length_mm", "outer_width_mm", "outer_height_mm", "weight_g"))
    )
    service, group, added = (parcels[name].to_numpy() for name in ("service", "rate_group", "surcharge_set"))
    tariff = cards.tariff
    itemised = surcharge_lines(tariff, sizes, group, added, rate_parcels(tariff, sizes, service, group, added))
    names = pl.Series(cards.surcharge_ids, dtype=pl.String)
    frame = pl.DataFrame(
        {
            "shipment_id": parcels["shipment_id"].gather(itemised.request),
            "surcharge_id": names.gather(itemised.surcharge),
            "cents": itemised.amount_cents,
        }
    )
    return (
        frame.select(list(SHIPMENT_SURCHARGES.schema))
        .cast(SHIPMENT_SURCHARGES.schema)
        .sort("shipment_id", "surcharge_id")
    )


def _manifests(shipments: pl.DataFrame, orders: pl.DataFrame) -> pl.DataFrame:
    """List the parcels of each hand-over: one carrier, one warehouse, one dispatch."""
    to = orders.select("order_id", "ship_country", "ship_postcode")
    hand_over = ["carrier", "warehouse_id", "dispatch_at"]
    day = pl.col("dispatch_at").dt.strftime("%Y%m%dT%H%MZ")
    return (
        shipments.join(to, on="order_id", maintain_order="left")
        .sort(*hand_over, "shipment_id")
        .with_columns(
            manifest_id=pl.format("{}-{}-{}", "carrier", "warehouse_id", day),
            position=pl.int_range(1, pl.len() + 1).over(hand_over),
        )
        .select(list(MANIFESTS.schema))
        .cast(MANIFESTS.schema)
    )
