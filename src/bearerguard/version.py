"""The version that is installed, as ``pyproject.toml`` names it. Read when it is first asked for."""

from importlib.metadata import version
from typing import Final

__version__: Final = version("bearerguard")
