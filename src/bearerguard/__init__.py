"""Protects ASGI APIs with OAuth 2.0 access tokens."""
