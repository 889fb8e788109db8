"""The plan report: made in the background for one administrator, from reads alone."""
