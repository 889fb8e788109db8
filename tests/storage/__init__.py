"""Trouble with the database: every kind is refused clearly, loses nothing, and passes."""
