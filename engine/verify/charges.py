"""What pieces pay beyond their units in the proof of the bound, and the most that stock earns from whole pieces."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from engine.verify.checks import Findings, none_of
from engine.verify.files import Night
from engine.verify.limits import Places
from engine.verify.partitions import Int64


@dataclass(frozen=True)
class Premiums:
    """Premiums of pieces in warehouses.

    Parameters
    ----------
    place
        Shape (num_premiums,): piece x number of warehouses + warehouse, ascending.
    millicents
        Shape (num_premiums,): what the whole piece pays there.
    num_warehouses
        Number of warehouses.
    """

    place: Int64
    millicents: Int64
    num_warehouses: int

    def paid(self, piece: Int64, warehouse: Int64) -> Int64:
        """Give what pieces pay in warehouses, 0 where nothing is set, thousandths of a cent."""
        wanted = piece * self.num_warehouses + warehouse
        at = np.searchsorted(self.place, wanted)
        found = np.append(self.place, -1)[at] == wanted
        return np.where(found, np.append(self.millicents, 0)[at], 0)


def premiums(night: Night, pieces: pl.DataFrame, network: Places) -> Premiums:
    """Give the premiums by position of piece and warehouse.

    Parameters
    ----------
    night
        The run.
    pieces
        The pieces of all orders; their rows number them.
    network
        The warehouses.
    """
    count = len(network.warehouse)
    of_piece = pieces.select("order_id", "piece_number", piece=pl.int_range(pl.len(), dtype=pl.Int64))
    warehouses = pl.DataFrame(
        {"warehouse_id": list(network.warehouse), "at": range(count)}, schema_overrides={"at": pl.Int64}
    )
    placed = (
        night.table("bound_premiums")
        .join(of_piece, on=["order_id", "piece_number"])
        .join(warehouses, on="warehouse_id")
        .group_by(place=pl.col("piece") * count + pl.col("at"))
        .agg(pl.col("millicents").sum())
        .sort("place")
    )
    return Premiums(placed["place"].to_numpy(), placed["millicents"].to_numpy(), count)


def unusable_premiums(night: Night) -> Findings:
    """Name premiums of pieces or warehouses that the published tables do not hold.

    Parameters
    ----------
    night
        The run.
    """
    listed = night.table("bound_premiums")
    pieces, warehouses = night.table("offer_pieces"), night.table("warehouses")
    known = listed.join(pieces, on=["order_id", "piece_number"], how="semi").join(
        warehouses, on="warehouse_id", how="semi"
    )
    wrong = listed.join(known, on=["order_id", "piece_number", "warehouse_id"], how="anti", maintain_order="left")
    return none_of(
        wrong,
        "premium of order {order_id} piece {piece_number} in warehouse {warehouse_id}: there is no such piece or warehouse",
        listed.height,
    )


def earned_beyond_prices_millicents(pieces: pl.DataFrame, network: Places, prices: Int64, charged: Premiums) -> int:
    """Sum, over all stock with a premium, the most it earns less its price times its units.

    It earns the most that pieces of the article pay for which its units suffice, each taken whole or not at all.

    Parameters
    ----------
    pieces
        The pieces of all orders.
    network
        Stock by position.
    prices
        Shape (num_warehouses, num_skus): price of a unit of stock, thousandths of a cent.
    charged
        The premiums.
    """
    sku = pieces["sku"].replace_strict({"": -1} | network.sku, return_dtype=pl.Int64).to_numpy()
    quantity = pieces["quantity"].to_numpy()
    stock = np.unique(
        charged.place % charged.num_warehouses * len(network.sku) + sku[charged.place // charged.num_warehouses]
    )
    place, article = np.divmod(stock, max(1, len(network.sku)))
    units, price = network.available[place, article], prices[place, article]
    by_sku = np.argsort(sku, kind="stable")
    first = np.searchsorted(sku[by_sku], article)
    count = np.searchsorted(sku[by_sku], article, side="right") - first
    earned = 0
    for room in np.unique(units).tolist():
        rows = np.flatnonzero(units == room)
        rows = rows[np.argsort(-count[rows], kind="stable")]
        best = np.zeros((len(rows), room + 1), dtype=np.int64)
        for rank in range(int(count[rows].max())):
            # Rows of more pieces come first, so those that still have one are the first ones.
            some = rows[: int((count[rows] > rank).sum())]
            piece = by_sku[first[some] + rank]
            pays = quantity[piece] * price[some] + charged.paid(piece, place[some])
            left = np.arange(room + 1) - quantity[piece][:, None]
            taken = np.take_along_axis(best[: len(some)], left.clip(0), axis=1) + pays[:, None]
            best[: len(some)] = np.maximum(best[: len(some)], np.where(left < 0, 0, taken))
        earned += int(best[:, -1].sum())
    return earned - sum(int(p) * int(u) for p, u in zip(price.tolist(), units.tolist(), strict=True))
