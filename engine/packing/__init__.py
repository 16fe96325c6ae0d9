"""Packing on frames of one's own: tables into the packer's arrays, orders into item sets, packed parcels back into tables."""
