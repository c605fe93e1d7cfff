"""The service that proxies ask; ``tests/gateways`` starts them with the sample's configurations."""

import sys
from importlib import import_module
from typing import Any

import pytest

from bearerguard import ConfigurationError
from bearerguard.testing import stand_in
from support.asgi import call, http_scope

SECRET = "only-the-proxy-knows-this-0123456789"


def _service() -> Any:
    sys.modules.pop("samples.forward_auth.service", None)
    return import_module("samples.forward_auth.service")


def test_without_a_secret_the_service_does_not_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GATEWAY_SECRET", raising=False)
    with pytest.raises(ConfigurationError) as caught:
        _service()

    assert caught.value.parameter == "shared_secret"


@pytest.mark.anyio
async def test_the_sample_judges_by_its_policy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEWAY_SECRET", SECRET)
    service = _service()

    async def status(method: str, uri: str, *headers: tuple[bytes, bytes]) -> int:
        told = [
            (b"x-original-method", method.encode()),
            (b"x-original-uri", uri.encode()),
            (b"bearerguard-secret", SECRET.encode()),
        ]
        return (await call(service.app, http_scope("GET", "/judge", [*told, *headers]))).status

    with stand_in(service.api) as issuers:
        reader = (b"authorization", f"Bearer {issuers.main.mint(roles=['Read.All'])}".encode())
        assert [await status("GET", uri) for uri in ("/health", "/orders")] == [200, 401]
        assert [await status(method, "/orders", reader) for method in ("GET", "POST")] == [200, 403]
        handshake = (b"sec-websocket-key", b"dGhlIHNhbXBsZSBub25jZQ==")
        assert [await status("GET", uri, reader, handshake) for uri in ("/orders/live", "/orders/17")] == [200, 403]
