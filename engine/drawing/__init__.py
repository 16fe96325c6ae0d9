"""Drawings: packed parcels, containers and bins in three dimensions, each drawing one file that needs no network."""

from engine.drawing.drawing import Drawing, draw

__all__ = ["Drawing", "draw"]
