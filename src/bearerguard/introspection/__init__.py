"""The issuer says whether a token is good: token introspection (RFC 7662)."""
