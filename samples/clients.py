"""One line for each issuer: how a service gets tokens for calling another."""

import os

from bearerguard import ClientCredentials

CLIENT_ID = os.environ["CLIENT_ID"]
SECRET = os.environ["CLIENT_SECRET"]

at_entra = ClientCredentials.entra(
    tenant_id="808b7ce5-9924-441e-ae53-3e42fd8a6d43",
    client_id=CLIENT_ID,
    client_secret=SECRET,
    resource="api://orders",
)
at_auth0 = ClientCredentials.auth0(
    domain="contoso.eu.auth0.com",
    client_id=CLIENT_ID,
    client_secret=SECRET,
    audience="https://orders.example",
)
at_keycloak = ClientCredentials(
    token_endpoint="https://sso.example.com/realms/contoso/protocol/openid-connect/token",
    client_id=CLIENT_ID,
    client_secret=SECRET,
)
at_okta = ClientCredentials(
    token_endpoint="https://dev-123456.okta.com/oauth2/default/v1/token",
    client_id=CLIENT_ID,
    client_secret=SECRET,
    scope="orders.read",
)
