"""Lanes and offers against a rating in plain Python, row by row of the tables."""

from __future__ import annotations

import math
from collections import Counter
from datetime import date, datetime, timedelta
from typing import Any

import polars as pl
import pytest

from engine.assignment.limits import available_stock
from engine.contracts.outputs import SHIPMENT_COSTS
from engine.working_days import delivery_deadline, local_date, next_dispatch

SEEDS = range(10)
Row = dict[str, Any]
DAY = timedelta(days=1)


class PlainRating:
    """What every service would charge, by the words of the contracts."""

    def __init__(self, night) -> None:
        self.tables = {name: frame.to_dicts() for name, frame in night.inputs.frames().items()}
        self.orders = {row["order_id"]: row for row in night.received.orders.iter_rows(named=True)}
        self.settings, self.as_of = night.settings, night.as_of

    def warehouse(self, name: str) -> Row:
        return next(row for row in self.tables["warehouses"] if row["warehouse_id"] == name)

    def dispatch(self, warehouse: str) -> tuple[datetime, date]:
        place = self.warehouse(warehouse)
        at = next_dispatch(self.as_of, place["cutoff"], place["timezone"])
        return at, local_date(at, place["timezone"])

    def valid(self, table: str, day: date, **of: Any) -> list[Row]:
        """The latest version of every row that is valid on the day."""
        keys = {"services": ["service_id"], "rates": ["up_to_g"], "surcharges": ["surcharge_id"]}[table]
        found: dict[tuple[Any, ...], Row] = {}
        for row in sorted(self.tables[table], key=lambda row: row["valid_from"]):
            is_valid = row["valid_from"] <= day and (row["valid_to"] is None or day <= row["valid_to"])
            if is_valid and all(row[name] == value for name, value in of.items()):
                found[tuple(row[name] for name in keys)] = row
        return list(found.values())

    def zone(self, service: str, warehouse: str, order: Row) -> Row | None:
        matches = [
            row
            for row in self.tables["zones"]
            if (row["service_id"], row["warehouse_id"], row["dest_country"])
            == (service, warehouse, order["ship_country"])
            and order["ship_postcode"].startswith(row["dest_postcode_prefix"])
        ]
        return max(matches, key=lambda row: len(row["dest_postcode_prefix"]), default=None)

    def choices(self, order_id: str, warehouse: str, parcel: Row, hazards: set[str]) -> list[Row]:
        """Every service that takes the parcel, with its price."""
        order = self.orders[order_id]
        at, day = self.dispatch(warehouse)
        found = []
        for service in self.valid("services", day):
            zone = self.zone(service["service_id"], warehouse, order)
            if zone is None or not hazards <= set((service["hazard_classes"] or "").split()):
                continue
            price = self.price(service, zone["zone"], day, parcel)
            if price is None:
                continue
            deliver_by = delivery_deadline(at, zone["transit_days"], self.warehouse(warehouse)["timezone"])
            late = max(math.ceil((deliver_by - order["promised_by"]) / DAY), 0)
            a_day = getattr(self.settings.costs, f"late_cents_per_day_{order['service_level']}")
            factor = 1 + self.settings.costs.priority_share * order["priority"]
            found.append(
                {"service_id": service["service_id"], "preference": service["preference"], "deliver_by": deliver_by}
                | {"zone": zone["zone"], "lateness_cents": math.floor(late * a_day * factor + 0.5), **price}
            )
        return found

    def price(self, service: Row, zone: int, day: date, parcel: Row) -> Row | None:
        shortest, second, longest = sorted(parcel[f"outer_{side}_mm"] for side in ("length", "width", "height"))
        girth, volume_mm3, weight = longest + 2 * (second + shortest), shortest * second * longest, parcel["weight_g"]
        limit = service["max_length_plus_girth_mm"]
        if weight > service["max_weight_g"] or longest > service["max_length_mm"] or (limit and girth > limit):
            return None
        divisor = service["dim_divisor_cm3_per_kg"]
        if divisor and volume_mm3 > 1_000 * service["dim_from_cm3"]:
            weight = max(weight, math.ceil(volume_mm3 / divisor))
        billable = math.ceil(weight / service["weight_step_g"]) * service["weight_step_g"]
        breaks = self.valid("rates", day, service_id=service["service_id"], zone=zone)
        carrying = [row for row in breaks if row["up_to_g"] >= billable]
        if not carrying:
            return None
        freight = min(carrying, key=lambda row: row["up_to_g"])["price_cents"]
        values = {"always": math.inf, "weight_g": parcel["weight_g"], "billable_g": billable, "longest_mm": longest} | {
            "second_longest_mm": second,
            "length_plus_girth_mm": girth,
            "volume_cm3": volume_mm3 / 1_000,
            "zone": zone,
        }
        rules = self.valid("surcharges", day, service_id=service["service_id"])
        applies = [row for row in rules if values[row["trigger"]] > (row["threshold"] or 0)]
        groups: dict[str, Row] = {}
        for row in applies:
            group = row["group"] or f"alone {row['surcharge_id']}"
            if group not in groups or row["amount"] > groups[group]["amount"]:
                groups[group] = row
        flat = sum(row["amount"] for row in groups.values() if row["basis"] == "flat")
        per_cent = [row["amount"] for row in groups.values() if row["basis"] == "per_cent"]
        added = flat + sum(((freight + flat) * share + 5_000) // 10_000 for share in per_cent)
        return {"freight_cents": freight, "surcharge_cents": added, "billable_g": billable}


def hazards_in(night, parcel: int) -> set[str]:
    skus = night.quotes.packed.placements.filter(pl.col("parcel") == parcel)["sku"].unique()
    classes = night.inputs.products.filter(pl.col("sku").is_in(skus.implode()))["hazard_class"]
    return set(classes.drop_nulls())


def parcels_of_offers(night) -> list[Row]:
    offers = night.quotes.offers.with_row_index("offer").cast({"offer": pl.Int64})
    lanes = night.quotes.lanes.with_row_index("lane").cast({"lane": pl.Int64})
    return (
        night.quotes.offer_parcels.join(offers.select("offer", "order_id", "warehouse_id"), on="offer")
        .join(lanes.select("lane", "service_id", "zone", "deliver_by"), on="lane")
        .join(night.quotes.packed.parcels.drop("hazard_class"), on="parcel")
        .to_dicts()
    )


@pytest.mark.parametrize("seed", SEEDS)
def test_every_parcel_of_an_offer_goes_by_the_cheapest_service_that_takes_it(tiny_night, seed):
    night = tiny_night(seed)
    rating = PlainRating(night)
    parcels = parcels_of_offers(night)
    assert parcels
    for parcel in parcels:
        choices = rating.choices(
            parcel["order_id"], parcel["warehouse_id"], parcel, hazards_in(night, parcel["parcel"])
        )
        best = min(
            choices,
            key=lambda row: (
                row["freight_cents"] + row["surcharge_cents"] + row["lateness_cents"],
                row["preference"],
            ),
        )
        assert {name: parcel[name] for name in best if name != "preference"} == {
            name: value for name, value in best.items() if name != "preference"
        }


@pytest.mark.parametrize("seed", SEEDS)
def test_an_offer_costs_the_sum_of_its_parcels_and_of_the_warehouse_s_work(tiny_night, seed):
    night = tiny_night(seed)
    offers, rating = night.quotes.offers, PlainRating(night)
    components = [*(name for name, _ in SHIPMENT_COSTS), "lateness_cents"]
    assert (offers["cost_cents"] == offers.select(pl.sum_horizontal(components)).to_series()).all()
    parcels = parcels_of_offers(night)
    units = pieces_by_offer(night)
    for number, offer in enumerate(offers.iter_rows(named=True)):
        own = [parcel for parcel in parcels if parcel["offer"] == number]
        place = rating.warehouse(offer["warehouse_id"])
        assert offer["shipments"] == len(own) > 0
        assert offer["handling_cents"] == len(own) * place["handling_cents_per_shipment"]
        assert (
            offer["pick_cents"]
            == units[number] * place["pick_cents_per_unit"]
            == sum(parcel["units"] for parcel in own) * place["pick_cents_per_unit"]
        )
        for name in ("freight_cents", "surcharge_cents", "carton_cents", "protection_cents", "lateness_cents"):
            assert offer[name] == sum(parcel[name] for parcel in own)


def pieces_by_offer(night) -> list[int]:
    pieces = {
        (row["order_id"], row["piece_number"]): row["quantity"] for row in night.quotes.pieces.iter_rows(named=True)
    }
    return [
        sum(pieces[(offer["order_id"], bit)] for bit in range(62) if offer["pieces"] >> bit & 1)
        for offer in night.quotes.offers.iter_rows(named=True)
    ]


@pytest.mark.parametrize("seed", SEEDS)
def test_the_parcels_of_an_offer_hold_exactly_its_pieces(tiny_night, seed):
    night = tiny_night(seed)
    inside = {
        parcel: Counter(dict(rows.group_by("sku").len().iter_rows()))
        for (parcel,), rows in night.quotes.packed.placements.group_by("parcel")
    }
    pieces = night.quotes.pieces.to_dicts()
    for number, offer in enumerate(night.quotes.offers.iter_rows(named=True)):
        expected: Counter[str] = Counter()
        for row in pieces:
            if row["order_id"] == offer["order_id"] and offer["pieces"] >> row["piece_number"] & 1:
                expected[row["sku"]] += row["quantity"]
        packed: Counter[str] = Counter()
        for parcel in night.quotes.offer_parcels.filter(pl.col("offer") == number)["parcel"]:
            packed += inside[parcel]
        assert packed == expected


@pytest.mark.parametrize("seed", SEEDS)
def test_every_warehouse_that_holds_a_piece_and_can_send_it_offers_it(tiny_night, seed):
    """And a piece that nobody offers says why."""
    night = tiny_night(seed)
    held = {
        (row["warehouse_id"], row["sku"]): row["available"]
        for row in available_stock(night.inputs.stock, night.inputs.stock_reserves).to_dicts()
    }
    offered = {
        (offer["order_id"], bit, offer["warehouse_id"])
        for offer in night.quotes.offers.iter_rows(named=True)
        for bit in range(62)
        if offer["pieces"] == 1 << bit
    }
    reaches = {
        (row["ship_country"], row["area"], row["warehouse_id"]) for row in night.quotes.lanes.iter_rows(named=True)
    }
    orders = {row["order_id"]: row for row in night.received.orders.iter_rows(named=True)}
    for piece in night.quotes.pieces.iter_rows(named=True):
        places = [name for name, sku in held if sku == piece["sku"] and held[(name, sku)] >= piece["quantity"]]
        offering = [place for place in places if (piece["order_id"], piece["piece_number"], place) in offered]
        order = orders[piece["order_id"]]
        reached = [place for place in places if (order["ship_country"], order["ship_postcode"][:3], place) in reaches]
        assert set(offering) <= set(reached)
        assert (piece["blocked"] is None) == bool(offering)
        assert (piece["blocked"] == "no warehouse has it in stock") == (not places)
        if places and not reached:
            assert piece["blocked"] == "no carrier's service takes it to this destination"


def test_a_hazard_that_no_service_accepts_is_not_offered(tiny_tables, plan_tables, tiny_settings):
    tables = tiny_tables(1)
    tables["products"] = tables["products"].with_columns(hazard_class=pl.lit("9"))
    night = plan_tables(tables, tiny_settings)
    assert night.quotes.offers.is_empty()
    assert night.plan.backorders["quantity"].sum() == night.received.order_lines["quantity"].sum()
    reasons = set(night.plan.backorders["reason"])
    assert reasons <= {
        "no carrier's service takes it to this destination",
        "no warehouse has it in stock",
        "goes into no carton",
    }


def test_a_postcode_shorter_than_every_prefix_falls_back_to_the_country(tiny_tables, plan_tables, tiny_settings):
    tables = tiny_tables(2)
    tables["zones"] = tables["zones"].filter(pl.col("dest_postcode_prefix").is_in(["", "101"]))
    tables["orders"] = tables["orders"].with_columns(ship_postcode=pl.lit("10"))
    lanes = plan_tables(tables, tiny_settings).quotes.lanes
    whole = tables["zones"].filter(pl.col("dest_postcode_prefix") == "").select("service_id", "warehouse_id", "zone")
    assert lanes.height
    assert lanes.join(whole, on=["service_id", "warehouse_id", "zone"], how="anti").is_empty()


def test_a_night_without_zones_or_rates_offers_nothing_and_says_so(tiny_tables, plan_tables, tiny_settings):
    for missing in ("zones", "rates", "services"):
        tables = tiny_tables(3)
        tables[missing] = tables[missing].clear()
        night = plan_tables(tables, tiny_settings)
        assert night.quotes.offers.is_empty()
        assert night.plan.outcome.cost == night.plan.outcome.bound == night.plan.backorders["cost_cents"].sum()


def test_no_orders_give_no_offers(tiny_tables, plan_tables, tiny_settings):
    tables = tiny_tables(3)
    tables |= {name: tables[name].clear() for name in ("orders", "order_lines")}
    night = plan_tables(tables, tiny_settings)
    assert night.quotes.offers.is_empty()
    assert night.plan.parcels.shipments.is_empty()
    assert night.plan.outcome.cost == 0


def test_the_order_of_orders_and_lines_does_not_matter(tiny_tables, plan_tables, tiny_night, tiny_settings):
    tables = tiny_tables(4)
    for name in ("orders", "order_lines", "stock", "zones", "rates", "surcharges", "services", "inbound"):
        tables[name] = tables[name].sample(fraction=1, shuffle=True, seed=2)
    shuffled, night = plan_tables(tables, tiny_settings), tiny_night(4)
    assert shuffled.quotes.offers.equals(night.quotes.offers)
    assert shuffled.quotes.offer_parcels.equals(night.quotes.offer_parcels)
    assert shuffled.plan.offers.equals(night.plan.offers)
