"""One line for each issuer: what an API trusts, and the name that the issuer knows the API by."""

from bearerguard import ResourceServer, auth0, azure_b2c, cognito, entra, keycloak, oidc, okta

TENANT = "808b7ce5-9924-441e-ae53-3e42fd8a6d43"
CLIENT_ID = "2bfddaf4-0673-49a7-a615-2b6bb3acbf31"  # of the API's own registration

of_entra = ResourceServer(entra(TENANT), [CLIENT_ID, "api://orders"])
of_azure_b2c = ResourceServer(azure_b2c("contoso", TENANT, "B2C_1_signin"), CLIENT_ID)
of_auth0 = ResourceServer(auth0("contoso.eu.auth0.com"), "https://orders.example")
of_keycloak = ResourceServer(keycloak("https://sso.example.com", "contoso", "orders"), "orders")
of_cognito = ResourceServer(cognito("eu-central-1", "eu-central-1_Example01", ["reader", "writer"]), "orders")
of_okta = ResourceServer(okta("https://dev-123456.okta.com/oauth2/default"), "api://default")
of_any_other = ResourceServer(oidc("https://issuer.example", roles_claim=["realm", "roles"]), "api://orders")
of_an_oauth_server = ResourceServer(oidc("https://oauth.example", discovery="oauth"), "api://orders")  # RFC 8414
of_known_keys_url = ResourceServer(oidc("https://keys.example", jwks_uri="https://keys.example/jwks"), "api://orders")
