"""Build the adapters from the settings."""

from __future__ import annotations

from bot.settings import Settings
from bot.vendors.hubspot import HubSpot
from bot.vendors.salesforce import Salesforce
from bot.vendors.salesforce_login import JwtLogin, Login, TokenLogin


def connect_hubspot(settings: Settings) -> HubSpot:
    """Return HubSpot with the settings' token; nothing is sent yet."""
    return HubSpot(settings.hubspot_access_token.get_secret_value(), settings.hubspot_api_url)


def connect_salesforce(settings: Settings) -> Salesforce:
    """Return Salesforce with the settings' login; nothing is sent yet."""
    login: Login
    if settings.salesforce_access_token is not None:
        login = TokenLogin(
            settings.salesforce_instance_url, settings.salesforce_access_token.get_secret_value()
        )
    elif settings.salesforce_consumer_key is None or settings.salesforce_private_key_file is None:
        raise AssertionError("the settings were validated to hold one of the two logins")
    else:
        login = JwtLogin(
            username=settings.salesforce_username,
            consumer_key=settings.salesforce_consumer_key.get_secret_value(),
            private_key_file=settings.salesforce_private_key_file,
            domain=settings.salesforce_domain,
        )
    return Salesforce(
        login,
        ca_file=settings.salesforce_ca_file,
        api_version=settings.salesforce_api_version,
        namespace=settings.salesforce_namespace,
    )
