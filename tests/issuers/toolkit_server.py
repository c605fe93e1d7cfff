"""A real authorization server in a process of its own: Django OAuth Toolkit, its tokens in a file.

``python toolkit_server.py <folder> <port> <lifetime of a token in seconds>``; it tells ``ready`` on standard output.

https://django-oauth-toolkit.readthedocs.io/en/latest/resource_server.html
"""

import socket
import sys
from pathlib import Path
from typing import Final

import django
import uvicorn
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.core.management import call_command
from django.urls import include, path

APPLICATIONS: Final = ("reader", "orders-api")


def configure(folder: Path, lifetime: int) -> None:
    """Settings of the project. Secrets are hashed, cheaply: each question proves the API anew."""
    settings.configure(
        ROOT_URLCONF=__name__,
        SECRET_KEY="of-the-test",
        ALLOWED_HOSTS=["127.0.0.1"],
        USE_TZ=True,
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "oauth2_provider"],
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": folder / "tokens.sqlite3"}},
        PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
        OAUTH2_PROVIDER={
            "SCOPES": {"orders.read": "Read orders", "orders.write": "Write orders"},
            "ACCESS_TOKEN_EXPIRE_SECONDS": lifetime,
        },
    )
    django.setup()


def fill() -> None:
    """The tables, and the applications, unless an earlier start has made them."""
    call_command("migrate", verbosity=0)
    from oauth2_provider.models import get_application_model

    applications = get_application_model()
    for name in APPLICATIONS:
        if not applications.objects.filter(client_id=name).exists():
            applications.objects.create(
                name=name,
                client_id=name,
                client_secret=f"{name}-secret",
                client_type=applications.CLIENT_CONFIDENTIAL,
                authorization_grant_type=applications.GRANT_CLIENT_CREDENTIALS,
            )


if __name__ == "__main__":
    configure(Path(sys.argv[1]), int(sys.argv[3]))
    fill()
    urlpatterns = [path("", include("oauth2_provider.urls", namespace="oauth2_provider"))]  # needs the settings
    listener = socket.create_server(("127.0.0.1", int(sys.argv[2])), reuse_port=True)
    print("ready", flush=True)  # the kernel keeps early connections
    uvicorn.Server(uvicorn.Config(get_asgi_application(), lifespan="off", access_log=False)).run([listener])
