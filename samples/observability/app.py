"""An orders API that Prometheus scrapes, with traces and an audit log.

    pip install ".[serve,otel]" opentelemetry-sdk opentelemetry-exporter-prometheus opentelemetry-instrumentation-asgi
    uvicorn samples.observability.app:app
    prometheus --config.file=samples/observability/prometheus.yml

Its settings are variables: see samples/.env.example. Import dashboard.json into Grafana, with this Prometheus as data source.

Metrics are served on a port of their own, which callers of the API do not reach. Each worker would need one: with several
workers, export by OTLP in place of ``PrometheusMetricReader``.
"""

import os

from opentelemetry import metrics, trace
from opentelemetry.exporter.prometheus import PrometheusMetricReader
from opentelemetry.instrumentation.asgi import OpenTelemetryMiddleware
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.trace import TracerProvider
from prometheus_client import start_http_server
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from bearerguard import AccessTokenMiddleware, ResourceServer, requires, role
from bearerguard.audit_log import AuditLog
from bearerguard.otel import instrument

metrics.set_meter_provider(MeterProvider(metric_readers=[PrometheusMetricReader()]))
trace.set_tracer_provider(TracerProvider())  # add a span processor that exports

api = ResourceServer.from_env(on_event=AuditLog(os.environ.get("AUDIT_LOG", "audit.jsonl")))
instrument(api)


@requires(role("Read.All"))
async def read_order(request: Request) -> JSONResponse:
    return JSONResponse({"order": request.path_params["id"]})


app = Starlette(
    routes=[Route("/orders/{id}", read_order)],
    middleware=[
        Middleware(OpenTelemetryMiddleware, exclude_spans=["receive", "send"]),  # outside, so that its span sees the guard
        Middleware(AccessTokenMiddleware, resource_server=api),
    ],
)
start_http_server(int(os.environ.get("METRICS_PORT", "9464")), addr="127.0.0.1")
