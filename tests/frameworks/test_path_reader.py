"""What is known of the ways in which frameworks read paths, against the frameworks themselves."""

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from starlette.staticfiles import StaticFiles

from bearerguard.web.path_reader import PathReader, path_reader
from frameworks.small_apps import APPS

pytestmark = [pytest.mark.anyio, pytest.mark.frameworks]


async def foreign(scope: Any, receive: Any, send: Any) -> None:
    """Of unknown kind."""


@pytest.mark.parametrize("name", ["litestar", "quart", "blacksheep"])
def test_these_take_the_root_path_off(name: str, needed: Callable[[str], Any]) -> None:
    needed(name)

    assert path_reader(APPS[name]()).takes_off_root_path


def test_so_do_starlettes_files() -> None:
    assert path_reader(StaticFiles(directory=".")) == PathReader(takes_off_root_path=True)


def test_nothing_is_known_of_a_function(needed: Callable[[str], Any]) -> None:
    needed("django")

    assert path_reader(foreign) == PathReader(is_known=False)


def test_a_wrapper_with_an_app_is_read_through(needed: Callable[[str], Any]) -> None:
    class Wrapper:
        app = needed("quart").Quart("app")

    assert path_reader(Wrapper()).takes_off_root_path


def test_django_takes_off_what_its_settings_say(needed: Callable[[str], Any]) -> None:
    needed("samples.frameworks.django_app")
    from django.core.asgi import get_asgi_application
    from django.test.utils import override_settings

    handler = get_asgi_application()
    assert path_reader(handler) == PathReader(takes_off_root_path=True)
    with override_settings(FORCE_SCRIPT_NAME="/api"):
        assert path_reader(handler) == PathReader(prefix="/api")
        assert path_reader(foreign) == PathReader(prefix="/api", is_known=False)


def test_the_mounts_of_litestar_have_no_boundary(tmp_path: Path, needed: Callable[[str], Any]) -> None:
    litestar = needed("litestar")

    @litestar.get("/privacy")  # type: ignore[untyped-decorator]
    async def privacy() -> str:
        return ""

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Litestar has deprecated it
        files = needed("litestar.static_files").StaticFilesConfig(path="/private", directories=[tmp_path])
        app = litestar.Litestar([privacy], static_files_config=[files], openapi_config=None)

    reader = path_reader(app)
    assert [*reader.behind_a_slash("/privatesecret")] == ["/private/secret"]
    assert [*reader.behind_a_slash("/private")] == ["/private/"]
    for path in ("/private/secret", "/privacy", "/other"):
        assert [*reader.behind_a_slash(path)] == []
    assert reader.takes_off_root_path


def test_what_litestar_mounts_may_take_the_root_path_off_again(needed: Callable[[str], Any]) -> None:
    litestar = needed("litestar")
    reader = path_reader(
        litestar.Litestar([litestar.asgi("/inner", is_mount=True, copy_scope=True)(foreign)], openapi_config=None)
    )

    assert not reader.takes_off_root_path
    assert [*reader.behind_a_slash("/innerx")] == ["/inner/x"]


async def test_the_catch_alls_of_blacksheep_have_no_boundary(needed: Callable[[str], Any]) -> None:
    """Before the application has started, and after."""
    needed("blacksheep")
    app = APPS["blacksheep"]()

    for _ in range(2):
        reader = path_reader(app)
        assert [*reader.behind_a_slash("/openfiles")] == ["/open/files"]
        assert [*reader.behind_a_slash("/OPENfiles")] == ["/OPEN/files"]
        assert [*reader.behind_a_slash("/open/files")] == []
        await app.start()


def test_blacksheep_finds_what_it_mounts_by_the_whole_path(needed: Callable[[str], Any]) -> None:
    needed("blacksheep")
    app = APPS["blacksheep"]()
    app.mount("/inner", foreign)

    assert not path_reader(app).takes_off_root_path
