"""The plan report: a read-only look that stands by itself, for whoever asked for it."""
