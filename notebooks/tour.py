"""A tour of a run: what was planned, what it costs, why, and what the stock position means.

Open it with `marimo edit notebooks/tour.py -- --workspace demo`; without a workspace it plans a small generated night of its own.
"""

import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium")


@app.cell
def _():
    import tempfile
    from pathlib import Path

    import marimo as mo
    import polars as pl

    import engine

    return Path, engine, mo, pl, tempfile


@app.cell
def _(Path, engine, mo, tempfile):
    given = mo.cli_args().get("workspace")
    if given is None:
        workspace = Path(tempfile.mkdtemp()) / "shop"
        engine.make_workspace(workspace, sample_orders=60, seed=1)
        engine.run_batch(workspace)
    else:
        workspace = Path(str(given))
    run = engine.open_run(workspace)
    mo.md(f"# The night of {run.as_of:%Y-%m-%d}\n\nRun `{run.run_id}` in `{workspace.name}`.")
    return (run,)


@app.cell
def _(mo, run):
    figures = run.summary
    mo.md(
        f"""
        {figures["orders_released"]} of {figures["orders"]} open orders were released and ship in {figures["shipments"]} parcels.
        The plan costs **{figures["cost_cents"] / 100:,.2f} {figures["currency"]}**; no plan from tonight's offers costs less than
        **{figures["bound_cents"] / 100:,.2f}**. The gap is {100 * figures["gap"]:.2f} %.
        """
    )
    return (figures,)


@app.cell
def _(mo):
    mo.md("## Where the money goes\n\nEvery table of a run is an attribute, a Polars frame.")


@app.cell
def _(pl, run):
    costs = run.shipments.group_by("warehouse_id").agg(
        pl.len().alias("parcels"),
        (pl.col("freight_cents", "surcharge_cents", "carton_cents", "total_cents").sum() / 100).name.map(
            lambda name: name.removesuffix("_cents")
        ),
    )
    costs.sort("total", descending=True)
    return (costs,)


@app.cell
def _(mo):
    mo.md(
        "## Why does this order ship so?\n\nThe plan names what it did not take, and what the stock it left is worth."
    )


@app.cell
def _(mo, pl, run):
    parcels = run.shipments.group_by("order_id").len().sort("len", "order_id", descending=[True, False])
    order_id = parcels.select(pl.col("order_id").first()).item()
    mo.plain_text(str(run.explain(order_id)))
    return (order_id,)


@app.cell
def _(mo):
    mo.md("## What is short, and what one more unit would save")


@app.cell
def _(run):
    run.shadow_prices.sort("cents_per_unit", descending=True).head(10)


@app.cell
def _(mo):
    mo.md("## Too much, too little\n\nOverstock and understock in one currency, ranked.")


@app.cell
def _(run):
    run.stock_health.select(
        "warehouse_id",
        "sku",
        "place",
        "on_hand",
        "cover_days",
        "overstock_units",
        "understock_units",
        "money_cents",
        "action",
    ).head(10)


@app.cell
def _(mo):
    mo.md(
        "## Buy and move\n\nWhat the night proposes, the most saved for the money first; and what a buyer with half the money would do."
    )


@app.cell
def _(run):
    run.replenishment.select("warehouse_id", "sku", "available_units", "buy_units", "cost_cents", "saved_cents").head(
        10
    )


@app.cell
def _(run):
    run.transfers.head(10)


@app.cell
def _(engine, run):
    half = int(run.replenishment["cost_cents"].sum()) // 2
    goods = run.inputs
    proposals = engine.propose_orders(
        goods.stock, goods.stock_movements, goods.products, goods.inbound, run.as_of, budget_cents=half
    )
    proposals.summary
    return (proposals,)


@app.cell
def _(mo):
    mo.md("## Pack on frames of your own")


@app.cell
def _(engine, pl, run):
    first = run.inputs.order_lines.head(3).with_columns(pl.lit("MINE").alias("order_id"))
    packing = engine.pack_orders(first, run.inputs.products, run.inputs.cartons, run.inputs.protection)
    packing.parcels
    return (packing,)


@app.cell
def _(mo):
    mo.md("Turn it, zoom, step through the packing order; point at an item to see what it is.")


@app.cell
def _(packing):
    packing.draw()


@app.cell
def _(mo):
    mo.md("An order of the run is drawn the same way, and so is a container.")


@app.cell
def _(order_id, run):
    run.draw(order_id)


@app.cell
def _(engine, pl):
    crates = pl.DataFrame(
        {
            "item_id": ["crate", "case", "tube"],
            "length_mm": [600, 400, 900],
            "width_mm": [400, 300, 150],
            "height_mm": [300, 250, 150],
            "quantity": [20, 40, 30],
            "length_vertical": [True, True, False],
        }
    )
    load = engine.load_container(crates, (2400, 1200, 1100), support=1.0, seconds=0.5)
    load.draw()
    return (load,)


if __name__ == "__main__":
    app.run()
