"""Recordings, from what a rule wants to the file that Plivo has."""

import json
from typing import Any

import pytest

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


def deaf(stage: Stage, conference: str) -> list[bool]:
    """Of each member whether they are."""
    rooms = stage.sandbox.state()["conferences"]
    return [m["deaf"] for room in rooms if room["name"] == conference for m in room["members"]]


@drives("command recordings")
def test_what_was_recorded_and_where_it_is_is_listed(stage: Stage) -> None:
    calls = [stage.enter("w-kept", **{"from": f"+1415555010{n}"}) for n in range(2)]
    until(lambda: all(deaf(stage, "w-kept")), "both were decided")
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
    api_ids = {one["api_id"] for one in stage.requests.entries() if one["operation"] == "record"}
    assert ours["api_id"] in api_ids
    code, output = stage.ask("recordings", "--since", "1h")
    assert (code, ours["url"] in output) == (0, True), output
    assert listed(stage, "w-kept", "--missing") == []


def test_a_file_whose_callback_was_lost_is_found_and_not_told_as_missing(stage: Stage) -> None:
    stage.sandbox.fault("drop", actions=["recording"], conference="w-healed", times=0, skip=1)
    stage.sandbox.fault("status", status=503, actions=["list_recordings"], conference="w-healed")
    call = stage.enter("w-healed")
    stage.until_asked("w-healed", "record")
    stage.sandbox.clock(advance=5)
    stage.sandbox.hang_up(call)
    until(lambda: stage.told("/healed"), "it is told of")
    [theirs], [ours] = made(stage, "w-healed"), listed(stage, "w-healed")
    assert stage.told("/healed") == [{"id": theirs["id"]}]
    assert (ours["id"], ours["state"], ours["url"]) == (theirs["id"], "ready", theirs["url"])
    assert ours["duration"] == pytest.approx(theirs["duration"], abs=0.001)  # told in whole ms
    assert {"from": "w-healed"} not in stage.told("/missing")
    asked = [one["status"] for one in lists(stage, "w-healed")]
    assert asked == [503, 200]
    told = stage.ask("why", "w-healed")[1]
    assert f"Plivo was asked for the recording: it has {theirs['id']}" in told


def test_one_that_plivo_has_not_either_is_listed_as_missing(stage: Stage) -> None:
    stage.sandbox.fault("no_file", conference="w-untold", times=0)
    call = stage.enter("w-untold")
    stage.until_asked("w-untold", "record")
    stage.sandbox.hang_up(call)
    until(lambda: listed(stage, "w-untold", "--missing"), "it is listed")
    assert lists(stage, "w-untold")


def test_words_that_were_said_set_off_a_rule(stage: Stage) -> None:
    said = ("Everything is refundable.", "Dann will ich ein REFUND!")
    for number, words in enumerate(said, 1):
        call = stage.enter("w-words-said")
        until(lambda many=number: len(made(stage, "w-words-said")) == many, "it is recorded")
        stage.sandbox.speak(call, words)
        stage.sandbox.clock(advance=5)
        stage.sandbox.hang_up(call)

    def heard() -> list[str | None]:
        return [one["transcript"] for one in listed(stage, "w-words-said")]

    until(lambda: sorted(filter(None, heard())) == sorted(said), "both transcripts are known")
    stage.until_told("/words", {"said": said[1]})
    assert stage.told("/words") == [{"said": said[1]}]


def test_a_transcript_that_failed_is_told_and_kept(stage: Stage) -> None:
    """As the sandbox's scenario has it."""
    code, output = stage.ask("sandbox", "play", "no-transcript")
    assert code == 0, output
    failed = {"saw": "no words", "in": "demo-no-text", "error": "Transcription failed"}
    stage.until_told("/recordings", failed)

    def kept() -> list[tuple[str, str]]:
        found = listed(stage, "demo-no-text")
        return [(one["state"], one["transcript_error"]) for one in found]

    until(lambda: kept() == [("ready", "Transcription failed")], "its record tells it")
    assert stage.told("/recordings").count(failed) == 1


def lists(stage: Stage, conference: str) -> list[dict[str, Any]]:
    """How often Plivo was asked for its recordings, with what it said."""
    asked = stage.requests.entries()
    return [
        one
        for one in asked
        if (one["operation"], one["conference"]) == ("list_recordings", conference)
    ]
