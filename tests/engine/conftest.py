"""A small sample night and its run, shared by all tests; and tiny random nights in which every rule may bind."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from engine.batch import run_batch
from engine.config import Carrier, Costs, Night, Settings
from engine.contracts import TABLES
from engine.inputs import Inputs
from engine.runs import Run, open_run
from engine.sample import write_sample
from engine.sample.write import write_inbox
from engine.stages.assign import Plan, assign
from engine.stages.quote import Quotes, quote
from engine.stages.receive import Received, receive

SEED = 7
AS_OF = datetime(2026, 11, 20, 18, 0, tzinfo=UTC)
"""A Friday: 19:00 in Berlin, 13:00 in New York, 03:00 on Saturday in Tokyo."""


@pytest.fixture(scope="session")
def sample_workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sample of 150 orders that nothing has run on; copy it to run."""
    directory = tmp_path_factory.mktemp("sample_workspace")
    write_sample(directory, orders=150, seed=SEED)
    return directory


@pytest.fixture(scope="session")
def small_run(sample_workspace: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The published run of the small sample; its workspace is three folders up."""
    workspace = tmp_path_factory.mktemp("small_run") / "workspace"
    shutil.copytree(sample_workspace, workspace)
    run_batch(workspace)
    return open_run(workspace)


@dataclass(frozen=True)
class TinyNight:
    """A random night of a few orders, from its tables to its plan."""

    inputs: Inputs
    settings: Settings
    as_of: datetime
    received: Received
    quotes: Quotes
    plan: Plan


@pytest.fixture(scope="session")
def tiny_tables() -> Callable[..., dict[str, pl.DataFrame]]:
    """Gives the input tables of a tiny night by seed."""
    return random_tables


@pytest.fixture(scope="session")
def tiny_settings() -> Settings:
    """Settings of a tiny night."""
    return settings_of()


@pytest.fixture(scope="session")
def tiny_night() -> Callable[..., TinyNight]:
    """Gives a tiny night by seed, quoted and assigned; each is worked out once."""
    known: dict[tuple[object, ...], TinyNight] = {}

    def give(seed: int, **sizes: int) -> TinyNight:
        key = (seed, *sizes.items())
        if key not in known:
            known[key] = plan_night(random_tables(seed, **sizes), settings_of())
        return known[key]

    return give


@pytest.fixture(scope="session")
def plan_tables() -> Callable[..., TinyNight]:
    """Quotes and assigns tables of one's own."""
    return plan_night


@pytest.fixture(scope="session")
def tiny_workspace() -> Callable[..., Path]:
    """Writes the tables of a tiny night as a workspace."""
    return write_workspace


def plan_night(tables: dict[str, pl.DataFrame], settings: Settings, as_of: datetime = AS_OF) -> TinyNight:
    inputs = Inputs.from_frames(tables)
    received = receive(inputs, TABLES["holds"].empty(), settings, as_of)
    quotes = quote(received, inputs, settings, as_of)
    return TinyNight(
        inputs, settings, as_of, received, quotes, assign(received.orders, quotes, inputs, settings, as_of)
    )


def settings_of() -> Settings:
    return Settings(
        night=Night(as_of=AS_OF, threads=1),
        costs=Costs(backorder_cents_per_line=2_200),
        carriers={
            "post": Carrier(tracking="sscc_18", prefix="1234567"),
            "speedy": Carrier(tracking="ups_1z", prefix="5R8939"),
        },
    )


def write_workspace(directory: Path, tables: dict[str, pl.DataFrame], *, seed: int = 0) -> Path:
    write_inbox(directory, tables)
    directory.joinpath("ordermill.toml").write_text(
        f'[night]\nas_of = {AS_OF:%Y-%m-%dT%H:%M:%SZ}\nseed = {seed}\n[carriers.post]\ntracking = "sscc_18"\nprefix = "1234567"\n',
        encoding="utf-8",
    )
    return directory


def random_tables(
    seed: int, *, orders: int = 5, lines: int = 3, skus: int = 5, stock: int = 4
) -> dict[str, pl.DataFrame]:
    """Tables of a night in which stock, capacity and cartons are short, and tariffs change with the day."""
    rng = np.random.default_rng(seed)
    names = [f"{number:05d}" for number in range(skus)]
    tables = {
        **_network(rng, names, stock),
        **_tariff(rng),
        **_packing(rng, names),
        **_orders(rng, names, orders, lines),
    }
    return {name: _frame(name, rows) for name, rows in tables.items()}


def _frame(name: str, rows: list[dict[str, object]]) -> pl.DataFrame:
    table = TABLES[name]
    full = [{column.name: row.get(column.name, column.default) for column in table.columns} for row in rows]
    frame = pl.DataFrame(full, schema=table.schema, orient="row") if full else table.empty()
    return frame.sort(table.key) if table.key else frame


Rows = list[dict[str, object]]
PLACES = (("BER", "DE", "Europe/Berlin"), ("NYC", "US", "America/New_York"), ("TYO", "JP", "Asia/Tokyo"))
PREFIXES = ("", "1", "10", "101", "2")


def _network(rng: np.random.Generator, skus: list[str], stock: int) -> dict[str, Rows]:
    warehouses = [
        {
            "warehouse_id": name,
            "country": country,
            "postcode": "10000",
            "latitude": 0.0,
            "longitude": 0.0,
            "timezone": timezone,
            "cutoff": time(int(rng.integers(10, 22)), 30),
            "daily_capacity_units": int(rng.integers(4, 12)) if rng.random() < 0.5 else None,
            "handling_cents_per_shipment": int(rng.integers(50, 150)),
            "pick_cents_per_unit": int(rng.integers(5, 40)),
        }
        for name, country, timezone in PLACES
    ]
    held = [
        {
            "warehouse_id": place[0],
            "sku": sku,
            "on_hand": int(rng.integers(0, stock + 3)),
            "reserved": int(rng.integers(0, 2)),
            "safety_stock": int(rng.integers(0, 2)),
        }
        for place in PLACES
        for sku in skus
        if rng.random() < 0.8
    ]
    inbound = [
        {
            "warehouse_id": "BER",
            "sku": sku,
            "quantity": 5,
            "expected_at": AS_OF + timedelta(hours=int(rng.integers(-48, 400))),
        }
        for sku in skus
        if rng.random() < 0.5
    ]
    return {"warehouses": warehouses, "stock": held, "inbound": inbound}


def _tariff(rng: np.random.Generator) -> dict[str, Rows]:
    long_ago, turn = date(2025, 1, 1), date(2026, 11, 21)
    services: Rows = [
        {
            "service_id": name,
            "carrier": carrier,
            "speed": "standard",
            "preference": number,
            "dim_divisor_cm3_per_kg": divisor,
            "dim_from_cm3": 2_000 if divisor else 0,
            "weight_step_g": step,
            "max_weight_g": heaviest,
            "max_length_mm": 900,
            "max_length_plus_girth_mm": 2_500 if divisor else None,
            "hazard_classes": hazards,
            "valid_from": start,
            "valid_to": end,
        }
        for number, (name, carrier, divisor, step, heaviest, hazards, start, end) in enumerate(
            [
                ("ECO", "post", 5_000, 100, 12_000, None, long_ago, None),
                ("EXP", "speedy", None, 500, 30_000, "3 8", long_ago, turn),
                ("EXP", "speedy", 4_000, 500, 30_000, "3", turn + timedelta(days=1), None),
                ("OLD", "post", None, 1, 30_000, "3", long_ago, date(2026, 10, 1)),
            ]
        )
    ]
    zones: Rows = [
        {
            "service_id": service,
            "warehouse_id": place,
            "dest_country": country,
            "dest_postcode_prefix": prefix,
            "zone": int(rng.integers(1, 4)),
            "transit_days": int(rng.integers(0, 5)),
        }
        for service in ("ECO", "EXP", "OLD")
        for place, _, _ in PLACES
        for country in ("DE", "US")
        for prefix in PREFIXES
        if rng.random() < (0.5 if prefix else 0.95)
    ]
    rates: Rows = []
    for service in ("ECO", "EXP", "OLD"):
        for zone in (1, 2, 3):
            price = int(rng.integers(200, 600))
            for up_to in (1_000, 4_000, 12_000, 30_000):
                price += int(rng.integers(50, 400))
                rates.append(_rate(service, zone, up_to, price, long_ago, None))
                if rng.random() < 0.4:
                    rates.append(_rate(service, zone, up_to, price + 37, turn, None))
    surcharges: Rows = [
        {"service_id": service, "surcharge_id": name, "group": group, "basis": basis, "amount": amount}
        | {"trigger": trigger, "threshold": threshold, "valid_from": start, "valid_to": end}
        for service in ("ECO", "EXP")
        for name, group, basis, amount, trigger, threshold, start, end in (
            ("FUEL", None, "per_cent", 1_250, "always", None, long_ago, date(2026, 11, 20)),
            ("FUEL", None, "per_cent", 1_575, "always", None, turn, None),
            ("LONG", "size", "flat", 210, "longest_mm", 350, long_ago, None),
            ("BULKY", "size", "flat", 300, "volume_cm3", 9_000, long_ago, None),
            ("HEAVY", None, "flat", 120, "weight_g", 3_000, long_ago, None),
            ("FAR", None, "flat", 90, "zone", 2, long_ago, None),
            ("PEAK", None, "flat", 77, "always", None, long_ago, date(2026, 1, 1)),
        )
    ]
    return {"services": services, "zones": zones, "rates": rates, "surcharges": surcharges}


def _rate(service: str, zone: int, up_to: int, price: int, start: date, end: date | None) -> dict[str, object]:
    return {"service_id": service, "zone": zone, "up_to_g": up_to, "price_cents": price} | {
        "valid_from": start,
        "valid_to": end,
    }


def _packing(rng: np.random.Generator, skus: list[str]) -> dict[str, Rows]:
    products: Rows = [
        {
            "sku": sku,
            "category": "things",
            **{f"{side}_mm": int(rng.integers(40, 260)) for side in ("length", "width", "height")},
            "weight_g": int(rng.integers(100, 3_000)),
            "unit_cost_cents": 500,
            "fragility": str(rng.choice(["none", "none", "fragile"])),
            "hazard_class": str(rng.choice(["3", "8", ""], p=[0.2, 0.2, 0.6])) or None,
        }
        for sku in skus
    ]
    cartons: Rows = [
        {
            "carton_id": name,
            "kind": kind,
            "tare_g": tare,
            "max_weight_g": 15_000,
            "cost_cents": cents,
            "on_hand": on_hand,
        }
        | dict(zip((f"inner_{side}_mm" for side in ("length", "width", "height")), inner, strict=True))
        | dict(zip((f"outer_{side}_mm" for side in ("length", "width", "height")), (n + 8 for n in inner), strict=True))
        for name, kind, inner, tare, cents, on_hand in (
            ("SMALL", "box", (280, 200, 120), 90, 40, 2),
            ("MEDIUM", "box", (300, 280, 280), 200, 70, None),
            ("LARGE", "box", (560, 380, 300), 400, 130, 3),
            ("BAG", "bag", (300, 250, 80), 20, 12, None),
        )
    ]
    protection: Rows = [
        {"material_id": "WRAP", "kind": "bubble_wrap", "fragility": "fragile", "thickness_mm": 8}
        | {"cents_per_litre": 90, "g_per_litre": 30}
    ]
    return {"products": products, "cartons": cartons, "protection": protection}


def _orders(rng: np.random.Generator, skus: list[str], orders: int, most_lines: int) -> dict[str, Rows]:
    placed: Rows = []
    lines: Rows = []
    for number in range(orders):
        order_id = f"O{number:03d}"
        placed.append(
            {
                "order_id": order_id,
                "channel": "shop",
                "placed_at": AS_OF - timedelta(hours=30, minutes=number),
                "payment_status": "paid",
                "service_level": str(rng.choice(["economy", "standard", "express"])),
                "promised_by": AS_OF + timedelta(hours=int(rng.integers(-30, 200))) if rng.random() < 0.7 else None,
                "ship_country": str(rng.choice(["DE", "US"])),
                "ship_postcode": str(rng.choice(["10115", "10999", "12345", "20095", "99999", "1"])),
                "priority": int(rng.integers(0, 3)),
                "max_shipments": int(rng.integers(1, 3)) if rng.random() < 0.3 else None,
                "currency": "EUR",
            }
        )
        lines += [
            {"order_id": order_id, "line_number": line + 1, "sku": str(rng.choice(skus)), "unit_price_cents": 900}
            | {"quantity": int(rng.choice([1, 1, 2, 3, 6]))}
            for line in range(int(rng.integers(1, most_lines + 1)))
        ]
    return {"orders": placed, "order_lines": lines}
