"""One container: blocks of items, a beam search over them, and an upper bound."""
