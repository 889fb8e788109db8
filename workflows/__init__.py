"""The rules of the uninstall: pure values and functions, no I/O, no clock, no vendor.

Start with :mod:`workflows.transitions` (the one table), then :mod:`workflows.decide`.
"""
