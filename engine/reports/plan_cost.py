"""What tonight's plan paid for a shortage, traced to the stocks that were short."""

from __future__ import annotations

import polars as pl

_PAIR = ["warehouse_id", "sku"]


def plan_costs(
    stocks: pl.DataFrame, backorders: pl.DataFrame | None, shadow_prices: pl.DataFrame | None
) -> pl.DataFrame:
    """Add `plan_cost_cents`: what units that wait cost tonight, shared among the stocks short of the article.

    The price set on an article's waiting units goes to its stocks in proportion to their shadow prices, or evenly where
    none has one; the shares add up to it. A stock with a shadow price whose article has no waiting unit made the plan
    choose a dearer parcel: it carries the price of one more unit there, which is the least that shortage cost.

    Parameters
    ----------
    stocks
        Columns warehouse_id and sku, one row a stock.
    backorders, shadow_prices
        Tables of tonight's plan. Where both are absent the cost is unknown, not zero.
    """
    if backorders is None and shadow_prices is None:
        return stocks.with_columns(plan_cost_cents=pl.lit(None, pl.Int64))
    framed = stocks.join(_prices(shadow_prices), on=_PAIR, how="left", maintain_order="left").join(
        _waiting(backorders), on="sku", how="left", maintain_order="left"
    )
    return (
        framed.with_columns(pl.col("millicents", "waiting_cents").fill_null(0))
        .with_columns(weight=_weight())
        .with_columns(upto=pl.col("weight").cum_sum().over("sku", order_by="warehouse_id"))
        .with_columns(total=pl.col("weight").sum().over("sku"))
        .with_columns(plan_cost_cents=_cost())
        .drop("millicents", "waiting_cents", "weight", "upto", "total")
    )


def _prices(shadow_prices: pl.DataFrame | None) -> pl.DataFrame:
    if shadow_prices is None:
        return pl.DataFrame(schema={"warehouse_id": pl.String, "sku": pl.String, "millicents": pl.Int64})
    return (
        shadow_prices.filter(pl.col("warehouse_id").is_not_null() & pl.col("sku").is_not_null())
        .group_by(_PAIR)
        .agg(pl.col("millicents_per_unit").sum().alias("millicents"))
    )


def _waiting(backorders: pl.DataFrame | None) -> pl.DataFrame:
    if backorders is None:
        return pl.DataFrame(schema={"sku": pl.String, "waiting_cents": pl.Int64})
    return backorders.group_by("sku").agg(pl.col("cost_cents").sum().alias("waiting_cents"))


def _weight() -> pl.Expr:
    has_price = (pl.col("millicents") > 0).any().over("sku")
    return pl.when(has_price).then("millicents").otherwise(1).cast(pl.Int128)


def _cost() -> pl.Expr:
    """Give differences of rounded cumulative shares, so that the shares add up to the cent."""
    cents, total = pl.col("waiting_cents").cast(pl.Int128), pl.col("total")

    def rounded(weight: pl.Expr) -> pl.Expr:
        return (2 * cents * weight + total) // (2 * total)

    share = rounded(pl.col("upto")) - rounded(pl.col("upto") - pl.col("weight"))
    one_unit = (pl.col("millicents") + 500) // 1_000
    return pl.when(pl.col("waiting_cents") > 0).then(share).otherwise(one_unit).cast(pl.Int64)
