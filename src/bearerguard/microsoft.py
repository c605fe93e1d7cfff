"""What both halves know of Microsoft's clouds: who signs tokens, and who hands them out."""

from typing import Final

AUTHORITY: Final = "https://login.microsoftonline.com"
"""The authority of the worldwide cloud, the default of ``entra`` for APIs and for clients."""
