"""A small night written by hand: seven orders, two warehouses, four cartons, two services. Figures are worked out beside it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow.parquet as pq
import pytest

from engine.config import Carrier, Inventory, Settings
from engine.contracts import INPUTS, OUTPUTS, REPORTS, TABLES, Kind, Table
from engine.verify.files import Manifest, Night

AS_OF = datetime(
    2026, 3, 10, 18, 0, tzinfo=UTC
)  # a Tuesday: 19:00 in Lyon, 14:00 in New York, which has summer time already
SPLIT_CENTS = 150
MOVE_CENTS = 100
MONEY = ("freight_cents", "surcharge_cents", "carton_cents", "protection_cents", "handling_cents", "pick_cents")

Row = dict[str, Any]


def at(day: int, hour: int = 0, minute: int = 0, second: int = 0) -> datetime:
    return datetime(2026, 3, day, hour, minute, second, tzinfo=UTC)


def frame(name: str, rows: list[Row]) -> pl.DataFrame:
    """Rows as a frame of that contract; what a row leaves out has its default."""
    table = TABLES[name]
    full = [{column.name: row.get(column.name, column.default) for column in table.columns} for row in rows]
    return pl.DataFrame(full, schema=table.schema, orient="row") if full else table.empty()


def rows(names: str, *values: tuple[Any, ...]) -> list[Row]:
    return [dict(zip(names.split(), row, strict=False)) for row in values]


@dataclass
class RunFiles:
    """The tables of a run, to be changed by a test and written with a manifest that fits them."""

    tables: dict[str, pl.DataFrame]
    settings: Settings
    run_id: str = "2026-03-10-hand"
    manifest_changes: Row = field(default_factory=dict)

    def set(self, table: str, where: pl.Expr, **values: Any) -> None:
        """Change columns of the rows that match; at least one must."""
        frame_ = self.tables[table]
        assert frame_.filter(where).height, f"no row of {table} matches"
        changes = {
            name: pl.when(where).then(value if isinstance(value, pl.Expr) else pl.lit(value)).otherwise(pl.col(name))
            for name, value in values.items()
        }
        schema = frame_.schema
        self.tables[table] = frame_.with_columns(expr.cast(schema[name]).alias(name) for name, expr in changes.items())

    def drop(self, table: str, where: pl.Expr) -> None:
        """Drop the rows that match; at least one must."""
        assert self.tables[table].filter(where).height, f"no row of {table} matches"
        self.tables[table] = self.tables[table].filter(~where)

    def add(self, table: str, **values: Any) -> None:
        """Add a row."""
        self.tables[table] = self.tables.get(table, TABLES[table].empty()).vstack(frame(table, [values]))

    def night(self) -> Night:
        """Give the run as it would be read, without files."""
        nothing = {"file": "", "sha256": ""}
        manifest = Manifest.model_validate(
            {"run_id": self.run_id, "as_of": AS_OF, "inputs": {}, "outputs": {}, "settings": nothing}
        )

        def tables(contracts: tuple[Table, ...]) -> dict[str, pl.DataFrame]:
            return {table.name: self.tables.get(table.name, table.empty()) for table in contracts}

        return Night(manifest, self.settings, tables(INPUTS), tables((*OUTPUTS, *REPORTS)))

    def write(self, run: Path) -> Path:
        """Write everything, the manifest last."""
        (run / "inputs").mkdir(parents=True)
        inputs = {table.name: self._write(run, table.name, f"inputs/{table.name}.parquet") for table in INPUTS}
        outputs = {t.name: self._write(run, t.name, f"{t.name}.parquet") for t in (*OUTPUTS, *REPORTS)}
        (run / "settings.json").write_text(self.settings.model_dump_json(), encoding="utf-8")
        manifest = {
            "run_id": self.run_id,
            "as_of": AS_OF.isoformat(),
            "versions": {},
            "seed": 0,
            "inputs": inputs,
            "outputs": outputs,
            "settings": {"file": "settings.json", "sha256": sha256(run / "settings.json")},
            "solves": [{"name": "assign", "status": "FEASIBLE", "stop": "ITERATION_LIMIT", "cost": 9, "bound": 8}],
        }
        (run / "manifest.json").write_text(json.dumps(manifest | self.manifest_changes), encoding="utf-8")
        return run

    def _write(self, run: Path, name: str, file: str) -> Row:
        table = self.tables.get(name, TABLES[name].empty())
        pq.write_table(table.to_arrow(), run / file, write_page_checksum=True)
        return {"file": file, "rows": table.height, "sha256": sha256(run / file)}


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def sscc(serial: int) -> str:
    """GS1: extension 0, company 1234567, nine digits, and the check digit that makes the weighted sum a multiple of ten."""
    body = f"01234567{serial:09d}"
    weighted = sum(int(digit) * weight for digit, weight in zip(body, (3, 1) * 8 + (3,), strict=True))
    return f"{body}{(10 - weighted % 10) % 10}"


def input_tables() -> dict[str, list[Row]]:
    order = "order_id channel placed_at payment_status service_level promised_by ship_country ship_postcode priority max_shipments packaging currency"
    old, new = date(2025, 1, 1), date(2026, 3, 11)
    return {
        "orders": rows(
            order,
            ("O1", "shop", at(9, 8), "paid", "standard", at(13, 12), "FR", "75001", 0, None, None, "EUR"),
            # No promise: standard is the end of the fourth working day after Monday the 9th.
            ("O2", "shop", at(9, 9, 30), "paid", "standard", None, "FR", "75002", 0, 1, None, "EUR"),
            ("O3", "shop", at(7, 9), "paid", "standard", at(11, 12), "FR", "69001", 1, None, None, "EUR"),
            ("O4", "shop", at(9, 9), "cod", "economy", at(20, 12), "FR", "69002", 0, 3, None, "EUR"),
            ("O5", "shop", at(9, 9), "authorized", "economy", at(20, 12), "FR", "69003", 2, None, None, "EUR"),
            ("O6", "shop", at(9, 9), "pending", "economy", at(20, 12), "FR", "69004", 0, None, None, "EUR"),
            ("O7", "shop", at(9, 9), "paid", "express", at(20, 12), "FR", "13001", 0, None, "gift", "EUR"),
        ),
        "order_lines": rows(
            "order_id line_number sku quantity unit_price_cents ship_together",
            ("O1", 1, "BOOK", 1, 1500), ("O1", 2, "BRICK", 2, 900), ("O2", 1, "VASE", 1, 4000), ("O3", 1, "BOOK", 1, 1500),
            ("O4", 1, "LAMP", 1, 8000), ("O4", 2, "PAINT", 1, 2000), ("O5", 1, "BOOK", 3, 1500), ("O6", 1, "BOOK", 1, 1500),
            ("O7", 1, "GLASS", 1, 700, "alone"),
        ),
        "products": rows(
            "sku category length_mm width_mm height_mm weight_g unit_cost_cents fragility keep_upright max_load_g hazard_class ships_alone",
            ("BOOK", "media", 200, 150, 30, 400, 700, "none", False, None, None, False),
            ("BRICK", "diy", 200, 100, 60, 2000, 300, "none", False, 3000, None, False),
            ("VASE", "home", 100, 100, 200, 800, 1500, "fragile", True, None, None, False),
            ("LAMP", "home", 300, 200, 200, 1500, 3000, "none", False, None, None, True),
            ("PAINT", "diy", 100, 100, 120, 1000, 800, "none", False, None, "3", False),
            ("ACID", "diy", 100, 100, 120, 1000, 800, "none", False, None, "8", False),
            ("GLASS", "home", 80, 80, 100, 300, 200, "very_fragile", False, None, None, False),
        ),
        "warehouses": rows(
            "warehouse_id country postcode latitude longitude timezone cutoff daily_capacity_units handling_cents_per_shipment pick_cents_per_unit",
            ("LYON", "FR", "69000", 45.7, 4.8, "Europe/Paris", time(20), 9, 120, 15),
            ("NYC", "US", "10001", 40.7, -74.0, "America/New_York", time(12), None, 100, 20),
        ),
        "stock": rows(
            "warehouse_id sku on_hand reserved safety_stock",
            ("LYON", "BOOK", 6, 1, 1), ("LYON", "BRICK", 5, 0, 0), ("LYON", "VASE", 1, 0, 0), ("LYON", "LAMP", 3, 0, 1),
            ("LYON", "GLASS", 2, 0, 0), ("NYC", "PAINT", 4, 0, 0), ("NYC", "ACID", 4, 0, 0), ("NYC", "BOOK", -2, 0, 0),
        ),
        "stock_movements": rows(
            "moved_at warehouse_id sku quantity kind",
            (at(1, 9), "LYON", "BOOK", 10, "receipt"), (at(5, 9), "LYON", "BOOK", -3, "sale"),
            (at(5, 23, 59), "LYON", "BOOK", -1, "sale"), (at(11, 9), "LYON", "BOOK", 99, "receipt"),
        ),
        # The nearest receipt of BOOK: 2.5 days after the night, which counts as three.
        "inbound": rows(
            "warehouse_id sku quantity expected_at",
            ("NYC", "BOOK", 5, at(13, 6)), ("LYON", "BOOK", 5, at(20)), ("LYON", "BOOK", 5, at(9)),
        ),
        "cartons": rows(
            "carton_id kind inner_length_mm inner_width_mm inner_height_mm outer_length_mm outer_width_mm outer_height_mm tare_g max_weight_g cost_cents packaging on_hand",
            ("SMALL", "box", 220, 160, 100, 230, 170, 110, 80, 5_000, 40, None, 1),
            ("LARGE", "box", 400, 300, 250, 410, 310, 260, 250, 20_000, 90, None, None),
            ("MAIL", "mailer", 300, 250, 60, 304, 254, 64, 30, 2_000, 15, None, 50),
            ("GIFT", "box", 220, 160, 160, 230, 170, 170, 150, 5_000, 130, "gift", 9),
        ),
        "protection": rows(
            "material_id kind fragility thickness_mm cents_per_litre g_per_litre",
            ("AIR", "air_cushion", "very_fragile", 20, 75, 25), ("WRAP", "bubble_wrap", "fragile", 10, 125, 250),
            # Around the vase 0.541 l: 217 cents, which is dearer than wrapping it.
            ("PAPER", "paper", "fragile", 5, 400, 300),
        ),
        "services": rows(
            "service_id carrier speed dim_divisor_cm3_per_kg dim_from_cm3 weight_step_g max_weight_g max_length_mm max_length_plus_girth_mm hazard_classes valid_from valid_to",
            ("ECO", "post", "standard", 5000, 1000, 100, 20_000, 1_000, 3_000, None, old, None),
            ("EXP", "speedy", "express", None, 0, 500, 30_000, 1_200, None, "3 8", old, None),
        ),
        "zones": rows(
            "service_id warehouse_id dest_country dest_postcode_prefix zone transit_days",
            ("ECO", "LYON", "FR", "", 1, 2), ("ECO", "LYON", "FR", "75", 2, 1), ("ECO", "NYC", "FR", "", 3, 5),
            ("EXP", "LYON", "FR", "", 1, 1), ("EXP", "NYC", "FR", "", 3, 3),
        ),
        "rates": rows(
            "service_id zone up_to_g price_cents valid_from valid_to",
            ("ECO", 1, 1_000, 400, old, None), ("ECO", 1, 7_000, 700, old, None), ("ECO", 2, 1_000, 450, old, None),
            ("ECO", 2, 7_000, 790, old, None), ("EXP", 1, 5_000, 900, old, None), ("EXP", 3, 5_000, 1_900, old, date(2026, 3, 10)),
            ("EXP", 3, 5_000, 2_000, new, None), ("ECO", 3, 7_000, 1_100, old, None),
        ),
        "surcharges": rows(
            "service_id surcharge_id group basis amount trigger threshold valid_from valid_to",
            ("ECO", "FUEL", None, "per_cent", 1_250, "always", None, old, None),
            ("ECO", "BULKY", "size", "flat", 300, "volume_cm3", 20_000, old, None),
            ("ECO", "LONG", "size", "flat", 200, "longest_mm", 400, old, None),
            ("ECO", "HEAVY", None, "flat", 500, "weight_g", 10_000, old, None),
            ("ECO", "PEAK", None, "flat", 77, "always", None, old, date(2025, 12, 31)),
            ("EXP", "FAR", None, "flat", 150, "zone", 2, old, None),
            ("EXP", "FUEL", None, "per_cent", 1_000, "always", None, old, None),
        ),
        "pickups": rows("warehouse_id carrier daily_shipments", ("LYON", "post", 9)),
        "earlier_plan": rows("order_id line_number warehouse_id quantity", ("O7", 1, "NYC", 1)),
        "locations": rows(
            "warehouse_id sku aisle position side level",
            ("LYON", "BOOK", 1, 4, "left", 0), ("LYON", "BRICK", 1, 9, "right", 0), ("NYC", "PAINT", 2, 1, "left", 1),
        ),
    }  # fmt: skip


def shipments() -> list[Row]:
    """The parcels of the plan, every figure worked out by hand.

    Lyon leaves at 20:00 local on the 10th, New York at 12:00 local on the 11th.
    """
    lyon, new_york = at(10, 19), at(11, 16)
    names = (
        "shipment_id order_id warehouse_id carton_id service_id carrier units zone outer_length_mm outer_width_mm outer_height_mm "
        "weight_g billable_g freight_cents surcharge_cents carton_cents protection_cents handling_cents pick_cents "
        "lateness_cents tracking_number dispatch_at deliver_by promised_by days_late"
    )
    large = (410, 310, 260)  # 33,046 cm3 weighs 6,610 g, billed as 6,700 g; above 20,000 cm3 it is bulky
    parcels = rows(
        names,
        # 2 x 2000 + 400 + 250 = 4,650 g. Postcode 75…: zone 2. Fuel: 12.5 % of 790 + 300 = 136.25, so 136.
        ("O1-1", "O1", "LYON", "LARGE", "ECO", "post", 3, 2, *large, 4_650, 6_700, 790, 436, 90, 0, 120, 45, 0, sscc(1), lyon, at(11, 22, 59, 59), at(13, 12), 0),
        # Wrapped: 120 x 120 x 220 less 100 x 100 x 200 is 1.168 l: 146 cents, 292 g. 800 + 292 + 250 = 1,342 g.
        ("O2-1", "O2", "LYON", "LARGE", "ECO", "post", 1, 2, *large, 1_342, 6_700, 790, 436, 90, 146, 120, 15, 0, sscc(2), lyon, at(11, 22, 59, 59), at(13, 23, 59, 59), 0),
        # 204 x 154 x 34 is 1,068 cm3: 214 g, less than 430, billed as 500. Fuel 50. Two days on the way, 1.46 after the
        # promise count as two, at 200 x 1.25 each.
        ("O3-1", "O3", "LYON", "MAIL", "ECO", "post", 1, 1, 204, 154, 34, 430, 500, 400, 50, 15, 0, 120, 15, 500, sscc(3), lyon, at(12, 22, 59, 59), at(11, 12), 2),
        # Fuel: 12.5 % of 700 + 300.
        ("O4-1", "O4", "LYON", "LARGE", "ECO", "post", 1, 1, *large, 1_750, 6_700, 700, 425, 90, 0, 120, 15, 0, sscc(4), lyon, at(12, 22, 59, 59), at(20, 12), 0),
        # By weight only, step 500: 1,250 becomes 1,500. The new card: 2,000, far 150, fuel 10 % of both. Three working days
        # from Wednesday the 11th: Monday the 16th, in New York.
        ("O4-2", "O4", "NYC", "LARGE", "EXP", "speedy", 1, 3, *large, 1_250, 1_500, 2_000, 365, 90, 0, 100, 20, 0, "1Z5R89390357567127", new_york, at(17, 3, 59, 59), at(20, 12), 0),
        # Two books in a small box: 230 x 170 x 110 is 4,301 cm3: 861 g; 800 + 80 = 880, billed as 900.
        ("O5-1", "O5", "LYON", "SMALL", "ECO", "post", 2, 1, 230, 170, 110, 880, 900, 400, 50, 40, 0, 120, 30, 0, sscc(5), lyon, at(12, 22, 59, 59), at(20, 12), 0),
        # Cushioned: 120 x 120 x 140 less 80 x 80 x 100 is 1.376 l: 103.2 cents, 34.4 g, rounded up. 6,647 cm3 is 1,329.4 g: 1,400.
        ("O7-1", "O7", "LYON", "GIFT", "ECO", "post", 1, 1, 230, 170, 170, 485, 1_400, 700, 88, 130, 104, 120, 15, 0, sscc(7), lyon, at(12, 22, 59, 59), at(20, 12), 0),
    )  # fmt: skip
    for parcel in parcels:
        parcel["total_cents"] = sum(parcel[name] for name in MONEY)
        parcel["is_late"] = parcel["days_late"] > 0
        parcel["packing_status"] = "OPTIMAL"
        parcel["tracking_is_synthetic"] = parcel["carrier"] == "post"
    return parcels


def offers() -> list[Row]:
    """What the plan chose from: the parcels above, and some that cost more or were not to be had."""
    sent = {parcel["shipment_id"]: parcel for parcel in shipments()}

    def taken(order: str, number: int, pieces: int, parcel: str) -> Row:
        money = {name: sent[parcel][name] for name in (*MONEY, "lateness_cents")}
        warehouse = sent[parcel]["warehouse_id"]
        return {
            "order_id": order,
            "offer_number": number,
            "warehouse_id": warehouse,
            "pieces": pieces,
            "is_chosen": True,
            "shipments": 1,
        } | money

    def left(order: str, number: int, warehouse: str, pieces: int, cents: int, parcels: int = 1) -> Row:
        units = sum(row["quantity"] for row in WAITS if row["order_id"] == order and pieces >> row["piece_number"] & 1)
        handling, pick = (120, 15) if warehouse == "LYON" else (100, 20)
        money = dict.fromkeys((*MONEY, "lateness_cents"), 0) | {
            "freight_cents": cents - parcels * handling - units * pick
        }
        money |= {"handling_cents": parcels * handling, "pick_cents": units * pick}
        return {
            "order_id": order,
            "offer_number": number,
            "warehouse_id": warehouse,
            "pieces": pieces,
            "is_chosen": False,
            "shipments": parcels,
        } | money

    listed = [
        left("O1", 0, "LYON", 0b01, 700), left("O1", 1, "LYON", 0b10, 1_300), taken("O1", 2, 0b11, "O1-1"),
        taken("O2", 0, 0b1, "O2-1"), taken("O3", 0, 0b1, "O3-1"),
        taken("O4", 0, 0b01, "O4-1"), taken("O4", 1, 0b10, "O4-2"), left("O4", 2, "NYC", 0b11, 5_500, parcels=2),
        left("O5", 0, "LYON", 0b10, 600), taken("O5", 1, 0b01, "O5-1"), left("O5", 2, "LYON", 0b11, 800),
        taken("O7", 0, 0b1, "O7-1"),
    ]  # fmt: skip
    for offer in listed:
        # An earlier plan sends O7 from New York; every offer that sends it from Lyon pays for the move.
        offer |= {"reserve_cents": 0, "churn_cents": MOVE_CENTS if offer["order_id"] == "O7" else 0}
        offer["cost_cents"] = sum(offer[name] for name in (*MONEY, "lateness_cents", "churn_cents"))
    return listed


def with_shipping_later(pieces: list[Row]) -> list[Row]:
    """Add to the price of the wait what the piece's cheapest offer alone costs."""
    for piece in pieces:
        own = [o for o in offers() if (o["order_id"], o["pieces"]) == (piece["order_id"], 1 << piece["piece_number"])]
        piece["later_cents"] = min((offer["cost_cents"] for offer in own), default=0)
        piece["backorder_cents"] += piece["later_cents"]
    return pieces


WAITS = rows(
    "order_id piece_number line_number sku quantity backorder_cents",
    # A line that waits costs 1500 and 20 a unit and day; no receipt of BRICK and others is firm: 28 days. BOOK: three days.
    ("O1", 0, 1, "BOOK", 1, 1_560), ("O1", 1, 2, "BRICK", 2, 2_620), ("O2", 0, 1, "VASE", 1, 2_060),
    ("O3", 0, 1, "BOOK", 1, 1_950),  # 1,560 and a quarter for priority 1
    ("O4", 0, 1, "LAMP", 1, 2_060), ("O4", 1, 2, "PAINT", 1, 2_060),
    ("O5", 0, 1, "BOOK", 2, 2_430), ("O5", 1, 1, "BOOK", 1, 2_340),  # 1,620 and 1,560, and half of each for priority 2
    ("O7", 0, 1, "GLASS", 1, 2_160),  # waiting would be a move as well
)  # fmt: skip
PIECES = with_shipping_later([dict(row) for row in WAITS])
WAITING_CENTS = next(row["backorder_cents"] for row in PIECES if (row["order_id"], row["piece_number"]) == ("O5", 1))

CARTONS_OF_OFFERS = rows(
    "order_id offer_number carton_id quantity",
    ("O1", 0, "SMALL", 1), ("O3", 0, "MAIL", 1), ("O5", 0, "MAIL", 1), ("O5", 1, "SMALL", 1), ("O5", 2, "SMALL", 1), ("O7", 0, "GIFT", 1),
)  # fmt: skip

PRICES = rows(
    "warehouse_id sku carton_id millicents_per_unit cents_per_unit",
    ("LYON", "BOOK", None, 700_000, 700.0),
    ("LYON", None, None, 12_345, 12.345),
    (None, None, "SMALL", 250_000, 250.0),
)


def placements() -> list[Row]:
    return rows(
        "shipment_id item_number sku line_number x_mm y_mm z_mm dx_mm dy_mm dz_mm step",
        # Two bricks side by side, the book across both.
        ("O1-1", 1, "BRICK", 2, 0, 0, 0, 200, 100, 60, 1), ("O1-1", 2, "BRICK", 2, 0, 100, 0, 200, 100, 60, 2),
        ("O1-1", 3, "BOOK", 1, 0, 20, 60, 200, 150, 30, 3),
        ("O2-1", 1, "VASE", 1, 0, 0, 0, 120, 120, 220, 1), ("O3-1", 1, "BOOK", 1, 0, 0, 0, 200, 150, 30, 1),
        ("O4-1", 1, "LAMP", 1, 0, 0, 0, 300, 200, 200, 1), ("O4-2", 1, "PAINT", 2, 0, 0, 0, 120, 100, 100, 1),
        ("O5-1", 1, "BOOK", 1, 0, 0, 0, 200, 150, 30, 1), ("O5-1", 2, "BOOK", 1, 0, 0, 30, 200, 150, 30, 2),
        ("O7-1", 1, "GLASS", 1, 0, 0, 0, 120, 140, 120, 1),
    )  # fmt: skip


def output_tables() -> dict[str, list[Row]]:
    parcels = shipments()
    lines = rows(
        "shipment_id order_id line_number sku quantity",
        ("O1-1", "O1", 1, "BOOK", 1), ("O1-1", "O1", 2, "BRICK", 2), ("O2-1", "O2", 1, "VASE", 1),
        ("O3-1", "O3", 1, "BOOK", 1), ("O4-1", "O4", 1, "LAMP", 1), ("O4-2", "O4", 2, "PAINT", 1),
        ("O5-1", "O5", 1, "BOOK", 2), ("O7-1", "O7", 1, "GLASS", 1),
    )  # fmt: skip
    warehouse_of = {parcel["shipment_id"]: parcel["warehouse_id"] for parcel in parcels}
    places = {(row["warehouse_id"], row["sku"]): row for row in input_tables()["locations"]}
    totes = {name: number for number, name in enumerate(warehouse_of, start=1)}
    stops = [
        {"pick_list_id": warehouse_of[line["shipment_id"]], "stop_number": number, "tote": totes[line["shipment_id"]]}
        | line
        | {
            n: places.get((warehouse_of[line["shipment_id"]], line["sku"]), {}).get(n)
            for n in ("aisle", "position", "side", "level")
        }
        for number, line in enumerate(lines, start=1)
    ]
    postcodes = {row["order_id"]: row["ship_postcode"] for row in input_tables()["orders"]}
    handed = [
        parcel
        | {"manifest_id": f"{parcel['carrier']}-{parcel['warehouse_id']}", "ship_country": "FR"}
        | {
            "ship_postcode": postcodes[parcel["order_id"]],
            "position": number if parcel["warehouse_id"] == "LYON" else 1,
        }
        for number, parcel in zip((1, 2, 3, 4, 1, 5, 6), parcels, strict=True)
    ]
    return {
        "shipments": parcels,
        "shipment_lines": lines,
        "shipment_surcharges": rows(
            "shipment_id surcharge_id cents",
            ("O1-1", "BULKY", 300), ("O1-1", "FUEL", 136), ("O2-1", "BULKY", 300), ("O2-1", "FUEL", 136), ("O3-1", "FUEL", 50),
            ("O4-1", "BULKY", 300), ("O4-1", "FUEL", 125), ("O4-2", "FAR", 150), ("O4-2", "FUEL", 215), ("O5-1", "FUEL", 50),
            ("O7-1", "FUEL", 88),  # 87.5
        ),
        "placements": placements(),
        "backorders": [
            {"order_id": "O5", "line_number": 1, "sku": "BOOK", "quantity": 1, "reason": "no warehouse has it in stock"}
            | {"expected_at": at(13, 6), "cost_cents": WAITING_CENTS}
        ],
        "holds": [{"order_id": "O6", "reason": "payment", "detail": "payment is pending"}],
        "offer_pieces": PIECES,
        "offers": offers(),
        "offer_cartons": CARTONS_OF_OFFERS,
        "offer_pickups": [
            {"order_id": offer["order_id"], "offer_number": offer["offer_number"], "carrier": "post"}
            | {"quantity": offer["shipments"]}
            for offer in offers()
            if offer["warehouse_id"] == "LYON"
        ],
        "moves": rows(
            "order_id line_number sku planned_from now_from churn_cents", ("O7", 1, "GLASS", "NYC", "LYON", MOVE_CENTS)
        ),
        "shadow_prices": PRICES,
        "bound_prices": [{name: value for name, value in row.items() if name != "cents_per_unit"} for row in PRICES],
        "bound_premiums": [],
        "pick_lists": [
            {"pick_list_id": "LYON", "warehouse_id": "LYON", "wave_id": "1", "pick_by": at(10, 19)}
            | {"shipments": 6, "units": 9, "stops": 7, "walk_mm": 40_000},
            {"pick_list_id": "NYC", "warehouse_id": "NYC", "wave_id": "2", "pick_by": at(11, 16)}
            | {"shipments": 1, "units": 1, "stops": 1, "walk_mm": 9_000},
        ],
        "pick_stops": stops,
        "manifests": handed,
        "plan_summary": [summary()],
        "baselines": [baseline()],
        "stock_health": [healthy_book()],
        "stock_ledger": [
            *rows(
                "warehouse_id sku day opening_units movement_units closing_units",
                ("LYON", "BOOK", date(2026, 3, 1), 0, 10, 10), ("LYON", "BOOK", date(2026, 3, 5), 10, -4, 6),
            ),
            *(
                {"warehouse_id": row["warehouse_id"], "sku": row["sku"], "day": date(2026, 3, 1)}
                | {"opening_units": row["on_hand"], "movement_units": 0, "closing_units": row["on_hand"]}
                for row in input_tables()["stock"]
                if (row["warehouse_id"], row["sku"]) != ("LYON", "BOOK")
            ),
        ],
    }  # fmt: skip


def healthy_book() -> Row:
    """Stock health of one stock in order: nothing is short, nothing too much, nothing proposed."""
    table = TABLES["stock_health"]
    nothing = {column.name: 0 for column in table.columns if not column.nullable and column.kind is not Kind.TEXT}
    plan = {"waiting_cents": 0, "split_cents": 0, "farther_cents": 0, "plan_cost_cents": 0}
    named = {
        "rank": 1,
        "warehouse_id": "LYON",
        "sku": "BOOK",
        "category": "media",
        "place": "healthy",
        "action": "none",
    }
    return nothing | plan | named


def summary() -> Row:
    parcels = shipments()
    costs = {name: sum(parcel[name] for parcel in parcels) for name in (*MONEY, "lateness_cents")}
    costs |= {
        "backorder_cents": WAITING_CENTS,
        "split_cents": SPLIT_CENTS,
        "reserve_cents": 0,
        "churn_cents": MOVE_CENTS,
    }
    cost, bound = sum(costs.values()), brute_bound_cents(PIECES, offers(), PRICES)
    return {
        "run_id": "2026-03-10-hand", "as_of": AS_OF, "currency": "EUR", "orders": 7, "orders_released": 6, "orders_held": 1,
        "orders_shipped": 6, "orders_short": 1, "orders_split": 1, "orders_late": 1, "lines_released": 8,
        "units_released": 11, "units_shipped": 10, "units_backordered": 1, "shipments": 7, "rejects": 0,
        **costs, "cost_cents": cost, "bound_cents": bound, "gap": (cost - bound) / cost, "status": "FEASIBLE",
        "shadow_bound_cents": bound,
        "orders_offered_in_part": 0, "orders_moved": 1, "lines_moved": 1,
        # Had it to stay or wait, it would wait: that costs sending it later and 21.60 on top of it.
        "moves_saved_cents": 2_160,
    }  # fmt: skip


def baseline() -> Row:
    """A rule that ends at twice the plan's cost."""
    cost = summary()["cost_cents"]
    row = {"baseline": "nearest_warehouse", "cost_cents": 2 * cost, "plan_cost_cents": cost, "saving_share": 0.5}
    return row | {"orders_split": 1, "units_backordered": 1}


def brute_bound_cents(pieces: list[Row], listed: list[Row], prices: list[Row]) -> int:
    """The bound by trying every set of offers of every order; available are 4 books and 9 units of capacity in Lyon, and 1 small box."""
    price = {(row["warehouse_id"], row["sku"]): row["millicents_per_unit"] for row in prices}
    small = next((row["millicents_per_unit"] for row in prices if row["carton_id"]), 0)
    total = -4 * price.get(("LYON", "BOOK"), 0) - 9 * price.get(("LYON", None), 0) - small
    limits = {row["order_id"]: row["max_shipments"] or 99 for row in input_tables()["orders"]}
    for order in sorted({row["order_id"] for row in pieces}):
        own = [row for row in pieces if row["order_id"] == order]
        choices = [row for row in listed if row["order_id"] == order]
        best = None
        for chosen in range(2 ** len(choices)):
            taken = [offer for index, offer in enumerate(choices) if chosen >> index & 1]
            masks = [offer["pieces"] for offer in taken]
            parcels = sum(offer["shipments"] for offer in taken)
            if sum(mask.bit_count() for mask in masks) != _union(masks).bit_count() or parcels > limits[order]:
                continue
            cost = max(parcels - 1, 0) * SPLIT_CENTS * 1000 + sum(offer["cost_cents"] * 1000 for offer in taken)
            for offer in taken:
                uses = [
                    (row["order_id"], row["offer_number"]) for row in CARTONS_OF_OFFERS if row["carton_id"] == "SMALL"
                ]
                cost += small * uses.count((offer["order_id"], offer["offer_number"]))
            for number, piece in enumerate(own):
                carriers = [offer["warehouse_id"] for offer in taken if offer["pieces"] >> number & 1]
                if not carriers:
                    cost += piece["backorder_cents"] * 1000
                for warehouse in carriers:
                    unit = price.get((warehouse, piece["sku"]), 0) + price.get((warehouse, None), 0)
                    cost += piece["quantity"] * unit
            best = cost if best is None else min(best, cost)
        total += best or 0
    return -(-total // 1000)


def _union(masks: list[int]) -> int:
    together = 0
    for mask in masks:
        together |= mask
    return together


@pytest.fixture(scope="session")
def good_tables() -> dict[str, pl.DataFrame]:
    return {name: frame(name, listed) for name, listed in (input_tables() | output_tables()).items()}


@pytest.fixture
def run_files(good_tables: dict[str, pl.DataFrame]) -> RunFiles:
    carriers = {
        "post": Carrier(tracking="sscc_18", prefix="1234567"),
        "speedy": Carrier(tracking="ups_1z", prefix="5R8939", is_synthetic=False),
    }
    return RunFiles(dict(good_tables), Settings(carriers=carriers, inventory=Inventory(period_days=10)))
