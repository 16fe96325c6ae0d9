"""The stock on the morning page: the money on both sides, how it lies, and what to buy and to move."""

from __future__ import annotations

from datetime import date
from typing import Final

import polars as pl

from engine.contracts.reports import AGE_CLASSES
from engine.reports import charts, html
from engine.reports.written import count, day, days, money, share, short_money

_STOCKS_SHOWN: Final = 40
_LINES_SHOWN: Final = 15
_WAREHOUSES_SHOWN: Final = 8
_NO_DAY: Final = date(1970, 1, 1)
_TOO_MUCH: Final = (("holding_cents", "holding until it sells", "over"),)
_TOO_LITTLE: Final = (
    ("lost_margin_cents", "margin about to be lost", "under"),
    ("lost_sales_cents", "margin lost in the last 30 days", "lost"),
    ("plan_cost_cents", "paid by tonight's plan", "paid"),
)
_PLACES: Final = (
    ("dead", "dead"),
    ("healthy", "healthy"),
    ("overstock", "over"),
    ("understock", "under"),
    ("out", "lost"),
)
_COVERS: Final = ((7, "a week"), (30, "a month"), (90, "90 days"), (365, "a year"))


def stock_sections(tables: dict[str, pl.DataFrame], currency: str) -> list[str]:
    """Give the sections of the page about stock.

    Parameters
    ----------
    tables
        The output tables of the run by name.
    currency
        ISO 4217.
    """
    health = tables["stock_health"]
    if health.is_empty():
        return [html.heading("Stock health", "No stock is on file.")]
    return [
        *_both_sides(health, currency),
        *_cover(health, currency),
        *_ages(tables["inventory_turnover"], currency),
        *_turnover(tables["rolling_turnover"]),
        *_dearest(health, currency),
        *_to_buy(tables, currency),
        *_to_move(tables["transfers"], currency),
    ]


def _both_sides(health: pl.DataFrame, currency: str) -> list[str]:
    parts = (*_TOO_MUCH, *_TOO_LITTLE)
    sums = health.group_by("warehouse_id").agg(
        pl.len().cast(pl.Int64).alias("stocks"),
        pl.col("stock_value_cents").sum(),
        pl.col("money_cents").sum(),
        *(pl.col(name).fill_null(0).sum() for name, _, _ in parts),
    )
    sums = sums.sort("money_cents", "warehouse_id", descending=[True, False])
    shown = sums.head(_WAREHOUSES_SHOWN)
    write = money(currency)
    bars = []
    for row in shown.iter_rows(named=True):
        for name, side in ((row["warehouse_id"], _TOO_MUCH), ("", _TOO_LITTLE)):
            stacked = [(float(row[column]), style) for column, _, style in side]
            bars.append((name, stacked, short_money(sum(value for value, _ in stacked))))
    total = {column: int(sums[column].sum()) for column, _, _ in parts}
    little = sum(total[column] for column, _, _ in _TOO_LITTLE)
    told = (
        f"Too much stock costs {write(total['holding_cents'])} to hold until it sells; too little has cost or is about to "
        f"cost {write(little)}. For each warehouse the first column is too much, the second too little."
    )
    table = html.table(
        sums,
        [
            ("warehouse_id", "warehouse", None),
            ("stocks", "stocks", count),
            ("stock_value_cents", "value", write),
            *((column, name, write) for column, name, _ in parts),
        ],
    )
    return [
        html.heading("Stock health", "Overstock and understock in one currency."),
        charts.legend([(name, style) for _, name, style in parts]),
        charts.figure(charts.columns(bars, y_name=currency), "The money on both sides", told, table),
    ]


def _cover(health: pl.DataFrame, currency: str) -> list[str]:
    """Show each article's cover and value; an article counts as the place where most of its money is."""
    articles = health.group_by("sku").agg(
        pl.col("stock_value_cents").sum(),
        pl.col("available_units").sum(),
        pl.col("demand_units_per_day").sum(),
        pl.col("place").sort_by("money_cents", "warehouse_id", descending=[True, False]).first(),
    )
    rate, units = pl.col("demand_units_per_day"), pl.col("available_units")
    cover = pl.when(rate > 0).then(pl.max_horizontal(units, pl.lit(0)) / rate).when(units <= 0).then(0.0)
    articles = articles.with_columns(cover=cover).filter(pl.col("stock_value_cents") > 0).sort("sku")
    groups = [charts.Dots(name, style, _points(articles.filter(pl.col("place") == name))) for name, style in _PLACES]
    names = [f"under {_COVERS[0][1]}", *(f"up to {name}" for _, name in _COVERS[1:])]
    bands = pl.coalesce(
        pl.when(pl.col("cover").is_null()).then(pl.lit("no demand")),
        *(pl.when(pl.col("cover") < limit).then(pl.lit(name)) for (limit, _), name in zip(_COVERS, names, strict=True)),
        pl.lit("over a year"),
    )
    order = [*names, "over a year", "no demand"]
    by_band = (
        articles.with_columns(band=bands)
        .group_by("band")
        .agg(pl.len().cast(pl.Int64).alias("articles"), pl.col("stock_value_cents").sum())
        .sort(pl.col("band").replace_strict(order, list(range(len(order))), default=len(order), return_dtype=pl.Int64))
    )
    idle = int(articles.filter(pl.col("cover").is_null() | (pl.col("cover") > 365))["stock_value_cents"].sum())
    told = (
        f"Every dot is an article: how many days its stock lasts, and what it is worth. {money(currency)(idle)} lies in "
        "articles that last more than a year or have no demand."
    )
    write = money(currency)
    table = html.table(
        by_band, [("band", "cover", None), ("articles", "articles", count), ("stock_value_cents", "value", write)]
    )
    drawing = charts.scatter(
        groups,
        x_name="days of cover",
        y_name=f"value, {currency}",
        before="out",
        beyond="no demand",
        guides=[(30.0, "a month"), (365.0, "a year")],
    )
    return [
        html.heading("Cover against value"),
        charts.legend(_PLACES),
        charts.figure(drawing, "Cover against value of every article", told, table),
    ]


def _points(articles: pl.DataFrame) -> list[tuple[float | None, float]]:
    return [(cover, cents / 100) for cover, cents in articles.select("cover", "stock_value_cents").iter_rows()]


def _ages(turnover: pl.DataFrame, currency: str) -> list[str]:
    company = turnover.filter(pl.col("level") == "company")
    if company.is_empty():
        return []
    row, write = company.row(0, named=True), money(currency)
    rows = [
        {
            "age": _age(name),
            "units": row[f"age_{name}_days_units"],
            "value": row[f"age_{name}_days_value_cents"],
        }
        for name in AGE_CLASSES
    ]
    ages = pl.DataFrame(rows)
    total, old = int(ages["value"].sum()), int(ages["value"].tail(2).sum())
    told = f"{share(old / total) if total else '0 %'} of the stock's value has been there for more than half a year."
    bars = [(one["age"], [(float(one["value"]), "healthy")], short_money(one["value"])) for one in rows]
    table = html.table(ages, [("age", "in stock for", None), ("units", "units", count), ("value", "value", write)])
    return [
        html.heading("Age of the stock", "First in, first out."),
        charts.figure(charts.columns(bars, y_name=currency), "Value of the stock by age", told, table),
    ]


def _age(name: str) -> str:
    """Write an age class: 31_60 as 31 to 60 days, over_365 as over 365 days."""
    return (name.replace("_", " to ") if name[0].isdigit() else name.replace("_", " ")) + " days"


def _turnover(rolling: pl.DataFrame) -> list[str]:
    known = rolling.filter(pl.col("turns").is_not_null()).sort("last_day")
    if known.is_empty():
        return []
    styles = dict(zip(sorted(known["window_days"].unique()), ("faint", "strong"), strict=False))
    series = []
    for window, style in styles.items():
        own = known.filter(pl.col("window_days") == window)
        points = [((last - _NO_DAY).days, turns) for last, turns in own.select("last_day", "turns").iter_rows()]
        series.append(charts.Line(f"of {window} days", style, [(float(at), turns) for at, turns in points]))
    months = known["last_day"].filter(known["last_day"].dt.day() == 1).unique().sort().to_list()
    ticks = [(float((one - _NO_DAY).days), f"{one:%b %Y}") for one in months][:: max(len(months) // 8, 1)]
    widest = known.filter(pl.col("window_days") == known["window_days"].max())
    first, last = widest["turns"][0], widest["turns"][-1]
    told = (
        f"Turns a year, by the {widest['window_days'][0]} days before each day: {first:.2f} at first, {last:.2f} now."
    )
    by_month = known.filter(pl.col("last_day").is_in([*months, known["last_day"].max()]))
    table = html.table(
        by_month,
        [
            ("last_day", "until", day),
            ("window_days", "days", count),
            ("turns", "turns", lambda value: f"{value:.2f}"),
            ("days_on_hand", "days on hand", days),
        ],
    )
    drawing = charts.lines(series, x_ticks=ticks, y_name="turns a year", y_format=lambda value: f"{value:.1f}")
    return [
        html.heading("Turnover over time"),
        charts.legend([(line.name, line.style) for line in series]),
        charts.figure(drawing, "Turnover over time", told, table),
    ]


def _dearest(health: pl.DataFrame, currency: str) -> list[str]:
    write = money(currency)
    shown = health.with_columns(pl.col("action").str.replace_all("_", " ")).sort("rank").head(_STOCKS_SHOWN)
    columns: list[tuple[str, str, html.Format | None]] = [
        ("warehouse_id", "warehouse", None),
        ("sku", "article", None),
        ("place", "place", None),
        ("on_hand", "on hand", count),
        ("cover_days", "cover", count),
        ("runs_out_on", "runs out", day),
        ("next_receipt_on", "next receipt", day),
        ("overstock_units", "over", count),
        ("understock_units", "under", count),
        ("plan_cost_cents", "tonight", write),
        ("money_cents", "at stake", write),
        ("action", "action", None),
    ]
    note = f"The first {shown.height} of {count(health.height)}; all are in stock_health.parquet."
    return [html.heading("Dearest stocks", note), html.table(shown, columns)]


def _to_buy(tables: dict[str, pl.DataFrame], currency: str) -> list[str]:
    bought, write = tables["replenishment"], money(currency)
    if bought.is_empty():
        return [html.heading("To buy", "Nothing needs to be bought.")]
    columns: list[tuple[str, str, html.Format | None]] = [
        ("warehouse_id", "warehouse", None),
        ("sku", "article", None),
        ("available_units", "there", count),
        ("expected_demand_units", "expected", days),
        ("demand_p95_units", "19 in 20", count),
        ("buy_units", "buy", count),
        ("cost_cents", "costs", write),
        ("saved_cents", "saves", write),
    ]
    proven = tables["proposal_summary"].row(0, named=True) if tables["proposal_summary"].height else None
    note = f"{count(bought.height)} purchases for {write(int(bought['cost_cents'].sum()))}, the most saved for the money first."
    if proven is not None:
        note += (
            f" With the transfers they bring the expected cost of shortage and holding from {write(proven['baseline_cents'])}"
            f" to {write(proven['cost_cents'])}; no other choice brings it below {write(proven['bound_cents'])}."
        )
    return [
        html.heading("To buy", note),
        html.table(bought.sort("rank").head(_LINES_SHOWN), columns),
        *_by_supplier(tables["supplier_orders"], currency),
    ]


def _by_supplier(orders: pl.DataFrame, currency: str) -> list[str]:
    """Show the purchases as orders, those whose budget is worth most to raise first."""
    if orders.is_empty():
        return []
    write = money(currency)
    columns: list[tuple[str, str, html.Format | None]] = [
        ("supplier_id", "supplier", None),
        ("lines", "lines", count),
        ("units", "units", count),
        ("purchase_cents", "goods", write),
        ("order_cents", "order costs", write),
        ("minimum_order_cents", "at least", write),
        ("budget_cents", "budget", write),
        ("saved_cents", "saves", write),
        ("saved_per_budget_cent", "next cent", lambda value: f"{value:.2f}"),
    ]
    shown = orders.sort("saved_per_budget_cent", "saved_cents", descending=True, maintain_order=True).head(_LINES_SHOWN)
    note = (
        f"{count(orders.height)} orders; the first {shown.height}, those whose budget binds hardest: next cent is what a cent"
        " more of it would save, in cents. All are in supplier_orders.parquet."
    )
    return [html.heading("By supplier", note), html.table(shown, columns)]


def _to_move(moves: pl.DataFrame, currency: str) -> list[str]:
    if moves.is_empty():
        return [html.heading("To move", "Nothing is worth moving between warehouses.")]
    write = money(currency)
    columns: list[tuple[str, str, html.Format | None]] = [
        ("sku", "article", None),
        ("from_warehouse_id", "from", None),
        ("to_warehouse_id", "to", None),
        ("quantity", "units", count),
        ("cost_cents", "costs", write),
        ("saved_cents", "saves", write),
    ]
    note = (
        f"{count(moves.height)} transfers; the first {min(_LINES_SHOWN, moves.height)}. All are in transfers.parquet."
    )
    return [html.heading("To move", note), html.table(moves.sort("rank").head(_LINES_SHOWN), columns)]
