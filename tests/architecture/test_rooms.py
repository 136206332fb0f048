"""docs/architecture.md lists every room, what is in it, and which rooms it imports."""

import re

import pytest

from tests.architecture.rooms import ROOT, imports, rooms

PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| `([\w/]+)/` \| (.+?) \| (.*?) \|$", re.MULTILINE)
LISTED = {room: re.findall(r"`([\w/]+)/`", others) for room, _, others in ROW.findall(PAGE)}


MOST = {"cli/commands": 30}
"""One file a command, and nothing else."""


@pytest.mark.parametrize("room", sorted(rooms() | LISTED.keys()))
def test_the_map_shows_the_room_and_what_it_imports(room: str) -> None:
    wanted = ", ".join(f"`{other}/`" for other in sorted(imports().get(room, ())))
    assert room in LISTED, f"| `{room}/` | … | {wanted} |"
    assert LISTED[room] == sorted(imports()[room]), wanted


@pytest.mark.parametrize("room", sorted(rooms()))
def test_a_room_holds_about_a_dozen_files(room: str) -> None:
    files = [file for file in (ROOT / room).glob("*.py") if file.name != "__init__.py"]
    assert len(files) <= MOST.get(room, 14)
