"""How this program proves itself as a client at an endpoint of an issuer: for the token request and for introspection."""
