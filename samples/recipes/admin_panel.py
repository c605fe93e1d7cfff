"""An admin panel (SQLAdmin) for administrators alone: one role for all of it, static files included.

A browser sends no Authorization header when it opens a page. A gateway that signs people in adds
the token: here Cloudflare Access. SQLAdmin runs custom actions by GET, so the method does not tell
reading from writing.
"""

from sqladmin import Admin, ModelView
from sqlalchemy import create_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.pool import StaticPool
from starlette.applications import Starlette

from bearerguard import AccessTokenMiddleware, PathPolicy, ResourceServer, oidc, role


class Base(DeclarativeBase):
    pass


class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)
    item: Mapped[str]


class OrderAdmin(ModelView, model=Order):
    column_list = ("id", "item")


engine = create_engine("sqlite://", connect_args={"check_same_thread": False}, poolclass=StaticPool)
Base.metadata.create_all(engine)
site = Starlette()
Admin(site, engine).add_view(OrderAdmin)

api = ResourceServer(issuers=[oidc("https://contoso.cloudflareaccess.com")], audience="f1cd9b1c0a3b4c2d8e7f6a5b4c3d2e1f")
administrator = role("Orders.Admin")
app = AccessTokenMiddleware(
    site,
    resource_server=api,
    policy=PathPolicy({"/admin": administrator, "/admin/{rest:path}": administrator}),
    token_header="Cf-Access-Jwt-Assertion",
)
