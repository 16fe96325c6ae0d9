"""What can be drawn, told by what it has: the packing functions and runs draw themselves with this package."""

from __future__ import annotations

from typing import Protocol

import polars as pl

from engine.inputs import Inputs


class PackedOrders(Protocol):
    """Orders in parcels, as `pack_orders` gives them."""

    @property
    def parcels(self) -> pl.DataFrame:
        """order_id, parcel_number, carton_id, status; one row a parcel."""

    @property
    def placements(self) -> pl.DataFrame:
        """order_id, parcel_number, sku and where each item lies."""

    @property
    def products(self) -> pl.DataFrame:
        """Table products."""

    @property
    def cartons(self) -> pl.DataFrame:
        """Table cartons."""


class _Container(Protocol):
    """Items in containers of one size."""

    @property
    def placements(self) -> pl.DataFrame:
        """item_id and where each item lies."""

    @property
    def items(self) -> pl.DataFrame:
        """What was to be packed."""

    @property
    def container_mm(self) -> tuple[int, int, int]:
        """Inner length, width and height."""


class Load(_Container, Protocol):
    """One container, as `load_container` gives it."""

    @property
    def volume_share(self) -> float:
        """Share of the container's volume that is taken."""

    @property
    def bound(self) -> float:
        """No loading takes a larger share."""


class Bins(_Container, Protocol):
    """Equal bins, as `pack_bins` gives them; the placements have a column bin_number."""

    @property
    def num_bins(self) -> int:
        """How many there are."""

    @property
    def bound(self) -> int:
        """Fewer are not enough."""


class Night(Protocol):
    """A published run."""

    @property
    def run_id(self) -> str:
        """Its name."""

    @property
    def shipments(self) -> pl.DataFrame:
        """Its parcels, by the contract."""

    @property
    def placements(self) -> pl.DataFrame:
        """Where each item lies, by the contract."""

    @property
    def inputs(self) -> Inputs:
        """The tables it was planned from."""
