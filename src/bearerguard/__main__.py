"""``python -m bearerguard``: the same as the command ``bearerguard``."""

from bearerguard.cli import main

main()
