"""Django: the caller is ``principal_of(request.scope)``, ``request.user`` stays Django's own. No websockets, no lifespan."""

import json

from django.conf import settings
from django.core.asgi import get_asgi_application
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpResponseNotAllowed, JsonResponse
from django.http.response import HttpResponseBase
from django.urls import path

from bearerguard import AccessTokenMiddleware, principal_of

from .access import api, policy

settings.configure(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"], SECRET_KEY="of-your-settings")


async def orders(request: ASGIRequest) -> HttpResponseBase:
    if request.method == "POST":
        return JsonResponse(json.loads(request.body), status=201)
    if request.method in ("GET", "HEAD"):
        return JsonResponse({"orders": [], "caller": principal_of(request.scope).client_id})
    return HttpResponseNotAllowed(["GET", "HEAD", "POST"])


async def read_order(request: ASGIRequest, number: int) -> JsonResponse:
    return JsonResponse({"id": number})


def report(request: ASGIRequest) -> JsonResponse:
    return JsonResponse(sorted(principal_of(request.scope).scopes), safe=False)


async def health(request: ASGIRequest) -> JsonResponse:
    return JsonResponse("ok", safe=False)


urlpatterns = [
    path("orders", orders),
    path("orders/<int:number>", read_order),
    path("reports", report),
    path("health", health),
]
app = AccessTokenMiddleware(get_asgi_application(), resource_server=api, policy=policy)
