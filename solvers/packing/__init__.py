"""Which carton, and where each item lies: three-dimensional packing with proofs."""
