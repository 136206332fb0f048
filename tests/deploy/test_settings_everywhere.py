"""deploy/gavel.env holds every setting with its default; nothing names another version."""

import re
from pathlib import Path

import pytest

from tests.deploy.files import DEPLOY, names, settings, version
from workers.rules.reference.settings import default_of

OURS = re.compile(r"(?:image: |name: |-t )(?:registry\.example\.com/)?gavel:([\w.]+)")
FILES = sorted(path for path in DEPLOY.rglob("*") if path.is_file())


def given() -> dict[str, tuple[str, bool]]:
    """Each name of the file: its value, and whether it is set."""
    lines = re.findall(r"^(#?)([A-Z][A-Z_]*)=(.*)$", (DEPLOY / "gavel.env").read_text(), re.M)
    return {name: (value, not comment) for comment, name, value in lines}


def test_no_setting_is_missing_and_none_is_made_up() -> None:
    secrets = {name for name, field in settings().items() if field.metadata["secret"]}
    wanted = {f"{name}_FILE" if name in secrets else name for name in settings()}
    assert set(given()) == wanted <= names()


def test_what_is_not_set_shows_its_default() -> None:
    shown = {name: value for name, (value, is_set) in given().items() if not is_set}
    known = settings()
    assert shown == {
        name: default_of(known[name]).strip("`") if name in known else "" for name in shown
    }


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(DEPLOY)))
def test_every_image_has_a_version_and_ours_has_this_one(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not re.search(r":latest\b", text)
    assert set(OURS.findall(text)) <= {version()}
