"""Recordings, from what a rule wants to the file that Plivo has."""

import json
from typing import Any

from tests.e2e.witness.conftest import Stage
from tests.e2e.witness.witnesses import drives
from tests.waiting import until


def made(stage: Stage, conference: str) -> list[dict[str, Any]]:
    """The recordings that Plivo has."""
    return [r for r in stage.sandbox.state()["recordings"] if r["conference"] == conference]


def listed(stage: Stage, conference: str, *more: str) -> list[dict[str, Any]]:
    """What the command tells of them."""
    code, output = stage.ask("recordings", "--conference", conference, "--json", *more)
    assert code == 0, output
    return [json.loads(line) for line in output.splitlines() if line.startswith("{")]


@drives("command recordings")
def test_what_was_recorded_and_where_it_is_is_listed(stage: Stage) -> None:
    calls = [stage.enter("w-kept", **{"from": f"+1415555010{n}"}) for n in range(2)]
    until(lambda: stage.operations("w-kept").count("deaf") == 2, "both were decided")
    assert stage.operations("w-kept").count("record") == 1
    stage.sandbox.speak(calls[0], "Good morning.")
    stage.sandbox.clock(advance=5)
    for call in calls:
        stage.sandbox.hang_up(call)

    def told() -> list[str]:
        return [one["transcript"] for one in listed(stage, "w-kept")]

    until(lambda: told() == ["Good morning."], "the transcript is known")
    [theirs], [ours] = made(stage, "w-kept"), listed(stage, "w-kept")
    assert (ours["id"], ours["url"], ours["state"]) == (theirs["id"], theirs["url"], "ready")
    assert ours["duration"] > 5
    assert [one["from"] for one in ours["members"]] == ["+14155550100", "+14155550101"]
    assert ours["rule"] == "record it"
    api_ids = {one["api_id"] for one in stage.sandbox.requests() if one["operation"] == "record"}
    assert ours["api_id"] in api_ids
    code, output = stage.ask("recordings", "--since", "1h")
    assert (code, ours["url"] in output) == (0, True), output
    assert listed(stage, "w-kept", "--missing") == []
