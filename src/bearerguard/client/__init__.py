"""Calling the next API: tokens by the client-credentials grant, obtained once and shared by all callers."""

from bearerguard.client.client_credentials import ClientCredentials

__all__ = ["ClientCredentials"]
