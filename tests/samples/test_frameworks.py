"""The samples of the frameworks are run by ``tox -e frameworks``; here only that none is forgotten there."""

from typing import Final

from frameworks.samples_of import NAMES
from support.sample_files import SAMPLES

FILES: Final = (
    "frameworks/access.py",
    "frameworks/starlette_app.py",
    "frameworks/fastapi_app.py",
    "frameworks/litestar_app.py",
    "frameworks/quart_app.py",
    "frameworks/django_app.py",
    "frameworks/blacksheep_app.py",
)


def test_each_is_sent_the_table_of_requests() -> None:
    found = {str(path.relative_to(SAMPLES)) for path in (SAMPLES / "frameworks").glob("*.py")}

    assert found == set(FILES) == {"frameworks/access.py", *(f"frameworks/{name}_app.py" for name in NAMES)}
