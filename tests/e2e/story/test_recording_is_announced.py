"""The recipe that announces recordings, played live: who hears it, and how often."""

import json
from collections import Counter
from collections.abc import Iterator
from urllib.request import Request, urlopen

import pytest

from tests.e2e.story.conftest import NO_COPIES, Gavel, starting
from tests.e2e.story.processes import ROOT
from tests.waiting import PATIENCE, until

RECIPE = (ROOT / "docs" / "cookbook" / "recording-is-announced.yaml").read_text(encoding="utf-8")
TOKEN = "token-of-the-story"
CANARY = """
  - {name: Canary, when: member.entered, match: {conference: quiet-1}, do: [deaf: member]}
"""


@pytest.fixture(scope="module")
def gavel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gavel]:
    with starting(tmp_path_factory.mktemp("announced")) as start:
        running = start(RECIPE + CANARY, **NO_COPIES, TRIGGER_TOKEN=TOKEN)
        running.until_ready()
        yield running


def test_those_present_and_each_late_joiner_hear_it_once_and_alone(gavel: Gavel) -> None:
    enter(gavel, "advice-1", 2)
    enter(gavel, "meeting-1", 2)
    until(lambda: sum(told(gavel, "advice-1").values()) == 2, "both of the first to be told")
    until(lambda: known(gavel, "meeting-1") == 2, "both of the second to be known")
    trigger(gavel, "record", "meeting-1")
    until(lambda: sum(told(gavel, "meeting-1").values()) == 2, "both of the second to be told")
    for conference in ("advice-1", "meeting-1"):
        enter(gavel, conference, 1)
        until(lambda name=conference: sum(told(gavel, name).values()) == 3, "the late one")
        present = {member["id"] for member in gavel.sandbox.members(conference)}
        assert told(gavel, conference) == dict.fromkeys(present, 1)
        assert gavel.sandbox.operations(conference).count("record") == 1
    asked = [entry["operation"] for entry in gavel.sandbox.asked("meeting-1")]
    assert asked[0] == "record"


def test_without_a_recording_nothing_is_announced(gavel: Gavel) -> None:
    enter(gavel, "quiet-1", 2)
    until(lambda: len(deafened(gavel, "quiet-1")) == 2, "both were decided")
    assert told(gavel, "quiet-1") == {}


def enter(gavel: Gavel, conference: str, many: int) -> None:
    before = len(gavel.sandbox.members(conference))
    for _ in range(many):
        gavel.sandbox.call_in(conference)
    until(lambda: len(gavel.sandbox.members(conference)) == before + many, "they are in")


def known(gavel: Gavel, conference: str) -> int:
    """How many members Gavel knows of."""
    lines = gavel.ask("conferences", "--json").splitlines()
    found = [json.loads(line) for line in lines if line.startswith("{")]
    return next((one["members"] for one in found if one["name"] == conference), 0)


def trigger(gavel: Gavel, name: str, conference: str) -> None:
    body = json.dumps({"conference": conference}).encode()
    headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
    with urlopen(Request(f"{gavel.url}/triggers/{name}", body, headers), timeout=PATIENCE):
        pass


def deafened(gavel: Gavel, conference: str) -> set[str]:
    """Who was, by one call or by several: calls that stand together go out as one."""
    asked = [one for one in gavel.sandbox.asked(conference) if one["operation"] == "deaf"]
    return {member for one in asked for member in one["members"]}


def told(gavel: Gavel, conference: str) -> Counter[str]:
    """How often each member was told; `all` would be the room."""
    spoken = [one for one in gavel.sandbox.asked(conference) if one["operation"] == "speak"]
    return Counter(member for one in spoken for member in one["members"])
