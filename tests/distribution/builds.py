"""Source archive and wheel, built and looked into."""

import hashlib
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
_LEFT_OUT: Final = (".ci/", ".git", "tests/issuers/node_modules/")
"""Beginnings of what no source archive needs: how the repository is kept and tested."""


def run(*command: str | Path, cwd: Path = ROOT) -> str:
    """What a command prints; it is shown, too.

    Raises:
        SystemExit: The command failed.
    """
    print("$", *command, flush=True)
    done = subprocess.run(command, cwd=cwd, text=True, check=False, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)
    print(done.stdout, end="", flush=True)
    if done.returncode:
        raise SystemExit(done.returncode)
    return done.stdout


def built(source: Path, folder: Path) -> tuple[Path, Path]:
    """Source archive and wheel of a source tree, the wheel from the archive."""
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, source)
    (archive,), (wheel,) = folder.glob("*.tar.gz"), folder.glob("*.whl")
    return archive, wheel


def unpacked(archive: Path, folder: Path) -> Path:
    """The one folder within a source archive."""
    with tarfile.open(archive) as tar:
        tar.extractall(folder, filter="data")
    (source,) = folder.iterdir()
    return source


def missing(archive: Path) -> list[str]:
    """Files under version control that are not in the archive."""
    with tarfile.open(archive) as tar:
        there = {name.partition("/")[2] for name in tar.getnames()}
    tracked = run("git", "ls-files").split("\n")
    return [name for name in tracked if name and name not in there and not name.startswith(_LEFT_OUT)]


def digest(path: Path) -> str:
    """SHA-256, as a package index shows it."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
