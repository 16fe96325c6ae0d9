from __future__ import annotations

import polars as pl
import pytest

from engine.errors import InputError, UsageError
from engine.stages.pack import pack_orders

LINES = pl.DataFrame(
    {
        "order_id": ["A", "A", "A", "B", "C", "D", "E", "F", "G"],
        "line_number": [1, 2, 3, 1, 1, 1, 1, 1, 1],
        "sku": ["x", "y", "x", "x", "big", "none", "x", "flat", "x"],
        "quantity": [2, 1, 1, 3, 1, 1, 10**6, 1, -2],
    }
)
PRODUCTS = pl.DataFrame(
    {
        "sku": ["x", "y", "big", "flat"],
        "length_mm": [100, 50, 900, 10],
        "width_mm": [80, 50, 10, 10],
        "height_mm": [60, 50, 10, 0],
        "weight_g": [500, 100, 100, 1],
        "fragility": ["none", "fragile", "none", "none"],
    }
)
CARTONS = pl.DataFrame(
    {
        "carton_id": ["S", "M", "P"],
        "kind": ["box", "box", "mailer"],
        "inner_length_mm": [200, 300, 250],
        "inner_width_mm": [150, 200, 200],
        "inner_height_mm": [80, 150, 50],
        "outer_length_mm": [204, 304, 252],
        "outer_width_mm": [154, 204, 202],
        "outer_height_mm": [84, 154, 52],
        "tare_g": [50, 90, 10],
        "max_weight_g": [5000, 10000, 1000],
        "cost_cents": [30, 50, 10],
    }
)
PROTECTION = pl.DataFrame(
    {
        "material_id": ["wrap", "air"],
        "kind": ["bubble_wrap", "air_cushion"],
        "fragility": ["fragile", "fragile"],
        "thickness_mm": [10, 10],
        "cents_per_litre": [20, 90],
        "g_per_litre": [10, 1],
    }
)


def test_orders_are_packed_and_bad_lines_are_named():
    packing = pack_orders(LINES, PRODUCTS, CARTONS, PROTECTION, objective="volume")
    assert packing.parcels.select("order_id", "carton_id", "status").rows() == [
        ("A", "S", "OPTIMAL"),
        ("B", "S", "OPTIMAL"),
    ]
    assert packing.parcels["cost"].to_list() == [204 * 154 * 84] * 2
    assert dict(packing.unpacked.select("order_id", "reason").rows()) == {
        "C": "too_large",
        "D": "unknown_sku",
        "E": "too_many",
        "F": "invalid_size",
        "G": "invalid_quantity",
    }


def test_every_unit_keeps_its_line():
    placed = pack_orders(LINES, PRODUCTS, CARTONS, PROTECTION).placements
    units = placed.group_by("order_id", "line_number", "sku").len().sort("order_id", "line_number")
    assert units.rows() == [("A", 1, "x", 2), ("A", 2, "y", 1), ("A", 3, "x", 1), ("B", 1, "x", 3)]
    wrapped = placed.filter(pl.col("sku") == "y").row(0, named=True)
    assert (wrapped["dx_mm"], wrapped["dy_mm"], wrapped["dz_mm"]) == (70, 70, 70)


def test_protection_is_paid_for_with_the_cheaper_material():
    only = LINES.filter(pl.col("sku") == "y")
    packing = pack_orders(only, PRODUCTS, CARTONS, PROTECTION)
    # 70 x 70 x 70 less 50 x 50 x 50 is 0.218 litres: 4.36 cents, rounded up.
    assert packing.parcels["cost"].to_list() == [30 + 5]


def test_row_order_and_kind_of_frame_change_nothing():
    plain = pack_orders(LINES, PRODUCTS, CARTONS, PROTECTION)
    pandas = pack_orders(LINES.to_pandas(), PRODUCTS.to_pandas(), CARTONS.to_pandas(), PROTECTION.to_pandas())
    assert plain.parcels.equals(pandas.parcels)
    assert plain.placements.equals(pandas.placements)
    turned = pack_orders(LINES.reverse(), PRODUCTS.reverse(), CARTONS, PROTECTION, threads=2)
    assert plain.parcels.equals(turned.parcels)


def test_no_orders_give_no_parcels():
    packing = pack_orders(LINES.clear(), PRODUCTS, CARTONS)
    assert packing.parcels.is_empty()
    assert packing.placements.is_empty()
    assert packing.unpacked.is_empty()


def test_an_item_larger_than_every_carton_leaves_the_rest_packed():
    lines = pl.DataFrame({"order_id": ["A", "A"], "line_number": [1, 2], "sku": ["big", "x"], "quantity": [1, 1]})
    packing = pack_orders(lines, PRODUCTS, CARTONS)
    assert packing.unpacked.drop("detail").rows() == [("A", 1, "big", 1, "too_large")]
    assert packing.placements["sku"].to_list() == ["x"]


def test_packaging_asked_for_is_honoured():
    lines = LINES.head(1).with_columns(packaging=pl.lit("gift"))
    gift = CARTONS.with_columns(packaging=pl.Series([None, "gift", None]))
    assert pack_orders(lines, PRODUCTS, gift).parcels["carton_id"].to_list() == ["M"]
    assert pack_orders(lines, PRODUCTS, CARTONS).unpacked["reason"].to_list() == ["no_carton"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"cartons": CARTONS.clear()}, "no rows"),
        ({"cartons": CARTONS.drop("tare_g")}, "lacks the columns tare_g"),
        ({"cartons": CARTONS.with_columns(inner_width_mm=pl.lit(0))}, "'S': inner_width_mm is 0"),
        ({"lines": LINES.drop("sku")}, "lacks the columns sku"),
        ({"products": pl.concat([PRODUCTS, PRODUCTS])}, "more than once"),
        (
            {"lines": LINES.with_columns(ship_togther=pl.lit("a"))},
            "ship_togther, which is not read; if it is ship_together",
        ),
        (
            {"products": PRODUCTS.with_columns(Max_load_g=pl.lit(5))},
            "Max_load_g, which is not read; if it is max_load_g",
        ),
        ({"products": 3}, "must be a Polars or pandas frame"),
    ],
)
def test_unusable_tables_are_refused_with_the_remedy(change, message):
    tables = {"lines": LINES, "products": PRODUCTS, "cartons": CARTONS} | change
    with pytest.raises(InputError, match=message):
        pack_orders(**tables)


def test_columns_of_ones_own_are_left_alone():
    lines, products = (
        LINES.with_columns(note=pl.lit("x")),
        PRODUCTS.with_columns(category=pl.lit("y"), colour=pl.lit("z")),
    )
    plain = pack_orders(LINES, PRODUCTS, CARTONS)
    assert pack_orders(lines, products, CARTONS).parcels.equals(plain.parcels)


def test_every_bad_value_is_named_and_the_rest_is_packed():
    products = PRODUCTS.with_columns(
        length_mm=pl.Series([100.0, 50.5, float("nan"), 10]),
        fragility=pl.Series(["none", "fragile", "none", "brittle"]),
    )
    lines = pl.DataFrame(
        {
            "order_id": ["A", "A", "A", "A", "A", "A", None, "A"],
            "line_number": list(range(1, 9)),
            "sku": ["x", "y", "big", "flat", "x", "x", "x", None],
            "quantity": [1.0, 1, 1, 1, 0, 1.5, 1, 1],
        }
    )
    packing = pack_orders(lines, products, CARTONS)
    assert packing.placements["line_number"].to_list() == [1]
    told = {row["line_number"]: (row["reason"], row["detail"]) for row in packing.unpacked.iter_rows(named=True)}
    assert told == {
        2: ("invalid_size", "length_mm is 50.5; it must be a whole number in 1..20000"),
        3: ("unknown_size", "length_mm is not given"),
        4: ("invalid_size", "height_mm is 0; it must be a whole number in 1..20000"),
        5: ("invalid_quantity", "quantity is 0.0; it must be a whole number of at least 1"),
        6: ("invalid_quantity", "quantity is 1.5; it must be a whole number of at least 1"),
        7: ("no_order_id", "the line names no order"),
        8: ("unknown_sku", "products lists no sku (none)"),
    }


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"carton_id": pl.lit("S")}, "lists the carton_id 'S' more than once"),
        ({"carton_id": pl.lit(None, pl.String)}, "a row without carton_id"),
        ({"kind": pl.lit("tube")}, "kind is tube; it must be one of box, mailer, bag"),
        ({"outer_width_mm": pl.lit(3)}, "outer width is smaller than inner width"),
        ({"inner_length_mm": pl.lit(99.5)}, "inner_length_mm is 99.5; it must be a whole number"),
        ({"max_weight_g": pl.lit(None, pl.Int64)}, "max_weight_g is not given"),
        ({"on_hand": pl.lit(-1)}, "on_hand is -1"),
    ],
)
def test_impossible_cartons_are_refused_by_name(change, message):
    with pytest.raises(InputError, match=message):
        pack_orders(LINES, PRODUCTS, CARTONS.with_columns(**change))


def test_orders_with_the_same_items_share_the_cartons_there_are():
    lines = pl.DataFrame({"order_id": list("ABCD"), "line_number": 1, "sku": "x", "quantity": 1})
    packing = pack_orders(lines, PRODUCTS, CARTONS.with_columns(on_hand=pl.Series([1, 2, 0])))
    assert packing.parcels["carton_id"].sort().to_list() == ["M", "M", "S"]
    assert packing.unpacked["reason"].to_list() == ["out_of_cartons"]


def test_lines_with_the_same_mark_share_a_parcel():
    lines = pl.DataFrame(
        {
            "order_id": "A",
            "line_number": [1, 2, 3, 4],
            "sku": ["x", "x", "x", "x"],
            "quantity": [5, 2, 2, 2],
            "ship_together": [None, "set", "set", None],
        }
    )
    packing = pack_orders(lines, PRODUCTS, CARTONS.head(1))
    parcels = packing.placements.group_by("line_number").agg(pl.col("parcel_number").unique().sort())
    of_line = dict(parcels.rows())
    assert of_line[2] == of_line[3]
    assert len(of_line[2]) == 1
    assert packing.placements.group_by("line_number").len().sort("line_number")["len"].to_list() == [5, 2, 2, 2]
    whole = pack_orders(lines, PRODUCTS, CARTONS.head(1), keep_together=True)
    assert whole.unpacked["reason"].to_list() == ["not_together"] * 4


def test_weights_and_centres_are_evened_out_on_request():
    lines = pl.DataFrame({"order_id": "A", "line_number": [1], "sku": "x", "quantity": 5})
    packing = pack_orders(lines, PRODUCTS, CARTONS.head(1), objective="volume", balance_weights=True, centred_from_g=1)
    units = packing.placements.group_by("parcel_number").len()["len"]
    assert units.max() - units.min() <= 1
    middle = (
        packing.placements.with_columns(at=pl.col("x_mm") + pl.col("dx_mm") / 2).group_by("parcel_number").agg("at")
    )
    assert all(50 <= sum(at) / len(at) <= 150 for at in middle["at"])


def test_options_out_of_range_are_refused():
    with pytest.raises(UsageError, match="objective"):
        pack_orders(LINES, PRODUCTS, CARTONS, objective="speed")
    with pytest.raises(UsageError, match="support"):
        pack_orders(LINES, PRODUCTS, CARTONS, support=2)
    for count in ("threads", "tries", "node_limit"):
        with pytest.raises(UsageError, match=f"{count} must be at least 1; it is 0"):
            pack_orders(LINES, PRODUCTS, CARTONS, **{count: 0})
    with pytest.raises(UsageError, match="seconds"):
        pack_orders(LINES, PRODUCTS, CARTONS, seconds=0)
