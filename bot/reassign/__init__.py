"""The bulk reassignment: scan, change, check, undo; all through one gate and one ledger (P2b).

docs/reassignment.md explains the way of working, what it costs, and what remains uncertain.
"""
