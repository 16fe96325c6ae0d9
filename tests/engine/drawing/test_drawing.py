from __future__ import annotations

import base64
import hashlib
import json
import re
import shutil
import subprocess

import polars as pl
import pytest
from typer.testing import CliRunner

from engine import draw, load_container, pack_bins, pack_orders
from engine.cli import app
from engine.errors import UsageError

PRODUCTS = pl.DataFrame(
    {
        "sku": ["lamp", "acid", "book"],
        "length_mm": [100, 80, 200],
        "width_mm": [100, 80, 150],
        "height_mm": [120, 100, 20],
        "weight_g": [700, 900, 400],
        "fragility": ["very_fragile", "none", "none"],
        "hazard_class": [None, "8", None],
    }
)
CARTONS = pl.DataFrame(
    {
        "carton_id": ["BOX", "BAG"],
        "kind": ["box", "bag"],
        "inner_length_mm": [300, 250],
        "inner_width_mm": [200, 200],
        "inner_height_mm": [180, 40],
        "outer_length_mm": [306, 252],
        "outer_width_mm": [206, 202],
        "outer_height_mm": [186, 42],
        "tare_g": [120, 15],
        "max_weight_g": [9000, 1500],
        "cost_cents": [60, 12],
    }
)
PROTECTION = pl.DataFrame(
    {
        "material_id": ["wrap"],
        "kind": ["bubble_wrap"],
        "fragility": ["very_fragile"],
        "thickness_mm": [15],
        "cents_per_litre": [20],
        "g_per_litre": [10],
    }
)
LINES = pl.DataFrame(
    {
        "order_id": ["A", "A", "B"],
        "line_number": [1, 2, 1],
        "sku": ["lamp", "acid", "book"],
        "quantity": [1, 2, 1],
    }
)


@pytest.fixture(scope="module")
def packing():
    return pack_orders(LINES, PRODUCTS, CARTONS, PROTECTION)


def scene_of(html: str) -> dict:
    return json.loads(re.search(r'id="scene">(.*?)</script>', html, re.DOTALL).group(1))


def test_every_item_is_drawn_where_it_lies_with_what_is_known_of_it(packing):
    drawing = draw(packing)
    assert [parcel.name for parcel in drawing.parcels] == ["A, parcel 1", "B, parcel 1"]
    items = drawing.parcels[0].items
    assert sorted(item.step for item in items) == [1, 2, 3]
    lamp = next(item for item in items if item.name == "lamp")
    assert (lamp.size, lamp.weight_g, lamp.padding_mm, lamp.fragility, lamp.hazard) == (
        (100, 100, 120), 700, 15, "very_fragile", "",
    )  # fmt: skip
    assert {item.hazard for item in items if item.name == "acid"} == {"8"}
    placed = packing.placements.filter(pl.col("order_id") == "A").sort("step")
    assert [item.at for item in sorted(items, key=lambda item: item.step)] == placed.select(
        "x_mm", "y_mm", "z_mm"
    ).rows()


def test_what_takes_its_shape_is_drawn_around_its_contents(packing):
    (bag,) = draw(packing, "B").parcels
    assert bag.is_soft
    assert sorted(bag.room) == [20, 150, 200]
    assert any("250 × 200 × 40" in fact for fact in bag.facts)  # noqa: RUF001


def test_the_page_loads_nothing_and_runs_only_its_own_script(packing, tmp_path):
    html = draw(packing).save(tmp_path / "view.html").read_text(encoding="utf-8")
    assert not re.search(r"https?://|//cdn|<link|@import|\bsrc=", html)
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', html).group(1)
    script = re.search(r"<script>(.*?)</script>", html, re.DOTALL).group(1)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none'")


def test_names_cannot_leave_their_place_in_the_page():
    hostile = "</script><img src=x onerror=alert(1)>&$note"
    products = PRODUCTS.with_columns(sku=pl.lit(hostile)).head(1)
    lines = LINES.head(1).with_columns(sku=pl.lit(hostile), order_id=pl.lit(hostile))
    html = draw(pack_orders(lines, products, CARTONS)).html
    assert "<img" not in html
    assert scene_of(html)["parcels"][0]["items"][0]["name"] == hostile


def test_a_notebook_shows_the_page_in_a_frame_of_its_own(packing):
    shown = packing.draw()._repr_html_()
    assert shown.startswith('<iframe srcdoc="&lt;!doctype html&gt;')
    assert 'sandbox="allow-scripts"' in shown


def test_containers_and_bins_are_drawn():
    items = pl.DataFrame(
        {"item_id": ["crate"], "length_mm": [40], "width_mm": [30], "height_mm": [20], "quantity": [20]}
    )
    load = load_container(items, (120, 80, 60), seconds=None)
    drawing = draw(load)
    assert len(drawing.parcels[0].items) == load.placements.height
    assert "% of its volume" in drawing.note
    bins = pack_bins(items, (80, 60, 40), seconds=None)
    assert [parcel.name for parcel in draw(bins).parcels] == [f"Bin {k + 1}" for k in range(bins.num_bins)]


def test_nothing_to_draw_is_said(packing):
    with pytest.raises(UsageError, match="order 'Z' is in no parcel"):
        draw(packing, "Z")
    with pytest.raises(UsageError, match="nothing was packed"):
        draw(pack_orders(LINES.clear(), PRODUCTS, CARTONS))
    beam = pl.DataFrame({"item_id": ["b"], "length_mm": [900], "width_mm": [1], "height_mm": [1], "quantity": [1]})
    with pytest.raises(UsageError, match="nothing was loaded"):
        draw(load_container(beam, (10, 10, 10)))
    with pytest.raises(UsageError, match="nothing was packed"):
        draw(pack_bins(beam, (10, 10, 10)))


def test_the_parcels_of_an_order_of_a_run_are_drawn(small_run):
    order = small_run.shipments["order_id"].sort().first()
    drawing = small_run.draw(order)
    shipments = small_run.shipments.filter(pl.col("order_id") == order)
    assert len(drawing.parcels) == shipments.height
    placed = small_run.placements.filter(pl.col("shipment_id").is_in(shipments["shipment_id"].to_list()))
    assert sum(len(parcel.items) for parcel in drawing.parcels) == placed.height
    with pytest.raises(UsageError, match="no parcel of order 'none' leaves"):
        draw(small_run, "none")
    with pytest.raises(UsageError, match="name the order"):
        draw(small_run)


def test_the_command_writes_the_drawing_beside_the_explanation(small_run, tmp_path):
    order = small_run.shipments["order_id"].sort().last()
    told = CliRunner().invoke(app, ["explain", str(small_run.directory), order, "--view", str(tmp_path / "it.html")])
    assert told.exit_code == 0
    assert f"Order {order}" in told.output
    assert scene_of((tmp_path / "it.html").read_text(encoding="utf-8"))["parcels"]


def test_a_browser_shows_the_packing_order(packing, tmp_path):
    browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if browser is None:
        pytest.skip("no browser of the Chromium family is installed")
    page = draw(packing).save(tmp_path / "view.html")
    told = subprocess.run(
        [browser, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path}/profile",
         "--virtual-time-budget=2000", "--dump-dom", f"file://{page}#parcel=1&step=2"],
        capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    assert told.stdout.count("<li") == 3
    assert 'aria-current="step"' in told.stdout
    assert "2 of 3" in told.stdout
    assert "<option" in told.stdout
