"""Metrics and span attributes of OpenTelemetry; without an SDK nothing is measured."""

from bearerguard import ResourceServer, oidc
from bearerguard.otel import instrument

api = ResourceServer(issuers=[oidc("https://issuer.example")], audience="api://orders")
instrument(api)
