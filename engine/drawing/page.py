"""The page of a drawing: one file with its style, its script and its data, which loads nothing."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Sequence
from functools import cache
from hashlib import sha256
from html import escape
from importlib.resources import files
from string import Template

from engine.drawing.scene import DrawnParcel


@cache
def _part(name: str) -> str:
    return files("engine.drawing").joinpath(name).read_text(encoding="utf-8")


def page(title: str, note: str, parcels: Sequence[DrawnParcel]) -> str:
    """Give the page as HTML.

    Parameters
    ----------
    title, note
        What stands at its head.
    parcels
        What can be looked at, in this order.
    """
    # No text of the data may end the element it stands in.
    scene = json.dumps({"parcels": [parcel.as_dict() for parcel in parcels]}, ensure_ascii=False).replace(
        "<", "\\u003c"
    )
    script = _part("view.js")
    allowed = b64encode(sha256(script.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{allowed}'; base-uri 'none'; form-action 'none'"
    body = Template(_part("view.html")).substitute(title=escape(title), note=escape(note), scene=scene, script=script)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_part('view.css')}</style></head>\n<body>\n{body}</body></html>\n"
    )
