"""Compare: what changed between two plans and what it cost, with both gaps, so that noise is not sold as a saving."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Final, Protocol

import polars as pl

from engine.contracts.outputs import SHIPMENT_COSTS
from engine.errors import UsageError

COMPONENTS: Final = (
    *(name for name, _ in SHIPMENT_COSTS),
    "lateness_cents",
    "backorder_cents",
    "split_cents",
    "reserve_cents",
    "churn_cents",
)
_KINDS: Final = (
    "moved warehouse",
    "changed carrier",
    "became late",
    "no longer late",
    "became short",
    "no longer short",
    "became held",
    "no longer held",
    "only before",
    "only after",
)
_COUNTS: Final = ("orders_shipped", "shipments", "orders_split", "orders_late", "orders_short", "units_backordered")


class Planned(Protocol):
    """A plan that can be compared: a published run, or the answer to a what-if."""

    @property
    def run_id(self) -> str:
        """What it is called."""
        ...

    @property
    def summary(self) -> dict[str, Any]:
        """The row of `plan_summary`."""
        ...

    def table(self, name: str) -> pl.DataFrame:
        """Give an output table."""
        ...


@dataclass(frozen=True)
class Side:
    """One of the two plans.

    Parameters
    ----------
    run_id
        What it is called.
    cost_cents, bound_cents, gap
        Its cost, what is proven necessary, and the share between them.
    counts
        Its counts of orders and parcels.
    """

    run_id: str
    cost_cents: int
    bound_cents: int
    gap: float
    counts: dict[str, int]


@dataclass(frozen=True)
class Comparison:
    """What changed between two plans.

    Parameters
    ----------
    before, after
        The two plans.
    currency
        ISO 4217.
    components
        component, before_cents, after_cents, difference_cents.
    changes
        change, orders, difference_cents: how many orders changed so and what these orders cost more; an order may
        change in several ways.
    orders
        order_id, change (several are joined by a comma), and by plan state, warehouses, carriers, is_late,
        units_short, cents; difference_cents.
    difference_cents
        Cost after less cost before.
    least_difference_cents, most_difference_cents
        Between these lies the difference of the best plans there are before and after: proven by the two bounds.
    verdict
        What may be said of the difference.
    """

    before: Side
    after: Side
    currency: str
    components: pl.DataFrame
    changes: pl.DataFrame
    orders: pl.DataFrame
    difference_cents: int
    least_difference_cents: int
    most_difference_cents: int
    verdict: str

    @property
    def is_proven(self) -> bool:
        """Whether the gaps leave no doubt which of the two is cheaper at its best."""
        return self.most_difference_cents < 0 or self.least_difference_cents > 0

    def as_dict(self) -> dict[str, Any]:
        """Give it as plain values."""
        frames = {name: getattr(self, name).to_dicts() for name in ("components", "changes", "orders")}
        plain = {name: getattr(self, name) for name in self.__dataclass_fields__ if name not in frames}
        sides = {"before": asdict(self.before), "after": asdict(self.after)}
        return plain | sides | {"is_proven": self.is_proven} | frames

    def __str__(self) -> str:
        rows = [
            (row["component"], *(row[f"{part}_cents"] for part in ("before", "after", "difference")))
            for row in self.components.iter_rows(named=True)
        ]
        rows.append(("cost", self.before.cost_cents, self.after.cost_cents, self.difference_cents))
        text = [
            f"before   {self.before.run_id}",
            f"after    {self.after.run_id}",
            "",
            f"{self.currency:<20}{'before':>16}{'after':>16}{'difference':>16}",
            *(_money_row(*row) for row in rows),
            _money_row("proven necessary", self.before.bound_cents, self.after.bound_cents, None),
            f"{'gap':<20}{self.before.gap:>16.2%}{self.after.gap:>16.2%}",
            "",
            *(_count_row(name, self.before.counts[name], self.after.counts[name]) for name in _COUNTS),
            "",
        ]
        text += [
            f"{row['orders']:>9} {'order ' if row['orders'] == 1 else 'orders'} {row['change']:<18}{row['difference_cents'] / 100:>+18,.2f}"
            for row in self.changes.iter_rows(named=True)
        ]
        if self.changes.is_empty():
            text.append("no order changed")
        return "\n".join([*text, "", self.verdict])


def compare(run_a: Planned, run_b: Planned) -> Comparison:
    """Say what changed from one plan to another and what it cost.

    Parameters
    ----------
    run_a
        The plan before.
    run_b
        The plan after.

    Raises
    ------
    UsageError
        When they are in different currencies.
    """
    before, after = run_a.summary, run_b.summary
    if before["currency"] != after["currency"]:
        raise UsageError(
            f"{before['currency']} and {after['currency']} cannot be compared; choose runs of one currency."
        )
    orders = _changed(_states(run_a), _states(run_b))
    difference = after["cost_cents"] - before["cost_cents"]
    least = after["bound_cents"] - before["cost_cents"]
    most = after["cost_cents"] - before["bound_cents"]
    changes = _by_kind(orders)
    unshared = int(changes.filter(pl.col("change").is_in(["only before", "only after"]))["orders"].sum())
    return Comparison(
        _side(run_a),
        _side(run_b),
        before["currency"],
        _components(before, after),
        changes,
        orders,
        difference,
        least,
        most,
        _verdict(difference, least, most, before["currency"], unshared),
    )


def _side(run: Planned) -> Side:
    row = run.summary
    counts = {name: row[name] for name in _COUNTS}
    return Side(run.run_id, row["cost_cents"], row["bound_cents"], row["gap"], counts)


def _components(before: dict[str, Any], after: dict[str, Any]) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "component": [name.removesuffix("_cents") for name in COMPONENTS],
            "before_cents": [before[name] for name in COMPONENTS],
            "after_cents": [after[name] for name in COMPONENTS],
        }
    ).with_columns(difference_cents=pl.col("after_cents") - pl.col("before_cents"))


def _states(run: Planned) -> pl.DataFrame:
    """Give one row an order: what becomes of it and what that costs."""
    sent = (
        run.table("shipments")
        .group_by("order_id")
        .agg(
            pl.len().alias("parcels"),
            _distinct("warehouse_id").alias("warehouses"),
            _distinct("carrier").alias("carriers"),
            pl.col("is_late").any(),
        )
        .join(_taken_cents(run), on="order_id", how="left")
    )
    waiting = (
        run.table("backorders")
        .group_by("order_id")
        .agg(pl.col("quantity").sum().alias("units_short"), pl.col("cost_cents").sum().alias("waiting_cents"))
    )
    held = run.table("holds").select("order_id").unique().with_columns(is_held=pl.lit(value=True))
    further = pl.max_horizontal(pl.col("parcels").cast(pl.Int64) - 1, 0)
    both = sent.join(waiting, on="order_id", how="full", coalesce=True).join(
        held, on="order_id", how="full", coalesce=True
    )
    filled = both.with_columns(
        pl.col("parcels", "units_short", "sent_cents", "waiting_cents").fill_null(0),
        pl.col("is_late", "is_held").fill_null(value=False),
    )
    num_further = int(filled.select(further.sum()).item() or 0)
    split_cents = run.summary["split_cents"] // num_further if num_further else 0
    state = (
        pl.when("is_held")
        .then(pl.lit("held"))
        .when(pl.col("parcels") == 0)
        .then(pl.lit("waiting"))
        .when(pl.col("units_short") > 0)
        .then(pl.lit("short"))
        .otherwise(pl.lit("planned"))
    )
    return filled.select(
        "order_id",
        state.alias("state"),
        "warehouses",
        "carriers",
        "is_late",
        "units_short",
        cents=pl.col("sent_cents") + pl.col("waiting_cents") + split_cents * further,
    ).cast({"units_short": pl.Int64, "cents": pl.Int64})


def _taken_cents(run: Planned) -> pl.DataFrame:
    """Give what the offers cost that an order takes: its parcels, and the prices set on lateness, stock and moves."""
    taken = run.table("offers").filter("is_chosen")
    return taken.group_by("order_id").agg(sent_cents=pl.col("cost_cents").sum())


def _distinct(name: str) -> pl.Expr:
    return pl.col(name).unique().sort().str.join(", ")


def _changed(before: pl.DataFrame, after: pl.DataFrame) -> pl.DataFrame:
    names = [name for name in before.columns if name != "order_id"]
    both = (
        before.rename({name: f"{name}_before" for name in names})
        .join(after.rename({name: f"{name}_after" for name in names}), on="order_id", how="full", coalesce=True)
        .with_columns(difference_cents=pl.col("cents_after").fill_null(0) - pl.col("cents_before").fill_null(0))
    )
    kinds = pl.concat_list(
        pl.when(holds.fill_null(value=False)).then(pl.lit(kind)) for kind, holds in zip(_KINDS, _tests(), strict=True)
    ).list.drop_nulls()
    told = both.with_columns(change=kinds.list.join(", "))
    return (
        told.filter((pl.col("change") != "") | (pl.col("difference_cents") != 0))
        .select(
            "order_id",
            pl.col("change").replace("", "other price"),
            *(f"{name}_{side}" for name in names for side in ("before", "after")),
            "difference_cents",
        )
        .sort(pl.col("difference_cents").abs(), "order_id", descending=[True, False])
    )


def _tests() -> list[pl.Expr]:
    """Give the condition of each kind of change, in the order of their names."""

    def was(name: str) -> pl.Expr:
        return pl.col(f"{name}_before")

    def now(name: str) -> pl.Expr:
        return pl.col(f"{name}_after")

    in_both = was("state").is_not_null() & now("state").is_not_null()
    return [
        was("warehouses") != now("warehouses"),
        was("carriers") != now("carriers"),
        ~was("is_late") & now("is_late"),
        was("is_late") & ~now("is_late"),
        (was("units_short") == 0) & (now("units_short") > 0),
        (was("units_short") > 0) & (now("units_short") == 0),
        in_both & (was("state") != "held") & (now("state") == "held"),
        in_both & (was("state") == "held") & (now("state") != "held"),
        now("state").is_null(),
        was("state").is_null(),
    ]


def _by_kind(orders: pl.DataFrame) -> pl.DataFrame:
    position = {kind: at for at, kind in enumerate((*_KINDS, "other price"))}
    return (
        orders.select(pl.col("change").str.split(", "), "difference_cents")
        .explode("change")
        .group_by("change")
        .agg(pl.len().cast(pl.Int64).alias("orders"), pl.col("difference_cents").sum())
        .sort(pl.col("change").replace_strict(position, return_dtype=pl.Int64))
    )


def _verdict(difference: int, least: int, most: int, currency: str, unshared: int) -> str:
    size = f"{abs(difference) / 100:,.2f} {currency}"
    if unshared:
        return (
            f"The plans are not of the same orders ({unshared} are in one only), so the difference of {size} is neither a saving "
            "nor a loss; look at the orders in both."
        )
    if most < 0:
        return f"It saves {size}; at least {-most / 100:,.2f} of it is proven for the best plans of the offers on either side."
    if least > 0:
        return f"It costs {size} more; at least {least / 100:,.2f} of it is proven for the best plans of the offers on either side."
    if difference == 0:
        return "The plans cost the same."
    word = "a saving" if difference < 0 else "an extra cost"
    return (
        f"The difference of {size} is smaller than the gaps: it does not prove {word}. Between the best plans it lies "
        f"between {least / 100:+,.2f} and {most / 100:+,.2f}."
    )


def _money_row(name: str, before: int, after: int, difference: int | None) -> str:
    last = "" if difference is None else f"{difference / 100:>+16,.2f}"
    return f"{name:<20}{before / 100:>16,.2f}{after / 100:>16,.2f}{last}"


def _count_row(name: str, before: int, after: int) -> str:
    return f"{name.replace('_', ' '):<20}{before:>16,}{after:>16,}{after - before:>+16,}"
