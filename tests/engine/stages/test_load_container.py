"""Container loading and fewest bins on frames."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from engine.errors import InputError, UsageError
from engine.stages.load_container import load_container, pack_bins

ITEMS = pl.DataFrame(
    {
        "item_id": ["crate", "tube", "beam"],
        "length_mm": [400, 300, 9000],
        "width_mm": [300, 100, 100],
        "height_mm": [200, 100, 100],
        "quantity": [30, 60, 1],
        "length_vertical": [False, None, True],
    }
)


def test_what_is_loaded_and_what_is_left_add_up():
    load = load_container(ITEMS, (1200, 800, 600), seconds=None)
    assert load.status in {"OPTIMAL", "FEASIBLE"}
    assert load.volume_share <= load.bound <= 1
    assert load.placements.columns == ["item_id", "x_mm", "y_mm", "z_mm", "dx_mm", "dy_mm", "dz_mm", "step"]
    assert load.placements["step"].to_list() == list(range(1, load.placements.height + 1))
    loaded = load.placements.group_by("item_id").len("quantity")
    both = pl.concat([loaded.cast({"quantity": pl.Int64}), load.unloaded.drop("reason")])
    total = both.group_by("item_id").sum().sort("item_id")
    assert total.equals(ITEMS.select("item_id", "quantity").sort("item_id"))
    assert dict(load.unloaded.select("item_id", "reason").iter_rows())["beam"] == "too_large"
    volume = load.placements.select((pl.col("dx_mm") * pl.col("dy_mm") * pl.col("dz_mm")).sum()).item()
    assert load.volume_share == pytest.approx(volume / (1200 * 800 * 600))
    crates = load.placements.filter(pl.col("item_id") == "crate")
    assert (crates["dz_mm"] != 400).all()


def test_pandas_frames_give_the_same():
    pandas_items = ITEMS.drop("length_vertical").to_pandas()
    one = load_container(ITEMS.drop("length_vertical"), (700, 500, 400), seconds=None)
    other = load_container(pandas_items, (700, 500, 400), seconds=None)
    assert one.placements.equals(other.placements)


def test_bins_are_numbered_from_one_with_steps_in_each():
    packing = pack_bins(ITEMS, (800, 600, 400), support=1.0, seconds=None)
    assert packing.placements.columns[0] == "bin_number"
    assert packing.placements["bin_number"].unique().sort().to_list() == list(range(1, packing.num_bins + 1))
    firsts = packing.placements.group_by("bin_number").agg(pl.col("step").min())
    assert (firsts["step"] == 1).all()
    assert packing.bound <= packing.num_bins
    assert packing.placements.height == 90
    assert packing.unpacked.rows() == [("beam", 1, "too_large")]


def test_no_items_is_an_answer():
    load = load_container(ITEMS.clear(), (10, 10, 10))
    assert (load.volume_share, load.status, load.placements.height) == (0.0, "OPTIMAL", 0)
    assert pack_bins(ITEMS.clear(), (10, 10, 10)).num_bins == 0


@pytest.mark.parametrize(
    ("items", "text"),
    [
        (ITEMS.with_columns(length_mm=pl.lit(0)), "length_mm of item 'crate' is 0"),
        (ITEMS.with_columns(width_mm=pl.Series([1.0, 2.5, 3.0])), "width_mm of item 'tube' is 2.5"),
        (ITEMS.with_columns(height_mm=pl.Series([1, None, 3])), "height_mm of item 'tube' is missing"),
        (ITEMS.with_columns(quantity=pl.Series([1, 2, -3])), "quantity of item 'beam' is -3"),
        (ITEMS.drop("width_mm"), "lacks the columns width_mm"),
        (ITEMS.with_columns(item_id=pl.lit("same")), "name each item once"),
        (ITEMS.with_columns(length_mm=pl.lit("wide")), "wrong kind"),
        (
            ITEMS.with_columns(pl.lit(value=False).alias(f"{e}_vertical") for e in ("length", "width", "height")),
            "item 'crate' allows no edge",
        ),
    ],
)
def test_bad_items_are_named(items, text):
    with pytest.raises(InputError, match=text):
        load_container(items, (100, 100, 100))


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"support": 2.0}, "support"),
        ({"threads": 0}, "threads"),
        ({"seconds": 0.0}, "seconds"),
        ({"container": (10, 0, 10)}, "container"),
        ({"container": (10, 10)}, "container"),
    ],
)
def test_bad_options_are_named(options, text):
    with pytest.raises(UsageError, match=text):
        load_container(ITEMS, **{"container": (100, 100, 100), **options})


def test_true_and_false_may_be_text_and_nothing_else_may():
    written = ITEMS.with_columns(length_vertical=pl.Series(["False", None, "TRUE"]))
    loads = [load_container(items, (1200, 800, 600), seconds=None) for items in (ITEMS, written)]
    assert loads[0].placements.equals(loads[1].placements)
    yes = ITEMS.with_columns(length_vertical=pl.Series(["no", None, "yes"]))
    with pytest.raises(InputError, match=r"length_vertical of item 'crate' is 'no'; it must be true or false \(2 such"):
        load_container(yes, (1200, 800, 600))


def test_too_many_items_to_place_one_by_one_are_refused():
    many = ITEMS.with_columns(quantity=pl.lit(10_000_000))
    with pytest.raises(InputError, match="at most 1000000"):
        pack_bins(many, (1000, 1000, 1000))
    assert np.isfinite(load_container(many, (1000, 1000, 1000), seconds=0.2).volume_share)


@pytest.mark.parametrize("container", [(100, 100), (100.5, 100, 100), "abc", None, (0, 1, 1), 5])
def test_a_container_that_is_none_is_refused(container):
    with pytest.raises(UsageError, match="container must be length, width and height"):
        load_container(ITEMS, container)
