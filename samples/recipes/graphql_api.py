"""GraphQL with Strawberry: a token for each operation, roles for single fields, subscriptions that end with their token."""

from collections.abc import AsyncIterator
from typing import Any

import strawberry
from strawberry.asgi import GraphQL
from strawberry.permission import BasePermission

from bearerguard import AccessTokenMiddleware, PathPolicy, Principal, ResourceServer, authenticated, oidc, principal_of, role


def caller_of(info: strawberry.Info) -> Principal:
    """The caller of the request or of the handshake; nothing else in an operation says who calls."""
    return principal_of(info.context["request"].scope)


class IsAccountant(BasePermission):
    message = "Only accountants see this field"

    def has_permission(self, source: Any, info: strawberry.Info, **kwargs: Any) -> bool:
        return role("Accountant").permits(caller_of(info))


@strawberry.type
class Order:
    item: str
    margin: float | None = strawberry.field(permission_classes=[IsAccountant])


@strawberry.type
class Query:
    @strawberry.field
    def orders(self) -> list[Order]:
        return [Order(item="tea", margin=0.4)]


@strawberry.type
class Subscription:
    @strawberry.subscription
    async def takings(self, info: strawberry.Info) -> AsyncIterator[str]:
        caller = principal_of(info.context["request"].scope, role("Accountant"))
        yield f"{caller.display_name}: 12.50"


api = ResourceServer(issuers=[oidc("https://issuer.example")], audience="api://orders")
policy = PathPolicy({"POST /graphql": authenticated(), "WEBSOCKET /graphql": authenticated()})
schema = strawberry.Schema(Query, subscription=Subscription)
app = AccessTokenMiddleware(GraphQL(schema, graphql_ide=None), resource_server=api, policy=policy, end_at_expiry=True)
