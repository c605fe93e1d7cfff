"""How this program proves itself to an issuer, for the token request and for introspection."""
