"""The back-test: what was proposed against what then came, was sold and was missed, over two nights."""

import json
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from engine.batch import run_batch
from engine.cli import main
from engine.config import Inventory
from engine.contracts import TABLES
from engine.contracts.reports import PROPOSAL_BACKTEST, REPLENISHMENT, TRANSFERS
from engine.errors import UsageError
from engine.reports.backtest import backtest, latest_two, told
from engine.reports.outlook import look
from engine.runs import open_run

NIGHT = datetime(2026, 3, 1, 22, tzinfo=UTC)
DAYS = 12
PRODUCTS = pl.DataFrame({"sku": list("ABCDEF"), "category": "x", "unit_cost_cents": 1_000})
RULES = Inventory(lead_time_days=7, cycle_days=7, period_days=DAYS, holding_rate=0.365)


def movements(*rows):
    full = [(NIGHT + timedelta(days=day), "L", sku, units, kind, None, None) for day, sku, units, kind in rows]
    return pl.DataFrame(full, schema=TABLES["stock_movements"].schema, orient="row")


def proposed(**units):
    """Purchases of so many units."""
    rows = [{"warehouse_id": "L", "sku": sku, "buy_units": count} for sku, count in units.items()]
    missing = [pl.lit(None, kind).alias(name) for name, kind in REPLENISHMENT.schema.items() if name not in rows[0]]
    return pl.DataFrame(rows).with_columns(missing).select(REPLENISHMENT.schema.keys())


def outcome(stock, moved, buy, moves=None):
    held = pl.DataFrame(
        [("L", sku, units, 0, 0) for sku, units in stock.items()], schema=TABLES["stock"].schema, orient="row"
    )
    outlook = look(held, moved, PRODUCTS, TABLES["inbound"].empty(), NIGHT, settings=RULES)
    found = told(buy, TRANSFERS.empty() if moves is None else moves, outlook, DAYS)
    assert found.schema == PROPOSAL_BACKTEST.schema
    return {row["sku"]: row for row in found.iter_rows(named=True)}


def sold(sku, a_day, first=-80, last=0):
    return [(day, sku, -a_day, "sale") for day in range(first, last + 1)]


def test_what_was_on_its_way_already_does_not_answer_a_proposal():
    held = pl.DataFrame([("L", "A", 30, 0, 0)], schema=TABLES["stock"].schema, orient="row")
    moved = movements(*sold("A", 2), (-6, "A", 20, "receipt"))
    outlook = look(held, moved, PRODUCTS, TABLES["inbound"].empty(), NIGHT, settings=RULES)
    due = pl.DataFrame({"warehouse_id": ["L"], "sku": ["A"], "quantity": [15]})
    found = told(proposed(A=20), TRANSFERS.empty(), outlook, DAYS, due=due)
    assert found["followed_units"].to_list() == [5]


def test_each_way_it_can_turn_out():
    rows = outcome(
        {"A": 6, "B": 30, "C": 0, "D": 5, "E": 0, "F": 9},
        movements(
            *sold("A", 2), (-6, "A", 20, "receipt"),
            *sold("B", 1), (-6, "B", 20, "receipt"),
            *sold("C", 2, last=-5),
            *sold("D", 1),
            *sold("E", 3, last=-3),
            *sold("F", 1),
        ),
        proposed(A=20, B=20, C=20, D=4),
    )  # fmt: skip
    # Six of the twenty that came are still there.
    assert (rows["A"]["verdict"], rows["A"]["followed_units"], rows["A"]["avoided_units"]) == ("avoided", 20, 14)
    assert rows["A"]["avoided_cents"] == 14 * 350
    assert rows["A"]["held_cents"] == 6 * 12
    assert (rows["B"]["verdict"], rows["B"]["avoided_cents"], rows["B"]["held_cents"]) == ("in_stock", 0, 20 * 12)
    # From the fourth last day on there was nothing: two a day would have been sold.
    assert (rows["C"]["verdict"], rows["C"]["days_without_stock"]) == ("missed", 5)
    assert rows["C"]["missed_units"] == pytest.approx(10, abs=1)
    assert rows["C"]["missed_cents"] == pytest.approx(10 * 350, abs=400)
    assert (rows["D"]["verdict"], rows["D"]["followed_units"], rows["D"]["missed_cents"]) == ("not_needed", 0, 0)
    assert (rows["E"]["verdict"], rows["E"]["proposed_units"]) == ("unforeseen", 0)
    assert rows["E"]["missed_units"] == pytest.approx(9, abs=1)
    assert "F" not in rows


def test_a_move_counts_by_what_was_moved_in():
    moves = pl.DataFrame(
        {"rank": [1], "sku": ["A"], "from_warehouse_id": ["M"], "to_warehouse_id": ["L"], "quantity": [8]}
        | {"cost_cents": [820], "saved_cents": [10], "saved_per_cent": [0.1]},
        schema=TRANSFERS.schema,
    )
    row = outcome({"A": 0}, movements(*sold("A", 1), (-9, "A", 5, "transfer_in")), proposed(B=1), moves)["A"]
    assert (row["move_units"], row["followed_units"], row["avoided_units"]) == (8, 5, 5)


@pytest.fixture(scope="module")
def two_nights(tmp_path_factory, tiny_tables, tiny_workspace):
    tables = tiny_tables(5, orders=3)
    pairs = tables["stock"].select("warehouse_id", "sku").head(2)
    as_of = datetime(2026, 11, 20, 18, tzinfo=UTC)
    tables["stock"] = tables["stock"].with_columns(
        on_hand=pl.when(pl.int_range(pl.len()) < 2).then(4).otherwise("on_hand"), reserved=0, safety_stock=0
    )
    sales = pairs.join(pl.DataFrame({"day": range(90)}), how="cross").select(
        moved_at=pl.lit(as_of) - pl.duration(days="day", hours=1), warehouse_id="warehouse_id", sku="sku",
        quantity=pl.lit(-3), kind=pl.lit("sale"),
    )  # fmt: skip
    workspace = tiny_workspace(tmp_path_factory.mktemp("backtest"), tables)
    inbox = workspace / "inbox"
    (inbox / "stock_movements.csv").write_text(sales.write_csv(), encoding="utf-8")
    first = open_run(run_batch(workspace).directory)
    bought = first.replenishment.join(pairs, on=["warehouse_id", "sku"], how="semi")
    # What was proposed for the first came and was sold with what was there; the second got nothing and ran out.
    place = pairs.row(0, named=True)
    own = bought.filter(warehouse_id=place["warehouse_id"], sku=place["sku"])["buy_units"].item()
    later = [
        (as_of + timedelta(days=4), *pairs.row(0), own, "receipt"),
        (as_of + timedelta(days=9), *pairs.row(0), -own, "sale"),
        (as_of + timedelta(days=1), *pairs.row(1), -4, "sale"),
    ]
    schema = ["moved_at", "warehouse_id", "sku", "quantity", "kind"]
    (inbox / "stock_movements-later.csv").write_text(
        pl.DataFrame(later, schema=schema, orient="row").write_csv(), encoding="utf-8"
    )
    emptied = tables["stock"].with_columns(on_hand=pl.when(pl.int_range(pl.len()) == 1).then(0).otherwise("on_hand"))
    (inbox / "stock.csv").write_text(emptied.write_csv(), encoding="utf-8")
    second = open_run(run_batch(workspace, as_of=as_of + timedelta(days=14)).directory)
    return workspace, first, second, pairs, own


def test_two_nights_are_set_against_each_other(two_nights):
    _, first, second, pairs, own = two_nights
    found = backtest(first, second)
    rows = {(row["warehouse_id"], row["sku"]): row for row in found.stocks.iter_rows(named=True)}
    followed, missed = rows[pairs.row(0)], rows[pairs.row(1)]
    assert (followed["verdict"], followed["followed_units"], followed["avoided_units"]) == ("avoided", own, own - 4)
    assert missed["verdict"] == "missed"
    assert missed["missed_cents"] > 0
    assert found.summary["stocks"].sum() == found.stocks.height
    assert "a stock-out was avoided" in str(found)


def test_the_command_finds_the_two_nights_and_tells(two_nights, capsys, monkeypatch):
    workspace, first, second, _, _ = two_nights
    assert [run.run_id for run in latest_two(workspace)] == [first.run_id, second.run_id]
    for given in ([workspace], [first.directory, second.directory]):
        monkeypatch.setattr("sys.argv", ["ordermill", "backtest", *map(str, given), "--json"])
        with pytest.raises(SystemExit) as ended:
            main()
        assert ended.value.code == 0
        assert json.loads(capsys.readouterr().out) == json.loads(
            json.dumps(backtest(first, second).as_dict(), default=str)
        )


def test_one_night_is_not_enough(two_nights, tmp_path):
    _, first, second, _, _ = two_nights
    with pytest.raises(UsageError, match="does not lie a day after"):
        backtest(second, first)
    with pytest.raises(UsageError, match="no published runs of two days"):
        latest_two(tmp_path)
