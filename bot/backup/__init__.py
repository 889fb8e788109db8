"""A backup of what goes with the package, that can be trusted (P3d; docs/backup.md).

:class:`bot.backup.run.Backup` makes one, :func:`bot.backup.verify.verify` checks one.
"""
