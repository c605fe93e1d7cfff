"""Microsoft's clouds: the hosts that hand out tokens, and those that tokens name."""

from collections.abc import Mapping
from typing import Final

AUTHORITY: Final = "https://login.microsoftonline.com"
"""The authority of the worldwide cloud, the default of ``entra`` for APIs and for clients."""

CHINA: Final = "https://login.partner.microsoftonline.cn"
GOVERNMENT: Final = "https://login.microsoftonline.us"
_ALIASES: Final[Mapping[str, str]] = {
    "https://login.windows.net": AUTHORITY,
    "https://login.microsoft.com": AUTHORITY,
    "https://sts.windows.net": AUTHORITY,
    "https://login.chinacloudapi.cn": CHINA,
    "https://login.usgovcloudapi.net": GOVERNMENT,
}


def canonical_authority(authority: str) -> str:
    """The authority that tokens name in place of an alias; any other authority as it is.

    Source: Microsoft's own table of aliases, ``KnownMetadataProvider`` in
    https://github.com/AzureAD/microsoft-authentication-library-for-dotnet
    """
    return _ALIASES.get(authority, authority)
