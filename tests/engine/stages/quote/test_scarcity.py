"""What offers do without: of scarce carriers and cartons, every way that a plan could need is among the offers."""

from __future__ import annotations

from itertools import product

import polars as pl
import pytest

from engine.contracts import TABLES
from engine.stages.quote.scarcity import gone_without

KEY = ["order_id", "warehouse_id", "pieces", "cost_cents"]
BULKY = {"length_mm": 270, "width_mm": 260, "height_mm": 250}


def limited_to(place: str, carrier: str) -> pl.DataFrame:
    row = {"warehouse_id": place, "carrier": carrier, "daily_shipments": 2}
    return pl.DataFrame([row], schema=TABLES["pickups"].schema, orient="row")


@pytest.fixture
def bulky(tiny_tables):
    """Tables of nights whose only carton takes one article, so that an order takes as many parcels as it has units."""

    def give(seed: int) -> dict[str, pl.DataFrame]:
        tables = tiny_tables(seed, orders=5, stock=9)
        sizes = [pl.lit(value, tables["products"].schema[name]).alias(name) for name, value in BULKY.items()]
        cartons = tables["cartons"].filter(carton_id="MEDIUM")
        return tables | {"products": tables["products"].with_columns(sizes), "cartons": cartons}

    return give


def parcels_of(quotes) -> dict[tuple[str, str, int], list[tuple[str, int]]]:
    """Carrier and service price of every parcel of an offer, in the parcels' order; one offer for each set and place."""
    carrier = quotes.lanes["carrier"].to_list()
    offers = quotes.offers.to_dicts()
    found: dict[tuple[str, str, int], list[tuple[str, int]]] = {}
    for row in quotes.offer_parcels.iter_rows(named=True):
        offer = offers[row["offer"]]
        cents = row["freight_cents"] + row["surcharge_cents"] + row["lateness_cents"]
        found.setdefault((offer["order_id"], offer["warehouse_id"], offer["pieces"]), []).append(
            (carrier[row["lane"]], cents)
        )
    return found


@pytest.mark.parametrize("carrier", ["post", "speedy"])
def test_of_one_limited_carrier_the_cheapest_way_for_every_number_of_its_parcels_is_offered(
    carrier, bulky, plan_tables, tiny_settings
):
    mixed = 0
    for seed in range(3):
        tables = bulky(seed)
        ours = tables["services"].filter(carrier=carrier)["service_id"]
        gone = tables["zones"].filter((pl.col("warehouse_id") == "BER") & pl.col("service_id").is_in(ours.implode()))
        without = tables | {"zones": tables["zones"].join(gone, on=TABLES["zones"].key, how="anti")}
        limited = plan_tables(tables | {"pickups": limited_to("BER", carrier)}, tiny_settings).quotes
        handed = limited.offers.join(limited.offer_pickups, on=["order_id", "offer_number"], how="left")
        assert handed.select("order_id", "warehouse_id", "pieces", "cost_cents", "quantity").is_unique().all()
        plain, other = (parcels_of(plan_tables(given, tiny_settings).quotes) for given in (tables, without))
        listed = {
            key: {
                row["quantity"] or 0: row["cost_cents"] for row in rows.sort("cost_cents", descending=True).to_dicts()
            }
            for key, rows in handed.filter(warehouse_id="BER").group_by("order_id", "warehouse_id", "pieces")
        }
        for key, offered in listed.items():
            parcels = plain[key]
            base = offered[sum(name == carrier for name, _ in parcels)] - sum(cents for _, cents in parcels)
            best: dict[int, int] = {}
            for choice in product(*([one, two] for one, two in zip(parcels, other.get(key, parcels), strict=True))):
                kept = sum(name == carrier for name, _ in choice)
                best[kept] = min(best.get(kept, 10**9), base + sum(cents for _, cents in choice))
            # Where nobody else takes one of the parcels, the others may still go without.
            assert offered == best if key in other else best.items() <= offered.items()
            mixed += len(best) > 2
    assert mixed


def test_offers_without_a_counted_carton_are_those_of_a_night_without_it(tiny_tables, plan_tables, tiny_settings):
    """So an order may take another counted carton where one is wanted more elsewhere."""
    other = 0
    for seed in range(4):
        tables = tiny_tables(seed, orders=6, stock=6)
        cartons, free = tables["cartons"], pl.lit(None, pl.Int64)
        few = plan_tables(tables, tiny_settings).quotes.offers.select(KEY)
        assert few.is_unique().all()
        for name in cartons.drop_nulls("on_hand")["carton_id"]:
            left = cartons.filter(pl.col("carton_id") != name)
            without = plan_tables(tables | {"cartons": left}, tiny_settings).quotes.offers.select(KEY)
            assert without.join(few, on=KEY, how="anti").is_empty()
        plenty = {"cartons": cartons.with_columns(on_hand=free)}
        other += few.join(plan_tables(tables | plenty, tiny_settings).quotes.offers, on=KEY, how="anti").height
    assert other


def test_of_many_limited_things_each_and_all_are_gone_without():
    assert gone_without([]) == [frozenset()]
    assert gone_without(["a", "b"]) == [frozenset(), {"a"}, {"b"}, {"a", "b"}]
    assert gone_without("abcd") == [frozenset(), {"a"}, {"b"}, {"c"}, {"d"}, set("abcd")]
