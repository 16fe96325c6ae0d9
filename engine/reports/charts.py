"""Charts as plain SVG: nothing loads, nothing runs, light and dark by the page's own colours, and a table beside each."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

WIDTH: Final = 920
_LEFT: Final = 86
_RIGHT: Final = 24
_TOP: Final = 14
_BOTTOM: Final = 46
_GUTTER: Final = 54
"""Room beside an axis for what has no place on it."""

Format = Callable[[float], str]


@dataclass(frozen=True)
class Dots:
    """Dots of one kind: positions along both axes; an x of None stands beyond the axis's end, one of 0 before it."""

    name: str
    style: str
    points: Sequence[tuple[float | None, float]]


@dataclass(frozen=True)
class Line:
    """A line: x positions that rise, and y values."""

    name: str
    style: str
    points: Sequence[tuple[float, float]]


def figure(drawing: str, title: str, told: str, table: str) -> str:
    """Give a chart with its title, what it says in words, and the same as a table.

    Parameters
    ----------
    drawing
        The SVG's content and size, as the functions of this module give it.
    title, told
        What it shows, and what is seen in it.
    table
        The figures as HTML, for whoever would rather read them.
    """
    opened = drawing.replace("<svg ", f'<svg role="img" aria-label="{escape(title)}" ', 1)
    close = opened.index(">") + 1
    words = f"<title>{escape(title)}</title><desc>{escape(told)}</desc>"
    return (
        f"<figure>{opened[:close]}{words}{opened[close:]}"
        f'<figcaption class="soft">{escape(told)}</figcaption>'
        f"<details><summary>The same as a table</summary>{table}</details></figure>"
    )


def legend(names: Sequence[tuple[str, str]]) -> str:
    """Give what the colours mean: (name, style)."""
    keys = "".join(f'<span class="key"><i class="{style}"></i>{escape(name)}</span>' for name, style in names)
    return f'<p class="legend">{keys}</p>'


def scatter(
    groups: Sequence[Dots], *, x_name: str, y_name: str, before: str, beyond: str, guides: Sequence[tuple[float, str]]
) -> str:
    """Give dots over two logarithmic axes.

    Parameters
    ----------
    groups
        The dots, drawn one kind over the other.
    x_name, y_name
        What the axes measure.
    before, beyond
        What a dot before the x axis and one beyond it is.
    guides
        Places on the x axis worth a line, and their names.
    """
    height = 420
    points = [point for group in groups for point in group.points]
    xs = [x for x, _ in points if x is not None and x > 0]
    x_axis = _Log.over([*xs, *(at for at, _ in guides)], _LEFT + _GUTTER, WIDTH - _RIGHT - _GUTTER)
    y_axis = _Log.over([y for _, y in points if y > 0], height - _BOTTOM, _TOP)

    def place(x: float | None, y: float) -> str:
        across = WIDTH - _RIGHT - _GUTTER / 2 if x is None else x_axis.at(x) if x > 0 else _LEFT + _GUTTER / 2
        return f"M{across:.1f} {y_axis.at(max(y, y_axis.least)):.1f}h0"

    dots = "".join(
        f'<path class="dots {group.style}" d="{"".join(place(x, y) for x, y in group.points)}"/>'
        for group in groups
        if group.points
    )
    lines = "".join(
        f'<path class="guide" d="M{x_axis.at(at):.1f} {_TOP}V{height - _BOTTOM}"/>'
        f'<text x="{x_axis.at(at) + 4:.1f}" y="{_TOP + 10}">{escape(name)}</text>'
        for at, name in guides
    )
    ends = (
        f'<text class="middle" x="{_LEFT + _GUTTER / 2}" y="{height - _BOTTOM + 32}">{escape(before)}</text>'
        f'<text class="middle" x="{WIDTH - _RIGHT - _GUTTER / 2}" y="{height - _BOTTOM + 32}">{escape(beyond)}</text>'
    )
    return _svg(height, _x_axis(x_axis, height, x_name) + _y_axis(y_axis, y_name) + ends + lines + dots)


def lines(series: Sequence[Line], *, x_ticks: Sequence[tuple[float, str]], y_name: str, y_format: Format) -> str:
    """Give lines over one axis of time and one of values from zero up.

    Parameters
    ----------
    series
        The lines.
    x_ticks
        Positions along time worth a mark, and their names.
    y_name, y_format
        What the values are, and how one is written.
    """
    height = 280
    xs = [x for line in series for x, _ in line.points]
    largest = max((y for line in series for _, y in line.points), default=0.0) or 1.0
    first, last = min(xs, default=0.0), max(xs, default=1.0)
    width, tall = WIDTH - _LEFT - _RIGHT, height - _TOP - _BOTTOM

    def across(x: float) -> float:
        return _LEFT + width * (x - first) / max(last - first, 1e-9)

    def up(y: float) -> float:
        return height - _BOTTOM - tall * max(y, 0.0) / largest

    marks = "".join(
        f'<path class="grid" d="M{_LEFT} {up(y):.1f}H{WIDTH - _RIGHT}"/>'
        f'<text class="end" x="{_LEFT - 8}" y="{up(y) + 4:.1f}">{escape(y_format(y))}</text>'
        for y in (largest * part / 4 for part in range(5))
    )
    times = "".join(
        f'<text class="middle" x="{across(x):.1f}" y="{height - _BOTTOM + 18}">{escape(name)}</text>'
        for x, name in x_ticks
        if first <= x <= last
    )
    drawn = "".join(
        f'<path class="line {line.style}" d="M{"L".join(f"{across(x):.1f} {up(y):.1f}" for x, y in line.points)}"/>'
        for line in series
        if line.points
    )
    return _svg(height, marks + times + _axis_name(y_name, height) + drawn)


def columns(rows: Sequence[tuple[str, Sequence[tuple[float, str]], str]], *, y_name: str) -> str:
    """Give columns side by side, each stacked of parts from the foot up.

    Parameters
    ----------
    rows
        Name below the column; its parts with their style; what is written above it.
    y_name
        What the height is.
    """
    height = 260
    largest = max((sum(value for value, _ in parts) for _, parts, _ in rows), default=0.0) or 1.0
    tall, step = height - _TOP - _BOTTOM - 16, (WIDTH - _LEFT - _RIGHT) / max(len(rows), 1)
    drawn = [f'<path class="grid" d="M{_LEFT} {height - _BOTTOM}H{WIDTH - _RIGHT}"/>']
    for number, (name, parts, written) in enumerate(rows):
        middle, foot = _LEFT + step * (number + 0.5), float(height - _BOTTOM)
        wide = min(step * 0.62, 90.0)
        for value, style in parts:
            size = tall * max(value, 0.0) / largest
            foot -= size
            drawn.append(
                f'<rect class="{style}" x="{middle - wide / 2:.1f}" y="{foot:.1f}" width="{wide:.1f}" height="{size:.1f}"/>'
            )
        drawn.append(f'<text class="middle" x="{middle:.1f}" y="{foot - 6:.1f}">{escape(written)}</text>')
        drawn.append(f'<text class="middle" x="{middle:.1f}" y="{height - _BOTTOM + 18}">{escape(name)}</text>')
    return _svg(height, "".join(drawn) + _axis_name(y_name, height))


@dataclass(frozen=True)
class _Log:
    """A logarithmic axis of whole powers of ten."""

    low: int
    high: int
    start: float
    end: float

    @classmethod
    def over(cls, values: Sequence[float], start: float, end: float) -> _Log:
        low = math.floor(math.log10(min(values, default=1.0)))
        high = math.ceil(math.log10(max(values, default=10.0)) + 1e-9)
        return cls(low, max(high, low + 1), start, end)

    @property
    def least(self) -> float:
        return float(10.0**self.low)

    def at(self, value: float) -> float:
        share = (math.log10(value) - self.low) / (self.high - self.low)
        return self.start + (self.end - self.start) * min(max(share, 0.0), 1.0)

    def ticks(self) -> list[tuple[float, str]]:
        return [(10.0**power, f"{10.0**power:,.{max(-power, 0)}f}".replace(",", "\u202f")) for power in self._powers()]

    def _powers(self) -> range:
        return range(self.low, self.high + 1)


def _x_axis(axis: _Log, height: int, name: str) -> str:
    marks = "".join(
        f'<path class="grid" d="M{axis.at(value):.1f} {_TOP}V{height - _BOTTOM}"/>'
        f'<text class="middle" x="{axis.at(value):.1f}" y="{height - _BOTTOM + 16}">{told}</text>'
        for value, told in axis.ticks()
    )
    return marks + f'<text class="middle" x="{WIDTH / 2}" y="{height - _BOTTOM + 32}">{escape(name)}</text>'


def _y_axis(axis: _Log, name: str) -> str:
    marks = "".join(
        f'<path class="grid" d="M{_LEFT} {axis.at(value):.1f}H{WIDTH - _RIGHT}"/>'
        f'<text class="end" x="{_LEFT - 8}" y="{axis.at(value) + 4:.1f}">{told}</text>'
        for value, told in axis.ticks()
    )
    return marks + _axis_name(name, int(axis.start) + _BOTTOM)


def _axis_name(name: str, height: int) -> str:
    return f'<text class="middle" transform="translate(14 {(height - _BOTTOM + _TOP) / 2:.0f}) rotate(-90)">{escape(name)}</text>'


def _svg(height: int, content: str) -> str:
    return f'<svg class="chart" viewBox="0 0 {WIDTH} {height}">{content}</svg>'
