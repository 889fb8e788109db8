"""Build the adapters from the settings."""

from __future__ import annotations

from bot.settings import SalesforceSettings, Settings
from bot.vendors.hubspot import HubSpot
from bot.vendors.hubspot_limits import Budget
from bot.vendors.salesforce import Salesforce
from bot.vendors.salesforce_login import ClientLogin, JwtLogin, Login, TokenLogin


def connect_hubspot(settings: Settings) -> HubSpot:
    """Return HubSpot with the settings' token; nothing is sent yet."""
    return HubSpot(
        settings.hubspot_access_token.get_secret_value(),
        settings.hubspot_api_url,
        budget=Budget(settings.sunset_hubspot_requests),
    )


def connect_salesforce(settings: Settings) -> Salesforce:
    """Return Salesforce with the settings' login; nothing is sent yet."""
    return Salesforce(
        salesforce_login(settings),
        ca_file=settings.salesforce_ca_file,
        api_version=settings.salesforce_api_version,
        namespace=settings.salesforce_namespace,
    )


def salesforce_login(settings: SalesforceSettings) -> Login:
    """Return the login that the settings hold: a session before a key before a secret."""
    token, key = settings.salesforce_access_token, settings.salesforce_consumer_key
    if token is not None and settings.salesforce_instance_url:
        return TokenLogin(settings.salesforce_instance_url, token.get_secret_value())
    if key is not None and settings.salesforce_private_key_file and settings.salesforce_username:
        return JwtLogin(
            username=settings.salesforce_username,
            consumer_key=key.get_secret_value(),
            private_key_file=settings.salesforce_private_key_file,
            domain=settings.salesforce_domain,
        )
    if key is None or settings.salesforce_consumer_secret is None:
        raise AssertionError("the settings were validated to hold one of the logins")
    return ClientLogin(
        consumer_key=key.get_secret_value(),
        consumer_secret=settings.salesforce_consumer_secret.get_secret_value(),
        domain=settings.salesforce_domain,
    )
