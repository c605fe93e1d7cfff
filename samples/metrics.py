"""Tokens accepted and refused, and key fetches, counted by OpenTelemetry."""

from opentelemetry import metrics

from bearerguard import Event, ResourceServer, oidc

events = metrics.get_meter("orders").create_counter("bearerguard.events", description="Tokens judged and key sets fetched")


def count(event: Event) -> None:
    """Called in the event loop: it adds one, and never waits."""
    events.add(1, {"event": event.name, "issuer": event.issuer, "code": event.code})


api = ResourceServer(issuers=[oidc("https://issuer.example")], audience="api://orders", on_event=count)
