"""The stock ledger and turnover from a long movement log, beside DuckDB; purchases and transfers of a night."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl
import pytest

FULL = os.environ.get("ORDERMILL_BENCH") == "full"
MOVEMENTS = 20_000_000 if FULL else 200_000
SKUS, PLACES = (15_000, 10) if FULL else (500, 10)
NIGHT = datetime(2026, 3, 1, 23, 59, tzinfo=UTC)

PEAK = """
def mib(what):
    # Not getrusage: that one starts from the parent's size.
    lines = open("/proc/self/status").read().splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith(what))) / 1024
"""

MEASURE = """
import json, sys, time
from datetime import datetime
from pathlib import Path
import polars as pl
from engine.reports.turnover import inventory_turnover
folder, threads = Path(sys.argv[1]), int(sys.argv[2])
night = datetime.fromisoformat(sys.argv[3])
stock, products = pl.read_parquet(folder / "stock.parquet"), pl.read_parquet(folder / "products.parquet")
warm = folder / "warm.parquet"
{call_warm}
floor = mib("VmRSS")
start, cpu = time.perf_counter(), time.process_time()
table = {call}
seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
print(json.dumps({{"seconds": seconds, "cpu": cpu, "mib": mib("VmHWM"), "floor": floor,
                   "rows": table.height}}))
"""


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    """A year of movements in time order, as an export would bring them: sales, receipts, returns, transfers."""
    folder = tmp_path_factory.mktemp("log")
    rng = np.random.default_rng(0)
    kinds = np.array(["receipt", "sale", "return", "transfer_in", "transfer_out", "adjustment"])
    kind = rng.choice(kinds.size, MOVEMENTS, p=[0.08, 0.82, 0.04, 0.02, 0.02, 0.02]).astype(np.int8)
    size = rng.integers(1, 5, MOVEMENTS)
    quantity = np.where(kind == 0, size * 12, np.where((kind == 1) | (kind == 4), -size, size))
    at = np.sort(rng.integers(0, 365 * 86_400, MOVEMENTS))
    sku = rng.integers(0, SKUS, MOVEMENTS)
    place = rng.integers(0, PLACES, MOVEMENTS)
    night_us = int(NIGHT.timestamp()) * 1_000_000
    frame = pl.DataFrame(
        {
            "moved_at": pl.Series(night_us - (365 * 86_400 - at) * 1_000_000).cast(pl.Datetime("us", "UTC")),
            "warehouse_id": pl.Series([f"W{one}" for one in range(PLACES)]).gather(place),
            "sku": pl.Series([f"{one:05d}" for one in range(SKUS)]).gather(sku),
            "quantity": quantity,
            "kind": pl.Series(kinds.tolist()).gather(kind.astype(np.int64)),
            "unit_cost_cents": pl.Series(np.where(kind == 0, rng.integers(100, 5_000, MOVEMENTS), -1)).replace(
                -1, None
            ),
        }
    )
    frame.write_parquet(folder / "movements.parquet", row_group_size=1 << 20)
    frame.head(2_000).write_parquet(folder / "warm.parquet")
    pairs = pl.DataFrame({"sku": [f"{one:05d}" for one in range(SKUS)]}).join(
        pl.DataFrame({"warehouse_id": [f"W{one}" for one in range(PLACES)]}), how="cross"
    )
    pairs.select("warehouse_id", "sku", on_hand=pl.Series(rng.integers(0, 200, pairs.height))).write_parquet(
        folder / "stock.parquet"
    )
    pl.DataFrame(
        {
            "sku": [f"{one:05d}" for one in range(SKUS)],
            "category": [f"c{one % 40}" for one in range(SKUS)],
            "unit_cost_cents": rng.integers(100, 5_000, SKUS),
        }
    ).write_parquet(folder / "products.parquet")
    return folder


def measure(folder: Path, threads: int, options: str = "", *, warm: bool = True) -> dict[str, float]:
    """Run in a process of its own, so that its memory is its own.

    Kernels are loaded by a call on a few rows first; what that call leaves behind is in the memory, so `warm=False`.
    """
    call = f"inventory_turnover(stock, {{}}, products, night, period_days=365, threads=threads{options})"
    script = MEASURE.format(
        call_warm=call.format("warm") if warm else "",
        call=call.format('folder / "movements.parquet"'),
    )
    done = subprocess.run(
        [sys.executable, "-c", PEAK + script, str(folder), str(threads), NIGHT.isoformat()],
        check=True,
        capture_output=True,
        text=True,
    )
    return json.loads(done.stdout.splitlines()[-1])


READ = """
import json, sys, time
import pyarrow.parquet as pq
names = ["sku", "warehouse_id", "kind"]
start, cpu = time.perf_counter(), time.process_time()
file = pq.ParquetFile(sys.argv[1] + "/movements.parquet", read_dictionary=names, pre_buffer=False, buffer_size=1 << 16)
for columns in (["sku", "warehouse_id", "quantity"], [*names, "moved_at", "quantity", "unit_cost_cents"]):
    for batch in file.iter_batches(1 << 17, columns=columns, use_threads=False):
        pass
print(json.dumps({"seconds": time.perf_counter() - start, "cpu": time.process_time() - cpu, "mib": mib("VmHWM")}))
"""
QUERY = """
import duckdb, json, sys, time
folder = sys.argv[1]
con = duckdb.connect(config={"threads": int(sys.argv[2])})
start, cpu = time.perf_counter(), time.process_time()
con.sql(sys.argv[3].format(folder=folder)).fetchall()
print(json.dumps({"seconds": time.perf_counter() - start, "cpu": time.process_time() - cpu,
                  "mib": mib("VmHWM")}))
"""
DENSE = """
    with day as (select warehouse_id, sku, moved_at::date as day, sum(quantity) as moved,
                        -sum(quantity) filter (where kind in ('sale', 'return')) as sold
                 from '{folder}/movements.parquet' group by all),
         days as (select s.warehouse_id, s.sku, s.on_hand, d.day::date as day
                  from '{folder}/stock.parquet' s, range(date '2025-03-02', date '2026-03-02', interval 1 day) d(day)),
         dense as (select days.*, coalesce(moved, 0) as moved, coalesce(sold, 0) as sold
                   from days left join day using (warehouse_id, sku, day)),
         closing as (select *, on_hand - coalesce(sum(moved) over (partition by warehouse_id, sku order by day
                            rows between 1 following and unbounded following), 0) as units from dense)
    select warehouse_id, sku, avg(units) as average_units, sum(sold) as sold_units,
           count(*) filter (where units <= 0) as stock_out_days from closing group by all
"""
LINEAR = """
    with moved as (select warehouse_id, sku, sum(quantity) as total,
                          sum(quantity * greatest(datediff('day', date '2025-03-02', moved_at::date), 0)) as missed,
                          -sum(quantity) filter (where kind in ('sale', 'return')) as sold
                   from '{folder}/movements.parquet' group by all)
    select s.warehouse_id, s.sku, s.on_hand - coalesce(missed, 0) / 365 as average_units, coalesce(sold, 0) as sold_units
    from '{folder}/stock.parquet' s left join moved using (warehouse_id, sku)
"""


def ask_duckdb(folder: Path, threads: int, query: str) -> dict[str, float]:
    return ask(QUERY, str(folder), str(threads), query)


def ask(script: str, *arguments: str) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, "-c", PEAK + script, *arguments],
        check=True,
        capture_output=True,
        text=True,
    )
    return json.loads(done.stdout.splitlines()[-1])


def show(name: str, found: dict[str, float]) -> None:
    floor = f", {found['floor']:.0f} of them before it began" if "floor" in found else ""
    print(f"\n{name}: {found['seconds']:.2f} s, {found['cpu']:.2f} CPU-s, {found['mib']:.0f} MiB{floor}", end="")


@pytest.mark.parametrize("threads", [1, 2])
def test_ledger_with_reading(log, threads):
    found = measure(log, threads)
    show(f"{MOVEMENTS:,} movements, {SKUS * PLACES:,} stocks, valued, aged and rolled up, {threads} thread(s)", found)
    assert found["rows"] >= SKUS * PLACES


def test_dense_days_in_duckdb_beside_it(log):
    ours, theirs = measure(log, 2, ", levels=['warehouse_sku']"), ask_duckdb(log, 2, DENSE)
    show("ours, stocks only", ours)
    show("dense days in DuckDB, units only, no cost and no age", theirs)
    print(f"\nratio {theirs['cpu'] / ours['cpu']:.1f} in CPU time, {theirs['mib'] / ours['mib']:.1f} in memory")


def test_turnover_alone_beside_a_linear_query(log):
    ours, theirs = measure(log, 1, ", levels=['warehouse_sku'], has_ages=False"), ask_duckdb(log, 1, LINEAR)
    show("turnover alone, to the cent", ours)
    show(
        "the same, all that its process does", measure(log, 1, ", levels=['warehouse_sku'], has_ages=False", warm=False)
    )
    show("its columns decoded as often, and nothing else", ask(READ, str(log)))
    show("one pass in DuckDB, units only", theirs)
    print(f"\nratio {theirs['cpu'] / ours['cpu']:.2f} in CPU time, {theirs['mib'] / ours['mib']:.2f} in memory")


@pytest.mark.parametrize("budget_cents", [None, 20_000_000])
def test_purchases_and_transfers(benchmark, budget_cents):
    from engine.contracts.goods import INBOUND
    from engine.reports.proposals import propose_orders

    rng = np.random.default_rng(0)
    skus, rows = (5_000, 1_000_000) if FULL else (100, 10_000)
    share = 1 / np.arange(1, skus + 1) ** 0.8
    kind = rng.choice(3, rows, p=[0.08, 0.88, 0.04])
    size = rng.integers(1, 4, rows)
    at = int(NIGHT.timestamp()) - rng.integers(0, 365 * 86_400, rows)
    names = [f"{one:05d}" for one in range(skus)]
    movements = pl.DataFrame(
        {
            "moved_at": pl.Series(at * 1_000_000).cast(pl.Datetime("us", "UTC")),
            "warehouse_id": pl.Series([f"W{one}" for one in range(PLACES)]).gather(rng.integers(0, PLACES, rows)),
            "sku": pl.Series(names).gather(rng.choice(skus, rows, p=share / share.sum())),
            "quantity": np.where(kind == 0, size * 10, np.where(kind == 1, -size, size)),
            "kind": pl.Series(["receipt", "sale", "return"]).gather(kind),
        }
    )
    places = pl.DataFrame({"warehouse_id": [f"W{one}" for one in range(PLACES)]})
    pairs = pl.DataFrame({"sku": names}).join(places, how="cross")
    stock = pairs.with_columns(on_hand=pl.Series(rng.integers(0, 60, pairs.height)))
    products = pl.DataFrame(
        {
            "sku": names,
            "category": [f"c{one % 40}" for one in range(skus)],
            "unit_cost_cents": rng.integers(200, 8_000, skus),
        }
    )

    def propose():
        return propose_orders(stock, movements, products, INBOUND.empty(), NIGHT, budget_cents=budget_cents, threads=2)

    if FULL:
        propose()
    cpu = time.process_time()
    found = benchmark.pedantic(propose, rounds=1, iterations=1)
    print(
        f"\n{pairs.height:,} stocks, budget {budget_cents}: {time.process_time() - cpu:.1f} CPU-s, "
        f"{found.replenishment.height:,} purchases, {found.transfers.height:,} transfers, "
        f"saves {found.baseline_cents - found.outcome.cost:,} of {found.baseline_cents:,} cents, gap {found.outcome.gap:.4f}"
    )
