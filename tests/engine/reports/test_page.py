"""The morning page: loads nothing, runs nothing, and writes every value as text."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import polars as pl
import pytest

from engine.contracts import OUTPUTS, REPORTS
from engine.reports import html
from engine.reports.page import morning_page

HOSTILE = "</script></style><b onmouseover=alert(1)>\"'&<img src=http://evil.example/x>"


def tables_of(run) -> dict[str, pl.DataFrame]:
    return {table.name: run.table(table.name) for table in (*OUTPUTS, *REPORTS)}


class Page(HTMLParser):
    """Tags, attributes and text of a page; refuses tags that are not closed in their turn."""

    VOID = ("meta", "br")

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert not self._open

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in self.VOID:
            self._open.append(tag)

    def handle_endtag(self, tag):
        assert self._open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


@pytest.fixture(scope="module")
def page(small_run) -> str:
    return (small_run.directory / "report.html").read_text(encoding="utf-8")


def test_the_page_loads_nothing_and_runs_nothing(page):
    parsed = Page(page)
    assert not {"script", "link", "img", "iframe", "object", "embed", "form", "base"} & set(parsed.tags)
    assert not [
        name for name, _ in parsed.attributes if name in {"src", "srcset", "data", "action"} or name.startswith("on")
    ]
    assert all(value.startswith("#") for name, value in parsed.attributes if name == "href")
    assert "http://" not in page
    assert "https://" not in page
    assert "url(" not in page
    assert "@import" not in page


def test_the_policy_forbids_everything_but_styles(page):
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)[1]
    assert policy.startswith("default-src 'none'")
    assert "script-src" not in policy
    assert page.index("Content-Security-Policy") < page.index("<style>")


def test_every_link_leads_somewhere(page):
    parsed = Page(page)
    places = {value for name, value in parsed.attributes if name == "id"}
    links = [value[1:] for name, value in parsed.attributes if name == "href"]
    assert links
    assert set(links) <= places
    assert len(places) == len([1 for name, _ in parsed.attributes if name == "id"])


def test_the_page_is_the_same_again(small_run, page):
    assert morning_page(tables_of(small_run)) == page


def test_the_page_tells_the_figures_of_the_summary(small_run, page):
    text = "".join(Page(page).text)
    summary = small_run.summary
    assert f"{summary['as_of']:%d %B %Y}" in text
    assert summary["run_id"] in text
    cents = f"{summary['cost_cents'] / 100:,.2f}".replace(",", "\u202f")
    assert cents in text
    for order in (
        small_run.shipments.filter("is_late")
        .sort("days_late", "shipment_id", descending=[True, False])["order_id"]
        .head(5)
    ):
        assert order in text


def test_hostile_text_stays_text_in_every_field(small_run):
    tables = tables_of(small_run)
    assert tables["backorders"].height
    assert tables["holds"].height
    reject = {name: HOSTILE for name, kind in tables["rejects"].schema.items() if kind == pl.String} | {"row": 1}
    tables["rejects"] = pl.DataFrame([reject], schema=tables["rejects"].schema)
    hostile = {
        name: frame.with_columns(
            pl.lit(HOSTILE).alias(column)
            for column, kind in frame.schema.items()
            if kind == pl.String and (name, column) != ("delivery_performance", "level")
        )
        for name, frame in tables.items()
    }
    page = morning_page(hostile)
    parsed = Page(page)
    assert HOSTILE not in page
    assert not {"script", "img", "b onmouseover"} & set(parsed.tags)
    assert not [name for name, _ in parsed.attributes if name.startswith("on") or name == "src"]
    assert "".join(parsed.text).count(HOSTILE) > 20


def test_an_empty_night_has_a_page(small_run):
    tables = tables_of(small_run)
    empty = {name: frame.clear() for name, frame in tables.items()}
    summary = tables["plan_summary"]
    counts = [name for name, kind in summary.schema.items() if kind.is_numeric()]
    empty["plan_summary"] = summary.with_columns(pl.lit(0).cast(summary.schema[name]).alias(name) for name in counts)
    text = "".join(Page(morning_page(empty)).text)
    assert "No orders" in text
    assert "nan" not in text


def test_the_components_shown_add_up_to_the_cost(small_run, page):
    shown = page.split("What the plan costs")[1].split("What the plan saves")[0].split("<table")[1]
    cents = [round(float(amount.replace("\u202f", "")) * 100) for amount in re.findall(r"([\d\u202f]+\.\d\d) ", shown)]
    assert sum(cents) == small_run.summary["cost_cents"]


@pytest.mark.parametrize("value", [None, 0, HOSTILE])
def test_a_table_shows_every_row_and_nothing_for_what_is_absent(value):
    frame = pl.DataFrame({"a": [value, value]}, schema={"a": pl.String}, strict=False)
    parsed = Page(html.table(frame, [("a", "<title>", None)]))
    assert parsed.tags.count("tr") == 3
    shown = "" if frame["a"][0] is None else frame["a"][0]
    assert "".join(parsed.text) == "<title>" + 2 * shown


def test_bars_are_shares_of_the_largest():
    text = html.bars([("one", 50, "50", False), ("two", 200, "200", True), ("none", 0, "0", False)])
    assert re.findall(r"width:([\d.]+)%\"><", text) == ["25.0", "100.0", "0.0"]
    assert "nan" not in html.bars([("none", 0, "0", False)])
    assert Page(html.bars([])).tags[0] == "div"
