"""An orders API whose /docs signs people in, and loads nothing from elsewhere."""

from pathlib import Path
from typing import Any

from fastapi import Depends, FastAPI
from fastapi.openapi.docs import get_swagger_ui_html, get_swagger_ui_oauth2_redirect_html
from fastapi.responses import HTMLResponse
from fastapi.staticfiles import StaticFiles
from starlette.middleware import Middleware

from bearerguard import AccessTokenMiddleware, ResourceServer, application, public, role, scope
from bearerguard.fastapi import CurrentPrincipal, document_security, require

FILES = Path(__file__).with_name("node_modules") / "swagger-ui-dist"  # npm ci --prefix samples/swagger_ui
SCRIPTS, BACK = "/docs/files", "/docs/oauth2-redirect"
OPEN = ["/docs", BACK, f"{SCRIPTS}/{{file:path}}", "/openapi.json"]  # name them only where everybody may read them

READ = role("Read.All") & (scope("orders.read") | application())
WRITE = role("Write.All") & (scope("orders.write") | application())


def orders_app(api: ResourceServer, *, client_id: str = "browser") -> FastAPI:
    """The API; ``client_id`` is the application that people sign in to."""
    app = FastAPI(
        title="Orders",
        docs_url=None,  # replaced below: FastAPI's own loads Swagger UI from a content delivery network
        redoc_url=None,
        swagger_ui_init_oauth={"clientId": client_id},
        middleware=[Middleware(AccessTokenMiddleware, resource_server=api, public=OPEN)],
    )

    @app.get("/orders", dependencies=[Depends(require(READ))])
    async def list_orders(caller: CurrentPrincipal) -> dict[str, Any]:
        return {"orders": ["coffee", "tea"], "caller": caller.display_name}

    @app.post("/orders", status_code=201, dependencies=[Depends(require(WRITE))])
    async def create_order(caller: CurrentPrincipal) -> dict[str, Any]:
        return {"order": 3, "ordered_by": caller.display_name}

    @app.get("/docs", include_in_schema=False)
    @public
    async def docs() -> HTMLResponse:
        return get_swagger_ui_html(
            openapi_url="/openapi.json",
            title="Orders",
            swagger_js_url=f"{SCRIPTS}/swagger-ui-bundle.js",
            swagger_css_url=f"{SCRIPTS}/swagger-ui.css",
            swagger_favicon_url=f"{SCRIPTS}/favicon-32x32.png",
            oauth2_redirect_url=BACK,
            init_oauth=app.swagger_ui_init_oauth,  # PKCE is on there
        )

    @app.get(BACK, include_in_schema=False)
    @public
    async def back() -> HTMLResponse:
        return get_swagger_ui_oauth2_redirect_html()

    app.mount(SCRIPTS, StaticFiles(directory=FILES, check_dir=False))
    document_security(app, api, flows=["authorizationCode", "clientCredentials", "bearer"])
    return app
