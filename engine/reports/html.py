"""The few building blocks of a self-contained page. Every value is escaped here and nowhere else."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape
from typing import Any, Final

import polars as pl

Format = Callable[[Any], str]

_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
_STYLE: Final = """
:root { color-scheme: light dark; --ink: #1c2430; --soft: #5d6b7c; --line: #dde3ea; --paper: #fff; --card: #f6f8fa; --bar: #3b6ea8; --bad: #b4412f; --good: #2c7a4b }
@media (prefers-color-scheme: dark) { :root { --ink: #e7ecf2; --soft: #9aa8b8; --line: #333e4b; --paper: #14191f; --card: #1d242c; --bar: #6ea3de; --bad: #ef8a78; --good: #74c795 } }
* { box-sizing: border-box }
body { margin: 0 auto; padding: 2rem 1.5rem 4rem; max-width: 72rem; background: var(--paper); color: var(--ink); font: 15px/1.5 system-ui, sans-serif }
h1 { margin: 0; font-size: 1.6rem } h2 { margin: 2.2rem 0 .6rem; font-size: 1.15rem } p { margin: .3rem 0 .6rem } .soft { color: var(--soft) }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(9.5rem, 1fr)); gap: .7rem; margin: 1.2rem 0 }
.figure { background: var(--card); border-radius: .5rem; padding: .7rem .9rem } .figure b { display: block; font-size: 1.35rem; font-variant-numeric: tabular-nums } .figure span { color: var(--soft); font-size: .85rem }
.scroll { overflow-x: auto } table { border-collapse: collapse; width: 100%; font-size: .9rem } th { color: var(--soft); font-weight: 600; text-align: left; white-space: nowrap }
th, td { padding: .3rem .6rem .3rem 0; border-bottom: 1px solid var(--line); vertical-align: top } .number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap }
.bar { display: inline-block; height: .7rem; border-radius: .2rem; background: var(--bar); min-width: 1px }
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


def heading(text: str, note: str = "") -> str:
    """Give a section's heading and a line below it."""
    return f"<h2>{escape(text)}</h2>" + (f'<p class="soft">{escape(note)}</p>' if note else "")


def figures(pairs: Sequence[tuple[str, str]]) -> str:
    """Give cards of one figure each: (figure, what it is)."""
    cards = (f'<div class="figure"><b>{escape(value)}</b><span>{escape(name)}</span></div>' for value, name in pairs)
    return f'<div class="figures">{"".join(cards)}</div>'


def bars(rows: Sequence[tuple[str, int, str]]) -> str:
    """Give a table of name, value and a bar of its share: (name, value, value as shown)."""
    largest = max((value for _, value, _ in rows), default=0) or 1
    lines = (
        f'<tr><td>{escape(name)}</td><td class="number">{escape(shown)}</td>'
        f'<td style="width:55%"><span class="bar" style="width:{100 * value / largest:.1f}%"></span></td></tr>'
        for name, value, shown in rows
    )
    return f'<div class="scroll"><table>{"".join(lines)}</table></div>'


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
        cells = ("" if row[name] is None else (form or str)(row[name]) for name, _, form in columns)
        kinds = ('class="number"' if form else "" for _, _, form in columns)
        lines.append(
            "<tr>"
            + "".join(f"<td {kind}>{escape(cell)}</td>" for kind, cell in zip(kinds, cells, strict=True))
            + "</tr>"
        )
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{"".join(lines)}</tbody></table></div>'
