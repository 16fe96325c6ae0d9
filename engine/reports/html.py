"""The few building blocks of a self-contained page. Every value is escaped here and nowhere else."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from html import escape
from typing import Any, Final

import polars as pl

Format = Callable[[Any], str]

_SHORT: Final = 24
_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"
_STYLE: Final = """
:root { color-scheme: light dark; --ink: #1c2430; --soft: #5d6b7c; --line: #e3e8ee; --paper: #fff; --card: #f5f7fa; --bar: #3b6ea8; --priced: #b9a06a; --bad: #b4412f; --lost: #7c2a63; --paid: #d08a2e }
@media (prefers-color-scheme: dark) { :root { --ink: #e7ecf2; --soft: #9aa8b8; --line: #2c3642; --paper: #14191f; --card: #1d242c; --bar: #6ea3de; --priced: #a98f57; --bad: #ef8a78; --lost: #d38bbd; --paid: #e8b36a } }
* { box-sizing: border-box }
html { scroll-behavior: smooth }
body { margin: 0 auto; padding: 2rem 1.5rem 4rem; max-width: 70rem; background: var(--paper); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; font-variant-numeric: tabular-nums }
h1 { margin: 0; font-size: 1.6rem } h2 { margin: 2.6rem 0 .5rem; font-size: 1.15rem; scroll-margin-top: 1rem } p { margin: .2rem 0 .7rem; max-width: 48rem } .soft { color: var(--soft) }
.figures { display: grid; grid-template-columns: repeat(4, 1fr); gap: .7rem; margin: 1.3rem 0 }
.figure { display: block; background: var(--card); border-left: 4px solid var(--line); border-radius: .4rem; padding: .7rem .9rem; color: inherit; text-decoration: none }
.figure b { display: block; font-size: 1.3rem; white-space: nowrap } .figure span { color: var(--soft); font-size: .85rem }
a.figure { border-left-color: var(--bad) } a.figure:hover, a.figure:focus { outline: 2px solid var(--bar) }
.scroll { overflow-x: auto } table { border-collapse: collapse; width: 100%; font-size: .9rem } th { color: var(--soft); font-weight: 600; text-align: left; white-space: nowrap; border-bottom: 2px solid var(--line) }
th, td { padding: .32rem 1.1rem .32rem 0; border-bottom: 1px solid var(--line); vertical-align: top } th:last-child, td:last-child { padding-right: 0 } tbody tr:hover { background: var(--card) }
td { max-width: 30rem; overflow-wrap: break-word } .number { text-align: right } .number, .whole { white-space: nowrap }
.bars td:last-child { width: 55% } .bar { display: inline-block; height: .7rem; border-radius: .2rem; background: var(--bar); min-width: 1px } .bar.priced { background: var(--priced) }
figure { margin: .4rem 0 1rem } figcaption { max-width: 48rem; margin: .3rem 0 } details { font-size: .9rem } summary { color: var(--soft); cursor: pointer }
.chart { display: block; width: 100%; height: auto; font-size: 12px } .chart text { fill: var(--soft) } .chart .middle { text-anchor: middle } .chart .end { text-anchor: end }
.chart .grid { stroke: var(--line); fill: none } .chart .guide { stroke: var(--soft); stroke-dasharray: 3 4; fill: none } .chart .dots { stroke-width: 4.5; stroke-linecap: round; stroke-opacity: .55; fill: none } .chart .line { stroke-width: 2.2; fill: none; stroke-linejoin: round }
.over { --hue: var(--priced) } .under { --hue: var(--bad) } .lost { --hue: var(--lost) } .paid { --hue: var(--paid) } .healthy, .strong { --hue: var(--bar) } .dead, .faint { --hue: var(--soft) }
.chart rect { fill: var(--hue) } .chart .dots, .chart .line { stroke: var(--hue) } .legend { margin: .2rem 0; color: var(--soft); font-size: .85rem } .key { margin-right: 1.2rem; white-space: nowrap } .key i { display: inline-block; width: .8rem; height: .8rem; margin-right: .35rem; border-radius: .2rem; background: var(--hue) }
@media (max-width: 48rem) { .figures { grid-template-columns: repeat(2, 1fr) } .bars td:last-child { width: 30% } }
@media print { body { max-width: none; padding: 0; font-size: 11px } .figure { break-inside: avoid } tr { break-inside: avoid } }
"""


def page(title: str, body: Sequence[str]) -> str:
    """Give a whole page that loads nothing and runs nothing."""
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head>\n<body>\n"
        + "\n".join(body)
        + "\n</body></html>\n"
    )


def title(text: str, note: str) -> str:
    """Give the page's heading and a line below it."""
    return f'<h1>{escape(text)}</h1><p class="soft">{escape(note)}</p>'


def heading(text: str, note: str = "") -> str:
    """Give a section's heading, which can be linked to by its name, and a line below it."""
    return f'<h2 id="{_anchor(text)}">{escape(text)}</h2>' + (f'<p class="soft">{escape(note)}</p>' if note else "")


def _anchor(section: str) -> str:
    return "-".join(re.findall(r"[a-z0-9]+", section.lower()))


def figures(cards: Sequence[tuple[str, str, str | None]]) -> str:
    """Give cards of one figure each: (figure, what it is, the section it calls attention to)."""
    return f'<div class="figures">{"".join(_figure(*card) for card in cards)}</div>'


def _figure(value: str, name: str, section: str | None) -> str:
    text = f"<b>{escape(value)}</b><span>{escape(name)}</span>"
    if section is None:
        return f'<div class="figure">{text}</div>'
    return f'<a class="figure" href="#{_anchor(section)}">{text}</a>'


def bars(rows: Sequence[tuple[str, int, str, bool]]) -> str:
    """Give a table of name, value and a bar of its share: (name, value, value as shown, whether it is priced, not paid)."""
    largest = max((value for _, value, _, _ in rows), default=0) or 1
    lines = (
        f'<tr><td>{escape(name)}</td><td class="number">{escape(shown)}</td>'
        f'<td><span class="bar{" priced" if is_priced else ""}" style="width:{100 * value / largest:.1f}%"></span></td></tr>'
        for name, value, shown, is_priced in rows
    )
    return f'<div class="scroll"><table class="bars">{"".join(lines)}</table></div>'


def table(frame: pl.DataFrame, columns: Sequence[tuple[str, str, Format | None]]) -> str:
    """Give a frame as a table.

    Parameters
    ----------
    frame
        The rows to show, all of them.
    columns
        Column, its title, and how a value is written; a column with a format stands to the right.
    """
    head = "".join(f'<th class="{"number" if form else ""}">{escape(title)}</th>' for _, title, form in columns)
    lines = []
    for row in frame.iter_rows(named=True):
        cells = ["" if row[name] is None else (form or str)(row[name]) for name, _, form in columns]
        kinds = ["number" if form else _kind(cell) for cell, (_, _, form) in zip(cells, columns, strict=True)]
        lines.append(
            "<tr>"
            + "".join(f'<td class="{kind}">{escape(cell)}</td>' for kind, cell in zip(kinds, cells, strict=True))
            + "</tr>"
        )
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{"".join(lines)}</tbody></table></div>'


def _kind(text: str) -> str:
    """Keep short names on one line: browsers break them at hyphens."""
    return "whole" if len(text) <= _SHORT and " " not in text else ""
