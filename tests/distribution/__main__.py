"""``python -m distribution build|sbom|audit FOLDER``: what a release consists of, checked before anybody installs it.

``build`` builds source archive and wheel twice, the second time from the unpacked archive, and compares them; then the tests in
the archive run against what it installs. ``sbom`` writes a CycloneDX list of what the wheel brings with it. ``audit`` asks a
package index for known vulnerabilities of that. ``FOLDER`` is emptied first.
"""

import argparse
import json
import shutil
import sys
import venv
from pathlib import Path
from typing import Final

from distribution.builds import ROOT, built, digest, missing, run, unpacked

_EXTRAS: Final = "fastapi,serve,cli"


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="distribution", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("command", choices=["build", "sbom", "audit"])
    parser.add_argument("folder", type=Path)
    arguments = parser.parse_args()
    folder: Path = arguments.folder.resolve()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    {"build": _build, "sbom": _sbom, "audit": _audit}[arguments.command](folder)


def _build(folder: Path) -> None:
    archive, wheel = built(ROOT, folder / "first")
    if lost := missing(archive):
        raise SystemExit(f"the source archive lacks {lost}")
    source = unpacked(archive, folder / "source")
    for one, other in zip((archive, wheel), built(source, folder / "second"), strict=True):
        if digest(one) != digest(other):
            raise SystemExit(f"{one.name} differs from one build to the next")
    run("check-wheel-contents", wheel)
    run(sys.executable, "-m", "twine", "check", "--strict", archive, wheel)
    run(sys.executable, "-m", "pip", "install", "--quiet", "--force-reinstall", "--no-deps", archive)
    run(sys.executable, "-m", "pip", "install", "--quiet", f"bearerguard[{_EXTRAS}] @ {archive.as_uri()}")
    run(sys.executable, "-m", "pytest", "-q", "-n", "2", "-m", "not timed", cwd=source)
    for path in (archive, wheel):
        print(f"{digest(path)}  {path.name}")


def _sbom(folder: Path) -> None:
    python, wheel = _installed(folder)
    target = folder / f"{'-'.join(wheel.name.split('-')[:2])}.cdx.json"
    options = ("--pyproject", ROOT / "pyproject.toml", "--output-reproducible", "--of", "JSON", "-o", target)
    run("cyclonedx-py", "environment", *options, python)
    listed = {part["name"].lower() for part in json.loads(target.read_text())["components"]}
    expected = set(_packages(python)) - {"bearerguard"}
    if listed - {"bearerguard"} != expected:
        raise SystemExit(f"the list has {sorted(listed)}, and installed is {sorted(expected)}")
    print(f"{target}: {len(expected)} packages")


def _audit(folder: Path) -> None:
    python, _ = _installed(folder)
    pinned = folder / "requirements.txt"
    pinned.write_text("".join(f"{name}=={version}\n" for name, version in _packages(python).items() if name != "bearerguard"))
    print(pinned.read_text(), end="")
    run(sys.executable, "-m", "pip_audit", "--strict", "--no-deps", "--disable-pip", "--requirement", pinned)


def _installed(folder: Path) -> tuple[Path, Path]:
    """The interpreter of an environment that holds the wheel and what it requires, and nothing else."""
    _, wheel = built(ROOT, folder / "wheel")
    venv.create(folder / "clean")
    python = folder / "clean" / "bin" / "python"
    run(sys.executable, "-m", "pip", "--python", python, "install", "--quiet", wheel)
    return python, wheel


def _packages(python: Path) -> dict[str, str]:
    listed = run(sys.executable, "-m", "pip", "--python", python, "list", "--format", "json", "--disable-pip-version-check")
    return {package["name"].lower(): package["version"] for package in json.loads(listed)}


if __name__ == "__main__":
    main()
