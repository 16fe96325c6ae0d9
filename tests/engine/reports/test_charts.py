"""Charts: plain SVG with a title, words and a table; nothing is drawn outside, whatever the figures."""

import re
from html.parser import HTMLParser

import pytest

from engine.reports import charts

HOSTILE = "</title><script>x</script>"


class Tags(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.open, self.tags = [], []
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def drawings(name="x"):
    dots = [charts.Dots(name, "over", [(0.0, 5.0), (None, 3.0), (12.0, 40_000.0), (0.3, 0.01)])]
    line = [charts.Line(name, "strong", [(0.0, 1.0), (1.0, 4.0), (2.0, 0.0)])]
    columns = [(name, [(3.0, "over"), (2.0, "under")], name), (name, [], name)]
    return [
        charts.scatter(dots, x_name=name, y_name=name, before=name, beyond=name, guides=[(30.0, name)]),
        charts.lines(line, x_ticks=[(0.0, name), (9.0, name)], y_name=name, y_format=str),
        charts.columns(columns, y_name=name),
    ]


@pytest.mark.parametrize("number", range(3))
def test_a_chart_is_whole_says_what_it_shows_and_has_a_table(number):
    text = charts.figure(drawings(HOSTILE)[number], HOSTILE, HOSTILE, "<table></table>")
    parsed = Tags(text)
    assert "script" not in parsed.tags
    assert {"figure", "svg", "title", "desc", "figcaption", "details", "table"} <= set(parsed.tags)
    assert 'role="img"' in text


@pytest.mark.parametrize("number", range(3))
def test_nothing_is_drawn_outside(number):
    text = drawings()[number]
    width, height = map(float, re.search(r'viewBox="0 0 (\d+) (\d+)"', text).groups())
    for x, y in re.findall(r"[ML](-?[\d.]+) (-?[\d.]+)", text):
        assert 0 <= float(x) <= width
        assert 0 <= float(y) <= height
    for x, y, wide, high in re.findall(
        r'<rect class="\w+" x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="([\d.]+)"', text
    ):
        assert float(x) + float(wide) <= width
        assert float(y) + float(high) <= height


def test_nothing_to_show_is_an_empty_chart():
    assert "nan" not in charts.scatter([], x_name="", y_name="", before="", beyond="", guides=[])
    assert "nan" not in charts.lines([], x_ticks=[], y_name="", y_format=str)
    assert "nan" not in charts.columns([], y_name="")


def test_dots_beyond_the_axis_stand_beside_it():
    dots = [charts.Dots("a", "over", [(0.0, 1.0), (10.0, 1.0), (None, 1.0)])]
    text = charts.scatter(dots, x_name="", y_name="", before="", beyond="", guides=[])
    out, inside, beyond = (float(x) for x in re.findall(r"M([\d.]+) [\d.]+h0", text))
    assert out < inside < beyond
    assert charts.legend([("a", "over")]).count("key") == 1
