"""The vendors' side: adapters that speak to HubSpot and Salesforce in the heart's words.

Each adapter implements a protocol of :mod:`bot.ports` with the vendor's own client library and
turns everything that goes wrong into :class:`bot.errors.VendorError`.
"""
