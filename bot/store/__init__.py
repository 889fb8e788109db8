"""Durable storage: the protocol in :mod:`bot.store.base`, SQLite in :mod:`bot.store.sqlite`."""
