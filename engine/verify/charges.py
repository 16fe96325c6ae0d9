"""What pieces pay beyond their units in the proof of the bound, and the most that stock earns from whole pieces."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from engine.verify.checks import Findings, none_of
from engine.verify.files import Night
from engine.verify.limits import Places
from engine.verify.partitions import Int64

_MOST_UNITS: Final = 2**22
"""Of a stock with a premium fewer are wanted; of stocks looked at together there are so many at most."""


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


def premiums(listed: pl.DataFrame, pieces: pl.DataFrame, network: Places) -> Premiums:
    """Give the premiums by position of piece and warehouse.

    Parameters
    ----------
    listed
        Table `bound_premiums`.
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
        listed.join(of_piece, on=["order_id", "piece_number"])
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

    Raises
    ------
    ValueError
        When so many units of a stock with a premium are wanted that what it earns could not be recomputed.
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
    end = np.searchsorted(sku[by_sku], article, side="right")
    wanted = np.append(0, np.cumsum(quantity[by_sku]))
    # More than all pieces together want earns nothing.
    rooms = np.minimum(units, wanted[end] - wanted[first])
    earned = 0
    for room in np.unique(rooms).tolist():
        if room >= _MOST_UNITS:
            raise ValueError(f"a premium on stock of {room} wanted units; fewer than {_MOST_UNITS} can be recomputed")
        alike = np.flatnonzero(rooms == room)
        # Rows of more pieces come first, so those that still have a next one are the first ones.
        alike = alike[np.argsort(first[alike] - end[alike], kind="stable")]
        for rows in np.array_split(alike, -(-len(alike) * (room + 1) // _MOST_UNITS)):
            best = np.zeros((len(rows), room + 1), dtype=np.int64)
            for rank in range(int((end - first)[rows].max())):
                some = rows[first[rows] + rank < end[rows]]
                piece = by_sku[first[some] + rank]
                pays = quantity[piece] * price[some] + charged.paid(piece, place[some])
                _offer(best[: len(some)], quantity[piece], pays)
            earned += sum(int(most) for most in best[:, -1].tolist())
    return earned - sum(int(p) * int(u) for p, u in zip(price.tolist(), units.tolist(), strict=True))


def _offer(best: Int64, quantity: Int64, pays: Int64) -> None:
    """Let every row take one more piece, wherever that earns more than what it has in as many units."""
    left = np.arange(best.shape[1]) - quantity[:, None]
    taken = np.take_along_axis(best, left.clip(0), axis=1) + pays[:, None]
    np.maximum(best, np.where(left < 0, 0, taken), out=best)
