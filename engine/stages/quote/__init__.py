"""Quote: every parcel that could matter tonight, packed in 3D and rated, before anything is assigned."""

from engine.stages.quote.quote import Quotes, quote

__all__ = ["Quotes", "quote"]
