"""One module for each suite: what is measured, and how each peer's program for it is built."""
