"""samples/.env.example: every variable that is read is there, and what is there works."""

import re
from pathlib import Path
from typing import Final

import pytest

from bearerguard import ResourceServer, entra
from bearerguard.environment.introspection_variables import SETTINGS as INTROSPECTION
from bearerguard.environment.preset_variables import PRESETS
from bearerguard.environment.server_variables import OF_THE_SERVER
from support.certificates import make_certificates

START: Final = "BEARERGUARD_API_"
TEXT: Final = (Path(__file__).parents[3] / "samples" / ".env.example").read_text(encoding="utf-8")
_PARTS: Final = re.split(r"^# --- (.+)\n", TEXT, flags=re.MULTILINE)[1:]
SECTIONS: Final = {
    title: dict(re.findall(r"^#?(\w+)=(.+)$", text, re.MULTILINE)) for title, text in zip(_PARTS[::2], _PARTS[1::2], strict=True)
}
EVERY: Final = SECTIONS["every issuer"]
OF_A_PRESET: Final = [title for title, section in SECTIONS.items() if {f"{START}PRESET", f"{START}ISSUERS"} & set(section)]
OTHERS: Final = [title for title in SECTIONS if title not in (*OF_A_PRESET, "every issuer")]
ASKING: Final = "introspection of tokens that are not JWTs; with it, PRESET may be left out"


@pytest.mark.parametrize("title", OF_A_PRESET)
def test_each_section_of_a_preset_makes_a_server(title: str) -> None:
    assert ResourceServer.from_env(EVERY | SECTIONS[title]).issuers


def with_files(section: dict[str, str], home: Path) -> dict[str, str]:
    """The section, with the files that it names."""
    certificates = make_certificates(home)
    content = {
        "CA_FILE": certificates.authority,
        "DENYLIST_FILE": home / "denylist.jsonl",
        "INTROSPECTION_CLIENT_SECRET_FILE": home / "secret",
        "INTROSPECTION_PRIVATE_KEY_FILE": certificates.server_key,
    }
    (home / "denylist.jsonl").write_text("", encoding="utf-8")
    (home / "secret").write_text("secret", encoding="utf-8")
    return {name: str(content.get(name.removeprefix(START), value)) for name, value in section.items()}


@pytest.mark.parametrize("title", OTHERS)
def test_each_other_section_goes_with_a_preset(title: str, tmp_path: Path) -> None:
    section = with_files(SECTIONS[title], tmp_path)
    asks = {
        name: value for name, value in SECTIONS[ASKING].items() if name.endswith(("_ENDPOINT", "_CLIENT_ID", "_CLIENT_SECRET"))
    }
    if not title.startswith("introspection") or title == ASKING:
        asks = {}
    elif "in place of CLIENT_SECRET" in title:
        del asks[f"{START}INTROSPECTION_CLIENT_SECRET"]

    assert ResourceServer.from_env(EVERY | SECTIONS["Okta"] | asks | section).issuers


def test_the_file_has_every_preset() -> None:
    assert {section[f"{START}PRESET"] for section in SECTIONS.values() if f"{START}PRESET" in section} == set(PRESETS)


def test_the_file_has_every_variable() -> None:
    of_presets = [setting for preset in PRESETS.values() for setting in preset.settings]
    known = {f"{START}{setting.keyword.upper()}" for setting in (*OF_THE_SERVER, *of_presets)}
    known |= {f"{START}INTROSPECTION_{setting.keyword.upper()}" for setting in INTROSPECTION}
    shown = set().union(*SECTIONS.values())
    of_one_of_several = {name for name in shown if name.startswith((f"{START}OLD_", f"{START}NEW_"))}

    assert shown - of_one_of_several == known | {f"{START}PRESET", f"{START}ISSUERS"}


def test_the_file_works_as_it_is() -> None:
    active = dict(re.findall(r"^(\w+)=(.+)$", TEXT, re.MULTILINE))

    assert ResourceServer.from_env(active).issuers == entra("8f3c1d52-0b6e-4c49-9d55-2f1f6a0f3b11")
