"""Ways of writing a path that routers, rules and servers are known to read differently.

Each is meant to reach ``/files`` or ``/files/x``, which ``small_apps.POLICY`` closes, in the name of
``/files/x/public`` or ``/open/…``, which it opens.
"""

from typing import Final

SLASHES: Final = (
    "/files/",
    "//files",
    "/files//",
    "/files/x",
    "/files/x/",
    "//files/x",
    "/files//x",
    "/files/x//",
    "/open//files/x",
    "/files/x//public",
    "//open/files/x",
)
ENCODED: Final = (
    "/files/secret%2Fpublic",
    "/files/secret%2fpublic",
    "/files/secret%252Fpublic",
    "/files/secret%25252Fpublic",
    "/files%2Fx",
    "/files/%78",
    "/%66iles/x",
    "/files/x%3B/public",
    "/files/x%3F/public",
    "/files/x%23/public",
    "/open%2Ffiles%2Fx",
)
DOTS: Final = (
    "/./files",
    "/files/.",
    "/files/x%2F..%2Fx/public",
    "/files/a%2F../x/public",
    "/open/../files/x",
    "/open/%2e%2e/files/x",
    "/open/..%2Ffiles/x",
    "/open/%2E%2E%2Ffiles%2Fx",
    "/open/x/../../files/x",
    "/open%2F..%2Ffiles%2Fx",
    "/open/..%5Cfiles%5Cx",
    "/open/..;/files/x",
    "/open/%252e%252e/files/x",
)
OTHERS: Final = (
    "/FILES/x",
    "/FILES/x/public",
    "/files/x;/public",
    "/files/x?/public",
    "/files/x\\public",
    "/files/x%5Cpublic",
    "/files\\x",
    "/filesx",
    "/openfiles/x",
    "/files/x%EF%BC%8Fpublic",
    "/files/x%E2%88%95public",
)
HOSTILE: Final = (*SLASHES, *ENCODED, *DOTS, *OTHERS)
ROOT_PATHS: Final = ("/files", "/open", "/files/x", "/open/", "/public", "files", "/..", "/open/../files", "/%2e%2e")
