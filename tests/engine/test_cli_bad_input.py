from __future__ import annotations

import errno
import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from engine.cli import main
from engine.locking import only_writer
from engine.runs import open_run
from engine.runs.folders import published
from engine.verify import verify_run

Tables = dict[str, pl.DataFrame]


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str


@pytest.fixture
def ordermill(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Ended]]:
    """Gives the command, run in this process."""
    before = signal.getsignal(signal.SIGTERM)

    def call(*arguments: object) -> Ended:
        monkeypatch.setattr(sys, "argv", ["ordermill", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        text = capsys.readouterr()
        assert isinstance(ended.value.code, int)
        return Ended(ended.value.code, text.out, text.err)

    yield call
    signal.signal(signal.SIGTERM, before)


@pytest.fixture(scope="module")
def filled(
    tmp_path_factory: pytest.TempPathFactory,
    tiny_tables: Callable[..., Tables],
    tiny_workspace: Callable[..., Path],
) -> Path:
    return tiny_workspace(tmp_path_factory.mktemp("filled"), tiny_tables(5, orders=4))


@pytest.fixture
def workspace(tmp_path: Path, filled: Path) -> Path:
    return shutil.copytree(filled, tmp_path / "workspace")


def edit(path: Path, change: Callable[[bytes], bytes]) -> None:
    path.write_bytes(change(path.read_bytes()))


def as_parquet(path: Path, change: Callable[[pl.DataFrame], pl.DataFrame]) -> Path:
    frame = change(pl.read_csv(path, infer_schema=False))
    path.unlink()
    frame.write_parquet(path.with_suffix(".parquet"))
    return path.with_suffix(".parquet")


def without(name: str) -> Callable[[Path], None]:
    return lambda inbox: (inbox / name).unlink()


def spoil(table: str, change: Callable[[bytes], bytes]) -> Callable[[Path], None]:
    return lambda inbox: edit(inbox / f"{table}.csv", change)


def all_of(table: str, column: str, value: str) -> Callable[[Path], None]:
    def change(inbox: Path) -> None:
        path = inbox / f"{table}.csv"
        pl.read_csv(path, infer_schema=False).with_columns(pl.lit(value).alias(column)).write_csv(path)

    return change


def numeric_sku(inbox: Path) -> None:
    as_parquet(inbox / "products.csv", lambda frame: frame.with_columns(pl.col("sku").cast(pl.Int64)))


def cut_parquet(inbox: Path) -> None:
    edit(as_parquet(inbox / "stock.csv", lambda frame: frame), lambda content: content[: len(content) // 2])


def a_folder(inbox: Path) -> None:
    (inbox / "orders.csv").unlink()
    (inbox / "orders.csv").mkdir()


def two_months_at_once(inbox: Path) -> None:
    content = (inbox / "rates.csv").read_bytes()
    (inbox / "rates.2026-12.csv").write_bytes(content.replace(b"\n", b"\r\n"))


REFUSED: dict[str, tuple[Callable[[Path], None], list[str]]] = {
    "a missing table": (without("cartons.csv"), ["no file for cartons", "docs/tables.md lists the columns"]),
    "a missing column": (
        spoil("products", lambda content: content.replace(b"category", b"kategorie", 1)),
        ["products.csv: column category missing", "Found: sku, kategorie", "Name the columns of table products"],
    ),
    "a column twice": (
        spoil("products", lambda content: content.replace(b"category", b"sku", 1)),
        ["products.csv: column sku stands twice", "Keep one"],
    ),
    "an empty file": (spoil("stock", lambda _: b""), ["stock.csv is empty", "Export it again"]),
    "another encoding": (
        spoil("stock", lambda content: content.decode().encode("utf-16")),
        ["stock.csv", "Export the file as UTF-8"],
    ),
    "a number for an article": (
        numeric_sku,
        ["products.parquet: column sku is of type Int64", "text, so that 00123 stays 00123"],
    ),
    "a parquet file cut in the middle": (cut_parquet, ["stock.parquet cannot be read", "export it again"]),
    "a folder in place of a file": (a_folder, ["orders.csv cannot be read: Is a directory", "Put a file there"]),
    "nonsense as parquet": (
        lambda inbox: (inbox / "orders-x.parquet").write_bytes(b"PAR1 no"),
        ["orders-x.parquet cannot be read"],
    ),
    "quantities that are no numbers": (
        all_of("order_lines", "quantity", "NaN"),
        ["table order_lines", "order_lines.csv row 1, column quantity, value 'NaN': not a whole number", "Correct the"],
    ),
    "infinite coordinates": (
        all_of("warehouses", "latitude", "inf"),
        ["warehouses.csv row 1, column latitude, value 'inf': not a finite number"],
    ),
    "quantities of zero": (
        all_of("order_lines", "quantity", "0"),
        ["order_lines.csv row 1, column quantity, value '0': less than 1, the least allowed"],
    ),
    "negative quantities": (
        all_of("order_lines", "quantity", "-1"),
        ["order_lines.csv row 1, column quantity, value '-1': less than 1"],
    ),
    "huge weights": (
        all_of("products", "weight_g", "99999999999999999999"),
        ["products.csv row 1, column weight_g, value '99999999999999999999': too large a number"],
    ),
    "one key for all": (
        all_of("stock", "sku", "00000"),
        ["table stock", "column warehouse_id, sku", "this key stands in the file already; the first row was kept"],
    ),
    "the same keys in two files": (
        two_months_at_once,
        ["table rates", "rates.2026-12.csv row 1", "this key stands in rates.csv already", "Remove the file"],
    ),
    "lines without orders": (
        all_of("order_lines", "order_id", "nobody's"),
        ['value "nobody\'s": not in table orders: add it there or correct it here'],
    ),
    "times that are no times": (
        all_of("orders", "placed_at", "2026-02-30T10:00:00Z"),
        ["orders.csv row 1, column placed_at, value '2026-02-30T10:00:00Z': not a time like 2026-11-22T21:30:00Z"],
    ),
    "a time zone that is none": (
        all_of("warehouses", "timezone", "Mars/Olympus"),
        ["warehouses.csv row 1, column timezone, value 'Mars/Olympus': not an IANA time zone"],
    ),
}


@pytest.mark.parametrize(("change", "said"), REFUSED.values(), ids=REFUSED)
def test_input_that_cannot_be_used_ends_with_3_and_says_where_and_what_to_do(
    workspace: Path, ordermill: Callable[..., Ended], change: Callable[[Path], None], said: list[str]
) -> None:
    change(workspace / "inbox")
    edit(workspace / "ordermill.toml", lambda content: content + b"[load]\ntolerated_reject_rows = 0\n")
    ended = ordermill("run", workspace)
    assert ended.code == 3
    for part in said:
        assert part in ended.err
    assert ended.err.startswith("ordermill: ")
    assert "Traceback" not in ended.err
    assert ended.out == ""
    assert published(workspace) == []
    listed = ordermill("orders", "list", workspace, "--json")
    assert (listed.code, json.loads(listed.out)) == (0, [])


USAGE: dict[str, tuple[list[str], str]] = {
    "no workspace": (["run", "{workspace}/inbox"], "Make a workspace with: ordermill init"),
    "no time": (["run", "{workspace}", "--as-of", "tonight"], "--as-of 'tonight' is not a time like"),
    "no year": (["run", "{workspace}", "--as-of", "0001-01-01T00:00:00Z"], "outside the years"),
    "last year": (["run", "{workspace}", "--as-of", "9999-12-31T23:00:00Z"], "outside the years"),
    "no option": (["run", "{workspace}", "--quickly"], "No such option"),
    "no command": (["walk"], "No such command"),
    "negative seed": (["run", "{workspace}", "--seed", "-1"], "Invalid value for '--seed'"),
    "no order": (["orders", "hold", "{workspace}", "O999"], "the book has no order 'O999'"),
    "no run": (["verify", "{workspace}"], "nor a workspace with a published run"),
    "no run to explain": (["explain", "{workspace}", "O000"], "nor a workspace with a published run"),
    "a workspace already": (["init", "{workspace}"], "is a workspace already"),
    "both fillings": (["init", "{workspace}/new", "--sample", "--from-olist", "x"], "choose one"),
}


@pytest.mark.parametrize(("arguments", "said"), USAGE.values(), ids=USAGE)
def test_a_call_that_makes_no_sense_ends_with_2(
    workspace: Path, ordermill: Callable[..., Ended], arguments: list[str], said: str
) -> None:
    ended = ordermill(*(part.format(workspace=workspace) for part in arguments))
    assert ended.code == 2, ended.err
    assert said in ended.err
    assert "Traceback" not in ended.err


def test_a_second_run_ends_with_75_at_once(workspace: Path, ordermill: Callable[..., Ended]) -> None:
    with only_writer(workspace):
        for command in (["run", workspace], ["orders", "hold", workspace, "O000"]):
            ended = ordermill(*command)
            assert ended.code == 75
            assert "another run holds" in ended.err


def test_a_run_that_is_told_to_stop_publishes_nothing(workspace: Path) -> None:
    code = (
        "import engine.batch, engine.cli, os, signal, sys\n"
        "sent = getattr(signal, sys.argv.pop())\n"
        "engine.batch.load = lambda *_: os.kill(os.getpid(), sent)\n"
        "engine.cli.main()\n"
    )
    for name, expected in (("SIGTERM", 143), ("SIGINT", 130)):
        ended = subprocess.run(
            [sys.executable, "-c", code, "run", workspace, name], capture_output=True, text=True, check=False
        )
        assert ended.returncode == expected, ended.stderr
        assert "nothing was published" in ended.stderr
        assert "Traceback" not in ended.stderr
    assert published(workspace) == []


@pytest.mark.parametrize(
    ("error", "remedy"),
    [
        (OSError(errno.ENOSPC, "No space left on device", "runs/x"), "runs/x. Make room"),
        (OSError(errno.ENOENT, "No such file or directory", "nowhere/it.html"), "nowhere/it.html. Make its folder"),
        (OSError(errno.EROFS, "Read-only file system", "runs"), "runs. It cannot be written to"),
        (PermissionError(errno.EACCES, "Permission denied", "runs"), "runs. Let this user read and write there"),
    ],
)
def test_what_the_system_refuses_is_told_with_the_place_and_what_to_do(
    ordermill: Callable[..., Ended], monkeypatch: pytest.MonkeyPatch, error: OSError, remedy: str
) -> None:
    def refuse(_: object) -> None:
        raise error

    monkeypatch.setattr("engine.runs.folders.find_run", refuse)
    monkeypatch.setattr("engine.runs.run.find_run", refuse)
    ended = ordermill("explain", "runs", "O000")
    assert ended.code == 1
    assert remedy in ended.err
    assert "Traceback" not in ended.err


# ---- whole nights --------------------------------------------------------------------------------------------------


def append(path: Path, rows: list[dict[str, object]]) -> None:
    frame = pl.read_csv(path, infer_schema=False)
    more = pl.DataFrame(rows, infer_schema_length=None).with_columns(pl.all().cast(pl.String))
    pl.concat([frame, more], how="diagonal").write_csv(path)


def test_a_night_of_impossible_orders_is_planned_around_them(workspace: Path, ordermill: Callable[..., Ended]) -> None:
    inbox = workspace / "inbox"
    product = {"category": "c", "unit_cost_cents": 1, "length_mm": 10, "width_mm": 10, "height_mm": 10, "weight_g": 10}
    giant = {"sku": "giant", **product, "length_mm": 5_000}
    anvil = {"sku": "anvil", **product, "weight_g": 60_000}
    append(inbox / "products.csv", [giant, anvil, {"sku": "00123", **product}, {"sku": "漢字🎁", **product}])
    warehouse = pl.read_csv(inbox / "warehouses.csv", infer_schema=False).row(0, named=True)
    append(inbox / "warehouses.csv", [warehouse | {"warehouse_id": "EMPTY"}])
    stocked = ["giant", "anvil", "00123", "漢字🎁"]
    append(inbox / "stock.csv", [{"warehouse_id": "BER", "sku": sku, "on_hand": 50} for sku in stocked])
    order = pl.read_csv(inbox / "orders.csv", infer_schema=False).row(0, named=True)
    skus = {"GIANT": "giant", "ANVIL": "anvil", "ZEROS": "00123", "Ünï-🎁": "漢字🎁", "UNKNOWN": "123"}
    names = [*skus, "BARE", "CUT"]
    append(inbox / "orders.csv", [order | {"order_id": name, "ship_postcode": name[:3]} for name in names])
    line = {"line_number": 1, "quantity": 2, "unit_price_cents": 5}
    append(inbox / "order_lines.csv", [{"order_id": name, "sku": sku, **line} for name, sku in skus.items()])
    append(inbox / "order_lines.csv", [{"order_id": "CUT", "sku": "00123", **line}])
    edit(inbox / "order_lines.csv", lambda content: content + b"CUT,2,001")
    ended = ordermill("run", workspace, "--json")
    assert ended.code == 0, ended.err
    run = open_run(workspace)
    assert json.loads(ended.out)["run_id"] == run.run_id
    assert verify_run(run.directory).is_ok
    held = dict(run.holds.select("order_id", "reason").rows())
    assert held == {"BARE": "no_lines", "CUT": "line_rejected", "UNKNOWN": "unknown_sku"}
    waiting = set(run.backorders["order_id"])
    assert {"GIANT", "ANVIL"} <= waiting
    shipped = run.shipments.select("order_id", "shipment_id").join(run.shipment_lines, on="shipment_id")
    assert set(shipped.filter(pl.col("order_id").is_in(["ZEROS", "Ünï-🎁"]))["sku"]) <= {"00123", "漢字🎁"}
    assert {"ZEROS", "Ünï-🎁"} <= set(run.shipments["order_id"]) | waiting
    assert run.rejects.select("table", "source", "key").rows() == [
        ("order_lines", "order_lines.csv", "order_id=CUT; line_number=2")
    ]
    shown = ordermill("orders", "show", workspace, "Ünï-🎁")
    assert shown.code == 0
    assert "漢字🎁" in shown.out
    again = ordermill("run", workspace, "--json")
    assert again.code == 0
    assert json.loads(again.out)["is_repeat"]


def test_an_empty_night_is_published_and_verified(workspace: Path, ordermill: Callable[..., Ended]) -> None:
    for table in ("orders", "order_lines", "stock"):
        edit(workspace / "inbox" / f"{table}.csv", lambda content: content.split(b"\n")[0] + b"\n")
    ended = ordermill("run", workspace, "--json")
    assert ended.code == 0, ended.err
    run = open_run(workspace)
    assert verify_run(run.directory).is_ok
    assert run.shipments.is_empty()
    assert run.summary["orders"] == 0
    night = datetime.fromisoformat(run.manifest["as_of"])
    earlier = ordermill("run", workspace, "--as-of", (night - timedelta(hours=1)).isoformat())
    assert earlier.code == 2
    assert "lies before the latest published one" in earlier.err
