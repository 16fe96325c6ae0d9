"""A good run passes every check; every way to spoil it is caught by the check that is meant to.

The changed tables are checked as if their files and hashes were right: it is never those that give the change away.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from engine.config import Costs, Settings
from engine.contracts import TABLES
from engine.verify import VerificationReport, verify_run
from engine.verify.run import _INVARIANTS, _prove

col = pl.col


def shipment(shipment_id: str) -> pl.Expr:
    return col("shipment_id") == shipment_id


def item(shipment_id: str, number: int) -> pl.Expr:
    return shipment(shipment_id) & (col("item_number") == number)


def change(table: str, where: pl.Expr, **values: Any):
    return lambda files: files.set(table, where, **values)


def more(table: str, where: pl.Expr, name: str, amount: int = 1):
    return lambda files: files.set(table, where, **{name: col(name) + amount})


def drop(table: str, where: pl.Expr):
    return lambda files: files.drop(table, where)


def add(table: str, **values: Any):
    return lambda files: files.add(table, **values)


def both(*changes):
    def apply(files) -> None:
        for one in changes:
            one(files)

    return apply


ANY = pl.lit(value=True)
BOOK_LYON = (col("warehouse_id") == "LYON") & (col("sku") == "BOOK")


def order(order_id: str) -> pl.Expr:
    return col("order_id") == order_id


def test_a_good_run_passes_every_check(run_files, tmp_path: Path) -> None:
    report = verify_run(run_files.write(tmp_path / "run"))
    assert report.is_ok, report.render()
    assert all(check.num_checked > 0 for check in report.checks), report.render()


CONTRACTS = {
    "null where none may be": ("contracts.values", change("shipments", shipment("O1-1"), warehouse_id=None)),
    "value out of range": ("contracts.values", change("placements", item("O1-1", 1), x_mm=-1)),
    "value not in the closed set": ("contracts.values", change("orders", order("O1"), payment_status="perhaps")),
    "not a number": ("contracts.values", change("plan_summary", ANY, gap=float("nan"))),
    "key twice": ("contracts.keys", add("holds", order_id="O6", reason="payment", detail="again")),
    "premium below nothing": (
        "contracts.values",
        add("bound_premiums", order_id="O1", piece_number=0, warehouse_id="LYON", millicents=-1),
    ),
    "price of the bound below nothing": (
        "contracts.values",
        change("bound_prices", col("sku") == "BOOK", millicents_per_unit=-1),
    ),
    "premium twice": (
        "contracts.keys",
        both(
            add("bound_premiums", order_id="O1", piece_number=0, warehouse_id="LYON", millicents=1),
            add("bound_premiums", order_id="O1", piece_number=0, warehouse_id="LYON", millicents=1),
        ),
    ),
    "dates the wrong way round": ("contracts.values", change("rates", ANY, valid_to=date(2020, 1, 1))),
    "unknown reference": ("contracts.references", change("stock", BOOK_LYON, sku="NOTHING")),
}

CONSERVATION = {
    "one unit too many in a parcel": ("conservation.units", more("shipment_lines", shipment("O3-1"), "quantity")),
    "backorder lost": ("conservation.units", drop("backorders", ANY)),
    "a row of a shipment dropped": ("conservation.shipments", drop("shipments", shipment("O3-1"))),
    "line of another order": ("conservation.shipments", change("shipment_lines", shipment("O3-1"), order_id="O2")),
    "another article than ordered": ("conservation.units", change("shipment_lines", shipment("O3-1"), sku="BRICK")),
    "units column off": ("conservation.shipments", more("shipments", shipment("O3-1"), "units")),
    "held order shipped": ("conservation.holds", add("holds", order_id="O3", reason="payment", detail="x")),
    "hold of an unknown order": ("conservation.holds", add("holds", order_id="O99", reason="payment", detail="x")),
    "cancelled order released": (
        "conservation.released",
        change("orders", order("O3"), cancelled_at=datetime(2026, 3, 10, 17, tzinfo=UTC)),
    ),
    "unpaid order released": ("conservation.released", change("orders", order("O3"), payment_status="failed")),
    "order a planner cancelled": (
        "conservation.released",
        both(
            add("order_actions", order_id="O3", action="release", acted_at=datetime(2026, 3, 10, 11, tzinfo=UTC)),
            add("order_actions", order_id="O3", action="cancel", acted_at=datetime(2026, 3, 10, 12, tzinfo=UTC)),
        ),
    ),
    "article of unknown size released": (
        "conservation.released",
        change("products", col("sku") == "BOOK", height_mm=None),
    ),
    "two parcels in one tote": ("handling.picks", change("pick_stops", col("pick_list_id") == "LYON", tote=1)),
    "picked too late": ("handling.picks", change("pick_lists", ANY, pick_by=datetime(2026, 3, 12, tzinfo=UTC))),
    "wave of two warehouses": ("handling.picks", change("pick_lists", ANY, wave_id="1")),
    "more parcels than accepted": ("conservation.max_shipments", change("orders", order("O4"), max_shipments=1)),
    "item not placed": ("conservation.placements", drop("placements", item("O5-1", 2))),
    "unit not picked": ("handling.picks", more("pick_stops", shipment("O5-1"), "quantity", -1)),
    "picked from the wrong shelf": ("handling.picks", change("pick_stops", col("sku") == "BRICK", position=1)),
    "picked in another warehouse": (
        "handling.picks",
        change("pick_stops", shipment("O4-2"), pick_list_id="LYON", stop_number=9),
    ),
    "pick list counts off": ("handling.picks", more("pick_lists", ANY, "units")),
    "parcel on no hand-over list": ("handling.manifests", drop("manifests", shipment("O7-1"))),
    "parcel on two hand-over lists": (
        "handling.manifests",
        lambda files: files.tables.update(
            manifests=pl.concat(
                [
                    files.tables["manifests"],
                    files.tables["manifests"].filter(shipment("O7-1")).with_columns(manifest_id=pl.lit("again")),
                ]
            )
        ),
    ),
    "hand-over list says another weight": ("handling.manifests", more("manifests", shipment("O7-1"), "weight_g")),
    "hand-over list says another postcode": (
        "handling.manifests",
        change("manifests", shipment("O7-1"), ship_postcode="13002"),
    ),
}

PAST_PARCEL = {
    "shipment_id": "P", "order_id": "P", "warehouse_id": "NYC", "carrier": "speedy", "units": 1, "tracking_number": "P",
    "placed_at": datetime(2026, 1, 1, tzinfo=UTC), "promised_by": datetime(2026, 1, 9, tzinfo=UTC),
}  # fmt: skip

TONIGHT = datetime(2026, 3, 10, 8, tzinfo=UTC)
"""A Tuesday, the day on which Lyon hands over what is planned."""

STOCK = {
    "safety stock taken": ("stock.available", more("stock", BOOK_LYON, "safety_stock")),
    "stock row missing": ("stock.available", drop("stock", BOOK_LYON)),
    "capacity exceeded": ("stock.capacity", change("warehouses", ANY, daily_capacity_units=8)),
    "stock kept for later taken": (
        "stock.available",
        add("stock_reserves", warehouse_id="LYON", sku="BOOK", quantity=1, worth_cents=0),
    ),
    "capacity that an earlier night took": (
        "stock.capacity",
        add("past_shipments", **PAST_PARCEL | {"warehouse_id": "LYON", "dispatched_at": TONIGHT, "units": 1}),
    ),
    "more parcels than the carrier collects": (
        "stock.pickups",
        change("pickups", ANY, daily_shipments=5),
    ),
    "pickup that an earlier night took": (
        "stock.pickups",
        both(
            add("pickups", warehouse_id="NYC", carrier="speedy", daily_shipments=1),
            add("past_shipments", **PAST_PARCEL | {"dispatched_at": datetime(2026, 3, 11, 13, tzinfo=UTC)}),
        ),
    ),
    "cartons used up": ("stock.cartons", change("cartons", col("carton_id") == "SMALL", on_hand=0)),
}

PACKING = {
    "item moved by 1 mm into another": ("packing.overlap", more("placements", item("O1-1", 2), "y_mm", -1)),
    "item drawn too small": ("packing.sizes", more("placements", item("O1-1", 2), "dx_mm", -1)),
    "item drawn without its protection": (
        "packing.padding",
        change("placements", item("O2-1", 1), dx_mm=100, dy_mm=100, dz_mm=200),
    ),
    "upright item laid down": ("packing.orientation", change("placements", item("O2-1", 1), dx_mm=220, dz_mm=120)),
    "item through the wall": ("packing.walls", more("placements", item("O4-1", 1), "x_mm", 101)),
    "carton too small": ("packing.walls", change("shipments", shipment("O4-1"), carton_id="SMALL")),
    "mailer does not close": ("packing.mailers", change("cartons", col("carton_id") == "MAIL", inner_length_mm=229)),
    "item floats": ("packing.support", more("placements", item("O1-1", 3), "z_mm")),
    "too little of the base supported": (
        "packing.support",
        both(
            more("placements", item("O1-1", 2), "y_mm", 100),
            more("placements", item("O1-1", 3), "y_mm", 40),
        ),
    ),
    "centre hangs over the edge": (
        "packing.hanging",
        both(
            lambda files: setattr(
                files,
                "settings",
                files.settings.model_copy(
                    update={"packing": files.settings.packing.model_copy(update={"support_share": 0.1})}
                ),
            ),
            more("placements", item("O5-1", 2), "x_mm", 101),
        ),
    ),
    "heavy contents at one end": (
        "packing.centre",
        lambda files: setattr(
            files,
            "settings",
            files.settings.model_copy(
                update={"packing": files.settings.packing.model_copy(update={"centred_from_g": 1})}
            ),
        ),
    ),
    "load above what is borne": ("packing.loads", change("products", col("sku") == "BRICK", max_load_g=199)),
    "something rests on a fragile item": (
        "packing.fragile",
        change("products", col("sku") == "BRICK", fragility="fragile", max_load_g=None),
    ),
    "packed before what carries it": (
        "packing.steps",
        both(change("placements", item("O1-1", 3), step=1), change("placements", item("O1-1", 1), step=3)),
    ),
    "step left out": ("packing.steps", change("placements", item("O1-1", 3), step=4)),
    "hazard classes mixed": (
        "packing.hazards",
        change("products", col("sku").is_in(["BOOK", "BRICK"]), hazard_class=pl.concat_str(pl.lit("3"), "sku")),
    ),
    "ships alone in company": ("packing.alone", change("products", col("sku") == "BOOK", ships_alone=True)),
    "not the packaging asked for": ("packing.packaging", change("orders", order("O1"), packaging="gift")),
    "weight misstated": ("packing.weight", more("shipments", shipment("O1-1"), "weight_g")),
    "overweight for the carton": (
        "packing.limits",
        change("cartons", col("carton_id") == "LARGE", max_weight_g=4_649),
    ),
    "protection price off by a cent": (
        "packing.protection",
        more("shipments", shipment("O7-1"), "protection_cents", -1),
    ),
    "billed size of a box misstated": ("packing.outer", more("shipments", shipment("O1-1"), "outer_height_mm", -1)),
    "billed size of a mailer misstated": ("packing.outer", more("shipments", shipment("O3-1"), "outer_height_mm", -4)),
}

PRICES = {
    "freight off by a cent": ("prices.freight", more("shipments", shipment("O3-1"), "freight_cents")),
    "wrong zone": ("prices.freight", change("shipments", shipment("O1-1"), zone=1)),
    "shorter prefix used": ("prices.freight", change("orders", order("O3"), ship_postcode="75003")),
    "billable weight off by a step": ("prices.freight", more("shipments", shipment("O5-1"), "billable_g", 100)),
    "expired rate": ("prices.freight", change("shipments", shipment("O4-2"), freight_cents=1_900)),
    "rate not yet valid": (
        "prices.freight",
        change("rates", col("zone") == 1, valid_from=date(2026, 3, 11)),
    ),
    "another carrier's name": ("prices.freight", change("shipments", shipment("O3-1"), carrier="speedy")),
    "service not offered that day": ("prices.services", change("services", ANY, valid_to=date(2026, 3, 9))),
    "too heavy for the service": ("prices.services", change("services", ANY, max_weight_g=4_649)),
    "too long for the service": ("prices.services", change("services", ANY, max_length_mm=409)),
    "too much girth for the service": ("prices.services", change("services", ANY, max_length_plus_girth_mm=1_549)),
    "hazard class not accepted": ("prices.services", change("services", ANY, hazard_classes="8")),
    "no hazard class accepted": ("prices.services", change("services", ANY, hazard_classes=None)),
    "surcharge off by a cent": ("prices.surcharges", more("shipment_surcharges", shipment("O7-1"), "cents")),
    "surcharge left out": ("prices.surcharges", drop("shipment_surcharges", shipment("O7-1"))),
    "second surcharge of a group": (
        "prices.surcharges",
        add("shipment_surcharges", shipment_id="O1-1", surcharge_id="LONG", cents=200),
    ),
    "cheaper surcharge of a group": (
        "prices.surcharges",
        change("shipment_surcharges", shipment("O1-1") & (col("cents") == 300), surcharge_id="LONG", cents=200),
    ),
    "expired surcharge": (
        "prices.surcharges",
        add("shipment_surcharges", shipment_id="O3-1", surcharge_id="PEAK", cents=77),
    ),
    "surcharge of no parcel": (
        "prices.surcharges",
        add("shipment_surcharges", shipment_id="X", surcharge_id="FUEL", cents=1),
    ),
    "sum of surcharges off": ("prices.surcharges", more("shipments", shipment("O1-1"), "surcharge_cents")),
    "carton price off": ("prices.warehouse", more("shipments", shipment("O1-1"), "carton_cents")),
    "handling price off": ("prices.warehouse", more("shipments", shipment("O1-1"), "handling_cents")),
    "picking price off": ("prices.warehouse", more("shipments", shipment("O1-1"), "pick_cents")),
    "lateness price off": ("prices.lateness", more("shipments", shipment("O3-1"), "lateness_cents", -1)),
    "total off": ("prices.totals", more("shipments", shipment("O1-1"), "total_cents")),
    "late and not said": ("prices.delivery", change("shipments", shipment("O3-1"), is_late=False)),
    "days late off": ("prices.delivery", change("shipments", shipment("O3-1"), days_late=1)),
    "deadline moved": (
        "prices.delivery",
        change("shipments", shipment("O3-1"), deliver_by=col("deliver_by") + timedelta(days=1)),
    ),
    "hand-over moved": (
        "prices.delivery",
        change("shipments", shipment("O3-1"), dispatch_at=col("dispatch_at") - timedelta(hours=1)),
    ),
    "promise moved": (
        "prices.delivery",
        change("shipments", shipment("O2-1"), promised_by=col("promised_by") + timedelta(days=1)),
    ),
    "price of waiting off": ("prices.waiting", more("backorders", ANY, "cost_cents")),
    "price of leaving a piece off": ("prices.waiting", more("offer_pieces", order("O3"), "backorder_cents")),
    "price of sending a piece later off": ("prices.waiting", more("offer_pieces", order("O3"), "later_cents")),
    "receipt misstated": ("prices.waiting", change("backorders", ANY, expected_at=datetime(2026, 3, 20, tzinfo=UTC))),
    "summary cost off by a cent": ("prices.summary", more("plan_summary", ANY, "cost_cents")),
    "summary count off": ("prices.summary", more("plan_summary", ANY, "orders_late")),
    "gap misstated": ("prices.summary", change("plan_summary", ANY, gap=0.0)),
    "optimal without proof": ("prices.summary", change("plan_summary", ANY, status="OPTIMAL")),
    "no summary": ("prices.summary", drop("plan_summary", ANY)),
    "another run's summary": ("prices.summary", change("plan_summary", ANY, run_id="other")),
}

RULES = {
    "restriction of a country": ("rules.restrictions", add("restrictions", dest_country="FR")),
    "restriction of a class from a place": (
        "rules.restrictions",
        add("restrictions", warehouse_id="NYC", hazard_class="3"),
    ),
    "restriction of a service": ("rules.restrictions", add("restrictions", service_id="ECO", warehouse_id="LYON")),
    "set in two parcels": ("rules.together", change("order_lines", order("O4"), ship_together="set")),
    "set of which a part waits": ("rules.together", change("order_lines", order("O5"), ship_together="set")),
    "move not told": (
        "rules.moves",
        add("earlier_plan", order_id="O2", line_number=1, warehouse_id="NYC", quantity=1),
    ),
    "move told that is none": (
        "rules.moves",
        add("moves", order_id="O2", line_number=1, sku="VASE", planned_from="NYC", now_from="LYON", churn_cents=100),
    ),
    "price of a move left out of an offer": (
        "rules.moves",
        both(
            add("earlier_plan", order_id="O2", line_number=1, warehouse_id="NYC", quantity=1),
            add(
                "moves", order_id="O2", line_number=1, sku="VASE", planned_from="NYC", now_from="LYON", churn_cents=100
            ),
        ),
    ),
    "price of a move off": (
        "rules.moves",
        both(
            add("earlier_plan", order_id="O2", line_number=1, warehouse_id="NYC", quantity=1),
            add("moves", order_id="O2", line_number=1, sku="VASE", planned_from="NYC", now_from="LYON", churn_cents=99),
        ),
    ),
    "holiday on which a parcel leaves": (
        "prices.delivery",
        add("holidays", country="FR", day=date(2026, 3, 10)),
    ),
}

LEDGER = {
    "ledger off by one": (
        "ledger.chain",
        more("stock_ledger", BOOK_LYON & (col("opening_units") == 10), "closing_units"),
    ),
    "opening is not the last closing": (
        "ledger.chain",
        change("stock_ledger", BOOK_LYON & (col("opening_units") == 10), opening_units=9, closing_units=5),
    ),
    "movement of a day off": (
        "ledger.movements",
        change("stock_ledger", BOOK_LYON & (col("opening_units") == 10), movement_units=-3, closing_units=7),
    ),
    "day that moved left out": ("ledger.movements", drop("stock_ledger", BOOK_LYON & (col("opening_units") == 10))),
    "does not close with the stock": ("ledger.closing", more("stock", BOOK_LYON, "on_hand")),
    "begins late": (
        "ledger.chain",
        change("stock_ledger", col("sku") == "LAMP", day=date(2026, 3, 2)),
    ),
    "pair missing": ("ledger.closing", drop("stock_ledger", col("sku") == "LAMP")),
}

TRACKING = {
    "check digit": ("tracking.numbers", change("shipments", shipment("O4-2"), tracking_number="1Z5R89390357567128")),
    "number used twice": (
        "tracking.unique",
        change("shipments", col("carrier") == "post", tracking_number="000123450000000027"),
    ),
    "real number marked synthetic": ("tracking.numbers", change("shipments", shipment("O4-2"), tracking_is_synthetic=True)),
    "number used before": ("tracking.unique", add("past_shipments", **PAST_PARCEL | {"tracking_number": "1Z5R89390357567127"})),
    "identifier used before": ("conservation.shipments", add("past_shipments", **PAST_PARCEL | {"shipment_id": "O3-1"})),
}  # fmt: skip

BOUND = {
    "worth to later orders left out of an offer": (
        "bound.reserves",
        add("stock_reserves", warehouse_id="LYON", sku="BOOK", quantity=0, worth_cents=1),
    ),
    "pickups of a chosen offer left out": (
        "bound.pickups",
        drop("offer_pickups", order("O1")),
    ),
    "more pickups than parcels": (
        "bound.pickups",
        change("offer_pickups", order("O1"), quantity=2),
    ),
    "pickup counted that is not limited": (
        "bound.pickups",
        change("offer_pickups", order("O1"), carrier="speedy"),
    ),
    "price of pickups that are not limited": (
        "bound.value",
        add("shadow_prices", warehouse_id="NYC", carrier="post", millicents_per_unit=1, cents_per_unit=0.001),
    ),
    "saving of moves made up": ("bound.moves", more("plan_summary", ANY, "moves_saved_cents")),
    "moves miscounted": ("prices.summary", more("plan_summary", ANY, "lines_moved")),
    "orders offered in part miscounted": ("prices.summary", more("plan_summary", ANY, "orders_offered_in_part")),
    "bound above what the prices prove": ("bound.value", more("plan_summary", ANY, "bound_cents")),
    "price of a unit left out": ("bound.value", drop("bound_prices", col("sku") == "BOOK")),
    "shadow bound above what the shadow prices prove": (
        "bound.value",
        more("plan_summary", ANY, "shadow_bound_cents"),
    ),
    "shadow price left out": ("bound.value", drop("shadow_prices", col("sku") == "BOOK")),
    "shadow price beyond all sums": (
        "bound",
        change("shadow_prices", col("sku") == "BOOK", millicents_per_unit=2**62),
    ),
    "price of the bound without a limit": (
        "bound.value",
        add("bound_prices", warehouse_id="NYC", carrier="post", millicents_per_unit=1),
    ),
    "price of the bound that proves less": (
        "bound.value",
        change("bound_prices", col("sku") == "BOOK", millicents_per_unit=10**8),
    ),
    "premium of an order that is not planned": (
        "bound.value",
        add("bound_premiums", order_id="O6", piece_number=0, warehouse_id="LYON", millicents=1),
    ),
    "premium beyond all sums": (
        "bound",
        add("bound_premiums", order_id="O1", piece_number=0, warehouse_id="LYON", millicents=2**62),
    ),
    "premium that proves less": (
        "bound.value",
        add("bound_premiums", order_id="O1", piece_number=0, warehouse_id="LYON", millicents=10**9),
    ),
    "premium in no warehouse": (
        "bound.value",
        add("bound_premiums", order_id="O1", piece_number=0, warehouse_id="MARS", millicents=1),
    ),
    "premium of no piece": (
        "bound.value",
        add("bound_premiums", order_id="O1", piece_number=9, warehouse_id="LYON", millicents=1),
    ),
    "limit counted too low": ("bound.value", more("stock", BOOK_LYON, "on_hand")),
    "price of unlimited capacity": (
        "bound.value",
        add("shadow_prices", warehouse_id="NYC", millicents_per_unit=1, cents_per_unit=0.001),
    ),
    "price of cartons without a limit": (
        "bound.value",
        change("shadow_prices", col("carton_id") == "SMALL", carton_id="LARGE"),
    ),
    "cartons of an offer left out": ("bound.value", drop("offer_cartons", order("O5"))),
    "cartons of a chosen offer miscounted": ("bound.cartons", drop("offer_cartons", order("O3"))),
    "more cartons than parcels": ("bound.cartons", more("offer_cartons", order("O1"), "quantity")),
    "carton counted that is not limited": ("bound.cartons", change("offer_cartons", order("O1"), carton_id="LARGE")),
    "price in no warehouse": (
        "bound.value",
        add("shadow_prices", warehouse_id="MARS", sku="BOOK", millicents_per_unit=1, cents_per_unit=0.001),
    ),
    "cheaper offer hidden": ("bound.value", change("offers", order("O2"), cost_cents=1)),
    "offer's sum off": ("bound.offers", more("offers", order("O1"), "cost_cents")),
    "offer of a foreign piece": ("bound.offers", change("offers", order("O2"), pieces=2)),
    "offer with more parcels than it pays": ("bound.offers", more("offers", order("O1"), "shipments")),
    "offer with more units than it pays": ("bound.offers", change("offers", order("O1") & ~col("is_chosen"), pieces=3)),
    "shadow price told otherwise": ("bound.value", change("shadow_prices", ANY, cents_per_unit=0.5)),
    "piece shipped twice": ("bound.offers", change("offers", order("O1"), is_chosen=True)),
    "pieces do not make up the line": ("bound.pieces", more("offer_pieces", order("O5"), "quantity")),
    "piece numbers with a hole": ("bound.pieces", change("offer_pieces", order("O2"), piece_number=1)),
    "chosen offer at another price": ("bound.chosen", more("offers", order("O3"), "freight_cents", -1)),
    "chosen offer from elsewhere": ("bound.chosen", change("offers", order("O3"), warehouse_id="NYC")),
    "chosen offer with other pieces": ("bound.chosen", change("offers", order("O5") & col("is_chosen"), pieces=2)),
}

SPOILED = CONTRACTS | CONSERVATION | STOCK | PACKING | PRICES | LEDGER | TRACKING | BOUND


@pytest.mark.parametrize("what", SPOILED)
def test_catches(what: str, run_files) -> None:
    name, spoil = SPOILED[what]
    spoil(run_files)
    night = run_files.night()
    invariant = name.partition(".")[0]
    checks = _prove(invariant, _INVARIANTS[invariant], night)
    check = VerificationReport(Path(), tuple(checks)).check(name)
    assert not check.is_ok
    assert check.num_violations >= 1
    assert check.violations[0]


def test_an_empty_night_is_valid(run_files, tmp_path: Path) -> None:
    keep = {
        "products",
        "warehouses",
        "cartons",
        "protection",
        "services",
        "zones",
        "rates",
        "surcharges",
        "plan_summary",
    }
    run_files.tables = {name: table for name, table in run_files.tables.items() if name in keep}
    numbers = [
        c.name for c in TABLES["plan_summary"].columns if c.name not in ("run_id", "as_of", "currency", "status")
    ]
    run_files.set("plan_summary", ANY, status="OPTIMAL", **dict.fromkeys(numbers, 0))
    report = verify_run(run_files.write(tmp_path / "run"))
    assert report.is_ok, report.render()


def test_a_planner_may_release_what_is_not_paid(run_files, tmp_path: Path) -> None:
    run_files.set("orders", order("O3"), payment_status="failed")
    run_files.add("order_actions", order_id="O3", action="release", acted_at=datetime(2026, 3, 10, 12, tzinfo=UTC))
    run_files.add("order_actions", order_id="O4", action="cancel", acted_at=datetime(2026, 3, 11, 12, tzinfo=UTC))
    assert verify_run(run_files.write(tmp_path / "run")).is_ok


def test_what_cannot_be_checked_is_not_proven(run_files, tmp_path: Path) -> None:
    run_files.set("offers", order("O2"), pieces=4)
    run_files.set("shipments", ANY, total_cents=1)
    report = verify_run(run_files.write(tmp_path / "run"))
    assert not report.check("bound.offers").is_ok
    assert not report.check("prices.totals").is_ok
    assert "cannot be checked" in report.check("bound").violations[0]


def test_the_order_of_rows_does_not_matter(run_files, tmp_path: Path) -> None:
    for name, table in run_files.tables.items():
        run_files.tables[name] = table.sample(fraction=1, shuffle=True, seed=3)
    report = verify_run(run_files.write(tmp_path / "run"))
    assert report.is_ok, report.render()


def test_at_most_five_examples_are_shown_with_the_total(run_files, tmp_path: Path) -> None:
    run_files.set("shipments", ANY, total_cents=1)
    report = verify_run(run_files.write(tmp_path / "run"))
    check = report.check("prices.totals")
    assert check.num_violations == 7
    assert len(check.violations) == 6
    assert "7 in all" in check.violations[-1]
    assert "O1-1" in check.violations[0]
    assert "FAIL  prices.totals" in report.render()


def test_no_support_asked_allows_floating(run_files, tmp_path: Path) -> None:
    settings = run_files.settings
    run_files.settings = settings.model_copy(
        update={"packing": settings.packing.model_copy(update={"support_share": 0.0})}
    )
    run_files.set("placements", item("O1-1", 3), z_mm=61)
    assert verify_run(run_files.write(tmp_path / "run")).is_ok


def test_settings_of_the_run_hold_whatever_the_environment_says(run_files, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("ORDERMILL_COSTS__SPLIT_CENTS", "7")
    assert Settings().costs.split_cents == 7
    assert verify_run(run_files.write(tmp_path / "run")).is_ok
    assert Costs().split_cents == 150
