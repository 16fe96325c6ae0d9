"""Proofs that items do not fit a box: by volume, by lengths, by slimmer items, by exhaustive search."""
