"""Numbers of stocks: the same for the same names, none for names that the log does not know."""

import polars as pl

from engine.reports.pairs import name_type, pair_keys


def test_rows_share_a_number_where_they_share_both_names():
    rows = pl.DataFrame(
        {"sku": ["b", "a", "b", "a", "c"], "warehouse_id": ["W2", "W1", "W2", "W2", "W1"]},
    )
    types = name_type(rows["sku"]), name_type(rows["warehouse_id"])
    key = pair_keys(rows, *types)
    assert key[0] == key[2]
    assert key.n_unique() == rows.unique().height == 4
    other = pair_keys(pl.DataFrame({"sku": ["b", "z"], "warehouse_id": ["W2", "W1"]}), *types)
    assert other.to_list() == [key[0], None]


def test_names_sort_as_in_the_alphabet():
    names = pl.Series(["é", "b", "B", "a10", "a9", None])
    coded = names.cast(name_type(names, pl.Series(["zz"])))
    assert coded.sort(nulls_last=True).cast(pl.String).to_list() == names.sort(nulls_last=True).to_list()
