"""Modals: pure functions from what is known, and a language, to a view."""
