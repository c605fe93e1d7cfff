"""The same with Microsoft Entra ID: ``uvicorn samples.fastapi_app.production:app``."""

from bearerguard import ResourceServer, entra

from .app import orders_app

TENANT = "808b7ce5-9924-441e-ae53-3e42fd8a6d43"

api = ResourceServer(
    issuers=[entra(tenant_id=TENANT)],
    audience=["2bfddaf4-0673-49a7-a615-2b6bb3acbf31", "api://orders"],  # v2 tokens name the client id, v1 tokens either
    implied_roles={"ReadWrite.All": ["Read.All", "Write.All"]},
)
app = orders_app(api, token_url=f"https://login.microsoftonline.com/{TENANT}/oauth2/v2.0/token")
