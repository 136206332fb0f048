"""What the receiver is told of a rules file."""

import json
from pathlib import Path

from app.callers.joining import COUNT
from app.store.published_rules import Published
from workers.rules.load import load
from workers.rules.published import published

CALLERS = Path(__file__).parent / "good" / "callers.yaml"
HOST, GUEST = {"member.from": "14155550100"}, {"member.from": "+4930123456"}
OBSERVER = {
    "member.from": "+4930123456",
    "member.to": "14155550199",
    "member.caller_name": "Jo",
    "member.direction": "inbound",
    "header.x-ph-desk": "7",
    "query.as": "observer",
}


def told(text: str) -> Published:
    return Published.from_json(json.dumps(published(load(text, "rules.yaml"))))


def role(found: Published, conference: str, caller: dict[str, str]) -> str:
    entry = found.entry_for(conference, caller, 0.0)
    return "" if entry is None else entry.role


def test_the_receiver_finds_each_caller_the_entry_that_the_file_says() -> None:
    found = told(CALLERS.read_text())
    assert found.asks_for_callers
    assert role(found, "board-1", HOST) == "host"
    assert role(found, "board-1", OBSERVER) == "observer"
    assert role(found, "board-1", OBSERVER | {"member.caller_name": "spammer"}) == "guest"
    assert role(found, "board-1", GUEST) == role(found, "board-1", {}) == "guest"
    other = found.entry_for("sales", GUEST, 0.0)
    assert other is not None
    assert other.options == {"muted": True}
    assert found.entry_for("sales", HOST, 0.0) is None
    assert found.entry_for("sales", {}, 0.0) is None


def test_a_receiver_of_an_older_version_never_reads_an_entry_that_is_not_for_all() -> None:
    old = published(load(CALLERS.read_text(), "rules.yaml"))["answers"]
    assert [entry.get("role") for entry in old] == ["guest"]


def test_hours_and_how_many_are_in_decide_too() -> None:
    found = told(CALLERS.read_text())
    monday_noon, sunday_noon = 1767614400.0, 1768132800.0

    def desk(members: int, now: float) -> str:
        entry = found.entry_for("desk", {COUNT: str(members)}, now)
        assert entry is not None
        return str(entry.options.get("refuse", {}).get("text", "in"))

    assert found.asks_for_count
    assert desk(4, monday_noon) == "in"
    assert desk(5, monday_noon) == "Alle Plaetze sind belegt."
    assert desk(0, sunday_noon) == "We are closed."


def test_a_file_without_a_word_on_callers_is_published_as_before() -> None:
    text = 'version: 1\nconferences:\n  - match: {conference: "a*"}\n    muted: true\nrules: []\n'
    summary = published(load(text, "rules.yaml"))
    assert summary["answers"] == [{"conference": ["a*"], "muted": True}]
    assert "joining" not in summary
    assert not told(text).asks_for_callers
