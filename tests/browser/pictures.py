"""The pictures of the pages, taken anew: ``PYTHONPATH=tests:. python -m browser.pictures``.

What changes with every run (ports, dates) is in them, so that no test holds them equal.
"""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from browser import chromium
from browser.places import local_issuer

LIBRARY: Final = Path(__file__).parents[2] / "src" / "bearerguard"


def main() -> None:
    """The answer in Swagger UI, and the sign-in page."""
    page, answer = LIBRARY / "testing" / "sign_in.png", LIBRARY / "fastapi" / "swagger_ui.png"
    with TemporaryDirectory() as folder, chromium.started(Path(folder) / "log") as browser, local_issuer("generic") as (place, _):
        browser.do(
            "authorizeAndCall",
            docs=place.docs,
            scheme="accessTokenByAuthorizationCode",
            scopes=[place.read],
            person={"user": "carol", "screenshot": str(page)},
            screenshot=str(answer),
        )
    print(page, answer)


if __name__ == "__main__":
    main()
